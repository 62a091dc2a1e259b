"""The demo's units and devices. Pure. The places are invented; no such units stand anywhere.

They hang under the divisions and service entities of the reference tree, so that figures climb it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Final, Literal

from kokemus.contracts import events

SOURCE: Final = "demo-kiosks"
SINCE: Final = date(2020, 1, 1)
"""From when every demo unit and device stands where it does."""
DEFINED_AT: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""One time for all definitions, older than any real one, so that repeating them does nothing."""

Kind = Literal["service_entity", "service", "unit"]
Names = tuple[str, str, str]
"""Finnish, Swedish, English."""
Hours = tuple[int, int]
"""Opens at, closes at; equal: closed."""

CLOSED: Final[Hours] = (0, 0)
OFFICE: Final[tuple[Hours, ...]] = ((8, 16),) * 5 + (CLOSED,) * 2
LONG: Final[tuple[Hours, ...]] = ((7, 18),) * 4 + ((7, 16), CLOSED, CLOSED)
LIBRARY: Final[tuple[Hours, ...]] = ((9, 20),) * 5 + ((10, 17), (12, 17))
SPORTS: Final[tuple[Hours, ...]] = ((6, 21),) * 5 + ((8, 19), (9, 19))

EVEN_YEAR: Final = (1.05, 1.05, 1.05, 1.0, 1.0, 0.85, 0.6, 0.95, 1.05, 1.05, 1.05, 0.85)
SCHOOL_YEAR: Final = (1.1, 1.0, 1.1, 1.1, 1.0, 0.3, 0.05, 0.9, 1.1, 1.1, 1.1, 0.8)
WINTER: Final = (1.3, 1.2, 1.15, 1.0, 0.85, 0.6, 0.4, 0.8, 1.0, 1.1, 1.2, 1.0)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service whose units have devices.

    Attributes:
        unit: what a unit is called, after the name of its place.
        presses: on an average open day at one device.
        quality: 0 to 1, how content people are on average.
        months: how the year swings, from January.
    """

    id: str
    parent: str
    names: Names
    unit: Names
    units: int
    devices: int
    hours: tuple[Hours, ...]
    presses: float
    quality: float
    months: tuple[float, ...] = EVEN_YEAR
    scale: events.Scale = "smiley4"


@dataclass(frozen=True, kw_only=True)
class Device:
    """A kiosk and the unit that it stands in."""

    id: str
    unit: str
    service: Service
    mood: float
    """How far this unit's people are above or below the service's quality, in log-odds."""

    @property
    def subject(self) -> str:
        """The id under which its presses count."""
        return f"device.{SOURCE}.{self.id}"


SERVICE_ENTITIES: Final[Mapping[str, tuple[str, Names]]] = {
    "terveys-ja-paihdepalvelut": (
        "sote",
        ("Terveys- ja päihdepalvelut", "Hälso- och missbrukartjänster", "Health services"),
    ),
    "sairaala-kuntoutus-ja-hoivapalvelut": (
        "sote",
        (
            "Sairaala-, kuntoutus- ja hoivapalvelut",
            "Sjukhus-, rehabiliterings- och omsorgstjänster",
            "Hospital, rehabilitation and care services",
        ),
    ),
    "perhe-ja-sosiaalipalvelut": (
        "sote",
        ("Perhe- ja sosiaalipalvelut", "Familje- och socialtjänster", "Family and social services"),
    ),
    "kirjastopalvelut": ("kuva", ("Kirjastopalvelut", "Bibliotekstjänster", "Library services")),
    "liikuntapalvelut": ("kuva", ("Liikuntapalvelut", "Idrottstjänster", "Sports services")),
    "varhaiskasvatus": (
        "kasko",
        ("Varhaiskasvatus", "Småbarnspedagogik", "Early childhood education"),
    ),
    "vapaa-sivistystyo": (
        "kasko",
        ("Vapaa sivistystyö", "Fritt bildningsarbete", "Adult education"),
    ),
    "palvelut-ja-luvat": ("kymp", ("Palvelut ja luvat", "Tjänster och tillstånd", "Permits")),
    "neuvontapalvelut": (
        "keskushallinto",
        ("Neuvontapalvelut", "Rådgivningstjänster", "Advice services"),
    ),
}
"""Parent and names of the entities between divisions and services."""

SERVICES: Final = (
    Service(
        id="terveysasemat",
        parent="terveys-ja-paihdepalvelut",
        names=("Terveysasemat", "Hälsostationer", "Health stations"),
        unit=("terveysasema", "hälsostation", "Health Station"),
        units=20,
        devices=24,
        hours=LONG,
        presses=44.5,
        quality=0.84,
    ),
    Service(
        id="hammashoitolat",
        parent="terveys-ja-paihdepalvelut",
        names=("Hammashoitolat", "Tandkliniker", "Dental clinics"),
        unit=("hammashoitola", "tandklinik", "Dental Clinic"),
        units=18,
        devices=20,
        hours=OFFICE,
        presses=37,
        quality=0.9,
    ),
    Service(
        id="monipuoliset-palvelukeskukset",
        parent="sairaala-kuntoutus-ja-hoivapalvelut",
        names=("Monipuoliset palvelukeskukset", "Mångsidiga servicecenter", "Service centres"),
        unit=("palvelukeskus", "servicecenter", "Service Centre"),
        units=10,
        devices=12,
        hours=OFFICE,
        presses=22,
        quality=0.91,
    ),
    Service(
        id="perhekeskukset",
        parent="perhe-ja-sosiaalipalvelut",
        names=("Perhekeskukset", "Familjecenter", "Family centres"),
        unit=("perhekeskus", "familjecenter", "Family Centre"),
        units=8,
        devices=8,
        hours=OFFICE,
        presses=19,
        quality=0.86,
        scale="nps",
    ),
    Service(
        id="kirjastot",
        parent="kirjastopalvelut",
        names=("Kirjastot", "Bibliotek", "Libraries"),
        unit=("kirjasto", "bibliotek", "Library"),
        units=22,
        devices=26,
        hours=LIBRARY,
        presses=43.7,
        quality=0.93,
    ),
    Service(
        id="uimahallit",
        parent="liikuntapalvelut",
        names=("Uimahallit", "Simhallar", "Swimming halls"),
        unit=("uimahalli", "simhall", "Swimming Hall"),
        units=8,
        devices=10,
        hours=SPORTS,
        presses=55,
        quality=0.82,
        months=WINTER,
    ),
    Service(
        id="paivakodit",
        parent="varhaiskasvatus",
        names=("Päiväkodit", "Daghem", "Daycare centres"),
        unit=("päiväkoti", "daghem", "Daycare Centre"),
        units=14,
        devices=14,
        hours=LONG,
        presses=18,
        quality=0.89,
        months=SCHOOL_YEAR,
    ),
    Service(
        id="opistot",
        parent="vapaa-sivistystyo",
        names=("Opistot", "Institut", "Adult education centres"),
        unit=("opisto", "institut", "Adult Education Centre"),
        units=3,
        devices=4,
        hours=LIBRARY,
        presses=36,
        quality=0.9,
        months=SCHOOL_YEAR,
    ),
    Service(
        id="kaupunkiympariston-asiakaspalvelu",
        parent="palvelut-ja-luvat",
        names=(
            "Kaupunkiympäristön asiakaspalvelu",
            "Stadsmiljöns kundtjänst",
            "Urban environment customer service",
        ),
        unit=("asiakaspalvelupiste", "kundtjänst", "Customer Service Point"),
        units=4,
        devices=6,
        hours=OFFICE,
        presses=31,
        quality=0.76,
    ),
    Service(
        id="kaupunki-info",
        parent="neuvontapalvelut",
        names=("Kaupunki-info", "Stadsinfo", "City information"),
        unit=("infopiste", "infopunkt", "Information Point"),
        units=4,
        devices=6,
        hours=LIBRARY,
        presses=26.5,
        quality=0.87,
    ),
)

PLACES: Final[tuple[Names, ...]] = (
    ("Tammiharjun", "Ekåsens", "Tammiharju"),
    ("Koivurinteen", "Björkbrinkens", "Koivurinne"),
    ("Lepolahden", "Alvikens", "Lepolahti"),
    ("Kuusikallion", "Granbergets", "Kuusikallio"),
    ("Pihlajapuiston", "Rönnparkens", "Pihlajapuisto"),
    ("Haapasaaren", "Aspholmens", "Haapasaari"),
    ("Mäntyrannan", "Tallstrandens", "Mäntyranta"),
    ("Satamamäen", "Hamnbackens", "Satamamäki"),
    ("Myllypuron", "Kvarnbäckens", "Myllypuro"),
    ("Pellonreunan", "Åkerkantens", "Pellonreuna"),
    ("Kalliolaakson", "Bergsdalens", "Kalliolaakso"),
    ("Vaahteratorin", "Lönntorgets", "Vaahteratori"),
    ("Ruusuniityn", "Rosenängens", "Ruusuniitty"),
    ("Jokivarren", "Åstrandens", "Jokivarsi"),
    ("Hiekkaniemen", "Sanduddens", "Hiekkaniemi"),
    ("Louhikukkulan", "Stenkullens", "Louhikukkula"),
    ("Siltalahden", "Brovikens", "Siltalahti"),
    ("Kaislarannan", "Vasstrandens", "Kaislaranta"),
    ("Omenatarhan", "Appelgårdens", "Omenatarha"),
    ("Linnunlaulun", "Fågelsångens", "Linnunlaulu"),
    ("Kivisillan", "Stenbrons", "Kivisilta"),
    ("Aurinkorinteen", "Solbrinkens", "Aurinkorinne"),
)


@cache
def devices() -> tuple[Device, ...]:
    """All 130 devices; the first units of a service have the second ones."""
    found: list[Device] = []
    for service in SERVICES:
        units = [unit_id(service, number) for number in range(service.units)]
        for number in range(service.devices):
            found.append(
                Device(
                    id=f"K{len(found) + 1:03}",
                    unit=units[number % service.units],
                    service=service,
                    mood=(number % service.units * 7 % 11 - 5) / 10,
                )
            )
    return tuple(found)


def unit_id(service: Service, number: int) -> str:
    """The entity id of a unit, such as `tammiharjun-terveysasema`."""
    plain = str.maketrans("äöå", "aoa")
    place, word = PLACES[number][0], service.unit[0]
    return f"{place}-{word}".lower().translate(plain)


def registry() -> list[events.Event]:
    """Definitions of the demo's entities and the places of its devices.

    They are dated long ago, so that any other definition of the same id stands.
    """
    return [*_entities(), *map(_placed, devices())]


def _entities() -> Iterator[events.EntityDefined]:
    for entity, (division, names) in SERVICE_ENTITIES.items():
        yield _defined(entity, "service_entity", division, names)
    for service in SERVICES:
        yield _defined(service.id, "service", service.parent, service.names)
        for number in range(service.units):
            fi, sv, en = (
                f"{place} {word}" for place, word in zip(PLACES[number], service.unit, strict=True)
            )
            yield _defined(unit_id(service, number), "unit", service.id, (fi, sv, en))


def _defined(entity: str, kind: Kind, parent: str, names: Names) -> events.EntityDefined:
    fi, sv, en = names
    return events.EntityDefined(
        specversion="1.0",
        id=f"demo/entity/{entity}",
        source=SOURCE,
        subject=entity,
        time=DEFINED_AT,
        data=events.EntityDefinition(
            kind,
            [events.EntityValidity(parent, events.Translated(fi, sv, en), SINCE)],
        ),
    )


def _placed(device: Device) -> events.DevicePlaced:
    return events.DevicePlaced(
        specversion="1.0",
        id=f"demo/device/{device.id}",
        source=SOURCE,
        subject=device.subject,
        time=DEFINED_AT,
        data=events.DevicePlacement(SOURCE, device.id, [events.DeviceValidity(device.unit, SINCE)]),
    )
