"""A yearly round's release: a city of two divisions, one of which has not returned everything."""

from datetime import date
from typing import Any

from reporting.domain.editions import Edition
from reporting.domain.meters import meter_texts
from reporting.domain.releases import Content, Entity, Figure, Period, Range, Text
from reporting.texts import Texts
from support.release_builders import whole_year

SPAN = (date(2026, 1, 1), date(2026, 12, 31))
ENTITIES = """
helsinki|city||Helsingin kaupunki|Helsingfors stad|City of Helsinki
sote|division|helsinki|Sosiaali- ja terveystoimiala|Social- och hälsovårdssektorn|Social Services
kuva|division|helsinki|Kulttuurin ja vapaa-ajan toimiala|Kultur- och fritidssektorn|Culture
terveys|service_entity|sote|Terveyspalvelut|Hälsovårdstjänster|Health Services
perhe|service_entity|sote|Perhepalvelut|Familjetjänster|Family Services
kirjasto|service_entity|kuva|Kirjastopalvelut|Bibliotekstjänster|Library Services
"""


def own_figure(metric: str, entity: str, value: float | None, **more: Any) -> Figure:
    """A figure of the city's own doing in 2026."""
    given: dict[str, Any] = {
        "channel": "",
        "scale": None,
        "family": None,
        "period": whole_year(2026),
        "value": value,
        "n": 3,
        "status": "ok" if value is not None else "not_reported",
        "flags": [],
        "bias_notes": [],
        "definition": f"{metric}/1",
    } | more
    return Figure(metric=metric, entity=entity, **given)


def figures() -> list[Figure]:
    """What the round knows of both meters."""
    incomplete = {"range": Range(33, 67), "status": "ok", "flags": ["incomplete_return"]}
    found = [
        own_figure("participation_coverage", "helsinki", None, **incomplete),
        own_figure("participation_coverage", "sote", None, **incomplete),
        own_figure("participation_coverage", "kuva", 100, n=1),
        own_figure("participation_change", "helsinki", None, status="no_baseline"),
        own_figure("participation_change", "kuva", -4, n=1),
        own_figure("participation_methods", "terveys", 7),
        own_figure("participation_methods", "perhe", None),
        own_figure("participation_methods", "kirjasto", 5),
        own_figure("measurement_coverage", "helsinki", 67),
        own_figure("observed_measurement_coverage", "helsinki", 33),
    ]
    for entity, values in {"helsinki": (2, 2, 1, 0), "sote": (1, 1, 0, 0), "kuva": (1, 1, 1, 0),
                           "terveys": (3, 2, 2, 0), "kirjasto": (2, 1, 1, 1)}.items():  # fmt: skip
        found += [
            own_figure("participation_methods", entity, value, dimension={"level": str(level)})
            for level, value in enumerate(values, 1)
        ]
    for entity, whole, measured in (("helsinki", 3, 2), ("sote", 2, 1), ("kuva", 1, 1)):
        for dimension, value in (
            ({}, whole),
            ({"measured": "yes"}, measured),
            ({"measured": "no"}, whole - measured),
        ):
            found.append(own_figure("experience_profile", entity, value, dimension=dimension))
    for channel, counts in {"kiosk": (1, 1, 0, 0), "survey": (0, 0, 0, 1)}.items():
        for change, value in zip(
            ("better", "no_clear_change", "worse", "not_comparable"), counts, strict=True
        ):
            found.append(
                own_figure(
                    "experience_profile",
                    "helsinki",
                    value,
                    channel=channel,
                    scale="smiley4" if channel == "kiosk" else "likert5",
                    family="overall",
                    dimension={"change": change},
                )
            )
    return found


def round_content(*changed: Figure, **texts: Text) -> Content:
    """The release of the round, with some figures and texts (`participation_cost`) replaced."""
    rows = [line.split("|") for line in ENTITIES.strip().splitlines()]
    of_round = {_key(one): one for one in [*figures(), *changed]}
    glossary = Texts().glossary
    names = {f"metric.{one.metric}" for one in of_round.values()}
    written = {f"meter.{code.replace('_', '.', 1)}": text for code, text in texts.items()}
    return Content(
        kind="round-yearly",
        period_start=SPAN[0],
        period_end=SPAN[1],
        as_of=date(2026, 11, 20),
        entities=[
            Entity(id_, kind, parent or None, Text(*spoken)) for id_, kind, parent, *spoken in rows
        ],
        figures=list(of_round.values()),
        breaks=[],
        texts={name: glossary[name] for name in names if name in glossary}
        | {
            "metric.observed_measurement_coverage": Text(
                "havaittu mittaaminen", "observerad mätning", "observed measurement"
            )
        }
        | meter_texts({})
        | written,
    )


def round_edition(*changed: Figure, **texts: Text) -> Edition:
    """The same, opened."""
    return Edition("round-yearly.2026-12.0123456789ab", round_content(*changed, **texts))


def _key(figure: Figure) -> tuple[object, ...]:
    period: Period = figure.period
    return (
        figure.metric,
        figure.entity,
        figure.channel,
        period.first,
        *sorted(figure.dimension.items()),
    )
