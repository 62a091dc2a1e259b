"""Participation and measurement from event to figure, in any order and however often told."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokemus.contracts import events
from metrics.storage import records
from support.lives import HELSINKI, envelope
from support.metrics_tables import Tables

NOON = datetime(2025, 11, 10, 9, tzinfo=UTC)
LADDER = {
    1: ("tiedotustilaisuudet", "asiakasneuvontakanavat", "palautekanavat", "kyselyt"),
    2: ("keskustelutilaisuudet", "somekanavat"),
    3: (
        "asiakasraadit",
        "kehittamisalustat",
        "vapaaehtoistoiminta",
        "tyopajat",
        "kokemusasiantuntijat",
    ),
    4: ("osallistuva_budjetointi",),
}
LEVEL_OF = {method: level for level, methods in LADDER.items() for method in methods}

Take = Callable[[Sequence[events.Event]], list[bool]]


@pytest.fixture
def connection(tables: Tables, database_url: str) -> Iterator[psycopg.Connection[Any]]:
    tables.entity("helsinki", kind="city")
    for division, entities in {"kuva": ("museot", "kirjastot"), "sote": ("terveys",)}.items():
        tables.entity(division, ("helsinki", date(2000, 1, 1), None), kind="division")
        for one in entities:
            tables.entity(one, (division, date(2000, 1, 1), None), kind="service_entity")
    tables.entity("museo-a", ("museot", date(2000, 1, 1), None), kind="unit")
    url = database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def take(connection: psycopg.Connection[Any]) -> Take:
    def store(told: Sequence[events.Event]) -> list[bool]:
        with connection.transaction(), connection.cursor() as cursor:
            return records.apply(cursor, list(told), HELSINKI)[0]

    return store


def way(
    number: int, subject: str, method: str, year: int = 2025, volume: int | None = None
) -> events.MethodReported:
    level = LEVEL_OF.get(method) or int(method[-1])
    return events.MethodReported(
        **envelope(number, subject, NOON + timedelta(minutes=number)),
        data=events.MethodReport(level, method, year, volume),
    )


def covering(number: int, subject: str, year: int = 2025) -> list[events.Event]:
    """A way on each of the levels that coverage asks for."""
    methods = ("kyselyt", "somekanavat", "asiakasraadit")
    return [way(number + at, subject, method, year) for at, method in enumerate(methods)]


def practice(number: int, subject: str, day: datetime, **told: Any) -> events.PracticeReported:
    return events.PracticeReported(
        **envelope(number, subject, day), data=events.Practice(**{"collects": True, **told})
    )


async def figures(
    api: httpx.AsyncClient, metric: str, entity: str, first: str, last: str
) -> dict[tuple[Any, ...], Any]:
    answer = await api.get(
        "/v1/figures", params={"metric": metric, "entity": entity, "from": first, "to": last}
    )
    assert answer.status_code == 200, answer.text
    return {tuple(row["dimension"].values()): row for row in answer.json()["figures"]}


async def of_2025(api: httpx.AsyncClient, metric: str, entity: str) -> dict[tuple[Any, ...], Any]:
    return await figures(api, metric, entity, "2025-01-01", "2025-12-31")


async def test_the_ladder_comes_out_level_by_level_as_it_went_in(
    api: httpx.AsyncClient, take: Take
) -> None:
    take([way(at, "museot", method) for at, method in enumerate(LEVEL_OF)])
    found = await of_2025(api, "participation_methods", "museot")
    expected: dict[tuple[Any, ...], int] = {(): len(LEVEL_OF)}
    expected.update({(level,): len(methods) for level, methods in LADDER.items()})
    assert {key: row["value"] for key, row in found.items()} == expected


async def test_a_method_of_an_entity_and_of_its_unit_counts_once_and_volumes_add_up(
    api: httpx.AsyncClient, take: Take
) -> None:
    take([way(1, "museot", "kyselyt", volume=3), way(2, "museo-a", "kyselyt", volume=4)])
    take([way(3, "museo-a", "palautekanavat")])
    methods = await of_2025(api, "participation_methods", "museot")
    assert methods[()]["value"] == methods[1,]["value"] == 2
    volumes = await of_2025(api, "participation_volume", "museot")
    assert volumes[1,]["value"] == volumes[1, "kyselyt"]["value"] == 7
    assert volumes[1, "palautekanavat"]["status"] == "not_reported"


async def test_of_a_division_service_entities_are_counted_and_not_methods(
    api: httpx.AsyncClient, take: Take
) -> None:
    take([way(1, "museot", "kyselyt"), way(2, "museot", "palautekanavat")])
    found = (await of_2025(api, "participation_methods", "kuva"))[1,]
    assert (found["value"], found["n"], found["flags"]) == (1, 2, ["incomplete_return"])


async def test_coverage_is_a_range_until_everybody_has_returned(
    api: httpx.AsyncClient, take: Take
) -> None:
    nothing = (await of_2025(api, "participation_coverage", "helsinki"))[()]
    assert (nothing["status"], nothing["value"]) == ("not_reported", None)
    take([*covering(1, "museot"), way(10, "kirjastot", "none_1")])
    some = (await of_2025(api, "participation_coverage", "helsinki"))[()]
    assert (some["value"], some["range"]) == (None, {"low": 33, "high": 67})
    assert (some["status"], some["flags"], some["not_returned"]) == ("ok", ["incomplete_return"], 1)
    take([way(20, "terveys", "none_1")])
    every = (await of_2025(api, "participation_coverage", "helsinki"))[()]
    assert (every["rounded"], every["range"], every["flags"]) == (33, None, [])


async def test_change_is_from_the_first_complete_round(api: httpx.AsyncClient, take: Take) -> None:
    take([way(at, one, "none_1", 2023) for at, one in enumerate(("museot", "kirjastot"))])
    take([*covering(10, "museot", 2024), way(20, "kirjastot", "none_1", 2024)])
    before = (await of_2025(api, "participation_change", "helsinki"))[()]
    assert (before["status"], before["value"]) == ("no_baseline", None)
    take([way(21, "terveys", "none_1", 2024)])
    take([*covering(30, "museot"), *covering(40, "kirjastot"), way(50, "terveys", "none_2")])
    city = (await of_2025(api, "participation_change", "helsinki"))[()]
    assert (city["rounded"], city["base_year"], city["status"]) == (67 - 33, 2024, "ok")
    division = (await of_2025(api, "participation_change", "kuva"))[()]
    assert division["rounded"] == 50


async def test_the_matrix_shows_who_returned_what(api: httpx.AsyncClient, take: Take) -> None:
    take([*covering(1, "museot"), way(5, "museot", "osallistuva_budjetointi", volume=37)])
    take([way(10, "kirjastot", "none_4")])
    answer = await api.get("/v1/participation", params={"year": 2025})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["rule"]["definition"] == "participation_coverage/1"
    assert [area["entity"] for area in body["areas"]] == ["helsinki", "kuva", "sote"]
    kuva = body["areas"][1]["coverage"]
    assert (kuva["rounded"], kuva["not_returned"]) == (50, [])
    assert body["areas"][0]["coverage"]["not_returned"] == ["terveys"]
    rows = {row["entity"]: row for row in body["service_entities"]}
    assert [rows[one]["covered"] for one in ("museot", "kirjastot", "terveys")] == [
        True,
        False,
        None,
    ]
    assert rows["museot"]["division"] == "kuva"
    assert rows["museot"]["levels"][3]["methods"] == [
        {"method": "osallistuva_budjetointi", "volume": 37}
    ]
    assert rows["kirjastot"]["levels"][3] == {
        "level": 4,
        "returned": True,
        "in_use": False,
        "methods": [],
    }


async def test_the_matrix_needs_a_year_and_is_not_sent_twice(
    api: httpx.AsyncClient, take: Take
) -> None:
    take(covering(1, "museot"))
    assert (await api.get("/v1/participation")).status_code == 400
    first = await api.get("/v1/participation", params={"year": 2025})
    again = await api.get(
        "/v1/participation",
        params={"year": 2025},
        headers={"If-None-Match": first.headers["etag"]},
    )
    assert again.status_code == 304


async def test_measures_of_a_game_are_counted_by_theme_and_column_and_the_newest_telling_holds(
    api: httpx.AsyncClient, take: Take
) -> None:
    def played(number: int, *columns: str) -> events.GamePlayed:
        measures = [events.GameMeasure("asiakaskokemus", column) for column in columns]
        return events.GamePlayed(
            **envelope(number, "museot", NOON + timedelta(minutes=number)),
            data=events.Game("g1", [*measures, events.GameMeasure("toimintatavat", "avoimuus")]),
        )

    newer = played(2, "teemme_jo_hyvin", "kannattaa_kokeilla", "kannattaa_kokeilla")
    assert take([newer, played(1, "olemme_kokeilleet")]) == [True, False]
    found = await of_2025(api, "game_measures", "kuva")
    assert {key: row["value"] for key, row in found.items()} == {
        (): 4,
        ("asiakaskokemus",): 3,
        ("asiakaskokemus", "teemme_jo_hyvin"): 1,
        ("asiakaskokemus", "kannattaa_kokeilla"): 2,
        ("toimintatavat",): 1,
        ("toimintatavat", "avoimuus"): 1,
    }


async def test_declared_and_observed_measurement_stand_apart(
    api: httpx.AsyncClient, take: Take
) -> None:
    asked = datetime(2021, 11, 1, tzinfo=UTC)
    take(
        [
            practice(1, "museot", asked, frequency=["yearly"], last_time=["2019-or-before"]),
            practice(2, "kirjastot", asked, collects=False),
            practice(3, "terveys", asked, collects=None),
        ]
    )
    span = "2021-01-01", "2021-11-29"
    declared = (await figures(api, "measurement_coverage", "helsinki", *span))[()]
    assert (declared["value"], declared["n"], declared["asked"]) == (50, 2, 3)
    observed = (await figures(api, "observed_measurement_coverage", "helsinki", *span))[()]
    assert (observed["value"], observed["n"]) == (0, 3)
    stale = (await figures(api, "measurement_staleness", "museot", *span))[()]
    assert (stale["value"], stale["range"]) == (None, {"low": 22, "high": None})
    assert stale["overdue"] == 1
    never = (await figures(api, "measurement_staleness", "kirjastot", *span))[()]
    assert never["status"] == "not_collected"
    classes = await figures(api, "measured_entities", "helsinki", *span)
    assert {key: row["value"] for key, row in classes.items()} == {
        (): 3,
        ("over_24",): 1,
        ("never",): 1,
        ("not_reported",): 1,
    }


async def test_each_asking_is_kept_by_its_date(api: httpx.AsyncClient, take: Take) -> None:
    take([practice(2, "museot", datetime(2025, 5, 1, tzinfo=UTC))])
    take([practice(1, "museot", datetime(2023, 5, 1, tzinfo=UTC), collects=False)])
    for year, value in ((2024, 0), (2025, 100)):
        span = f"{year}-01-01", f"{year}-12-31"
        assert (await figures(api, "measurement_coverage", "museot", *span))[()]["value"] == value


_METHODS = st.sampled_from(["kyselyt", "palautekanavat", "none_1", "somekanavat", "none_2"])


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[events.Event], list[events.Event]]:
    """Returns of one service entity, and the same in another order with some repeated."""
    volumes = st.sampled_from([None, 0, 5])
    several: list[events.Event] = []
    for number in range(draw(st.integers(1, 10))):
        method = draw(_METHODS)
        volume = None if method.startswith("none_") else draw(volumes)
        several.append(way(number, "museot", method, volume=volume))
    again = draw(st.lists(st.sampled_from(several), max_size=4))
    return several, draw(st.permutations([*several, *again]))


@given(story=stories())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_and_repetition_of_returns_leaves_the_same_rows(
    connection: psycopg.Connection[Any],
    take: Take,
    story: tuple[list[events.Event], list[events.Event]],
) -> None:
    once, shuffled = story
    kept = "SELECT entity, year, level, method, volume, merged_id FROM method_reports ORDER BY 4"
    connection.execute("TRUNCATE method_reports")
    for event in shuffled:
        take([event])
    found = connection.execute(kept).fetchall()
    newest = {event.data.method: event for event in once}
    assert found == [
        ("museot", 2025, one.data.level, method, one.data.volume, f"{one.id} {one.source}")
        for method, one in sorted(newest.items())
    ]
    assert not any(take(once))


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_sources_that_agree_in_time_and_id_the_same_one_holds_in_any_order(
    connection: psycopg.Connection[Any], take: Take, first: int
) -> None:
    form = way(1, "museot", "kyselyt", volume=5)
    table = msgspec.structs.replace(way(1, "museot", "kyselyt", volume=7), source="taulukko")
    returned: list[events.Event] = [form, table]
    for event in (returned[first], returned[1 - first]):
        take([event])
    volumes = connection.execute("SELECT volume FROM method_reports").fetchall()
    assert volumes == [(7,)]
