"""A release that holds every metric that is ever published, of each class, shown and hidden."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count, cycle
from typing import Any, Final

from msgspec.structs import replace

from reporting.domain.chapters import KINDS
from reporting.domain.drafting import NPS_SHARES
from reporting.domain.meters import meter_texts
from reporting.domain.releases import Change, Content, Entity, Figure, Note, Range, Text
from reporting.texts import Texts
from support.release_builders import counted, text, whole_month, whole_year

TREE: Final = (
    Entity("helsinki", "city", None, text("Kaupunki", "Staden", "The City")),
    Entity("sote", "division", "helsinki", text("Sote", "Social", "Care")),
    Entity("terveys", "service_entity", "sote", text("Terveys", "Hälsa", "Health")),
    Entity("asemat", "service", "terveys", text("Asemat", "Stationer", "Stations")),
    Entity("kallio", "unit", "asemat", text("Kallio", "Berghäll", "Kallio")),
)
YEAR: Final = whole_year(2026)
LEVELS: Final = ("1", "2", "3", "4")
GAME: Final[tuple[Mapping[str, str], ...]] = (
    {},
    {"theme": "asiakaskokemus"},
    {"theme": "asiakaskokemus", "column": "teemme_jo_hyvin"},
    {"theme": "asiakaskokemus", "column": "kannattaa_kokeilla"},
    {"theme": "toimintatavat"},
    {"theme": "toimintatavat", "column": "avoimuus"},
)
NAMED_BY_METRICS: Final = {
    "metric.observed_measurement_coverage": Text(
        "havaittu mittaaminen", "observerad mätning", "observed measurement"
    ),
    "metric.measured_entities": Text("mittaavat yksiköt", "mätande enheter", "measuring entities"),
}
"""Names that are no terms of the glossary: they come with the figures."""


class Values:
    """Counts of which no two are alike, and shares far from what stands in fixed words."""

    def __init__(self) -> None:
        self._counts = count(20_011, 103)
        self._parts = cycle([number for number in range(13, 98, 2) if number % 5])

    def counted(self) -> int:
        return next(self._counts)

    def part(self) -> int:
        return next(self._parts)


def every_figure() -> Content:
    """The release, as the city's pages, tables and posters show it."""
    values, texts = Values(), Texts().glossary
    return Content(
        kind="public-monthly",
        period_start=YEAR.first,
        period_end=YEAR.last,
        as_of=date(2027, 1, 15),
        entities=list(TREE),
        figures=[*_answers(values), *_feedback(values), *_surveys(values), *_statutory(values),
                 *_participation(values), *_own(values)],
        breaks=[],
        texts={code: words for code, words in texts.items() if not code.startswith("explain.")}
        | NAMED_BY_METRICS,
        notes=[Note("done", "kallio", date(2026, 2, 2), Text("Ovi siirtyi", "Flyttat", "Moved"))],
    )  # fmt: skip


def every_figure_of_a_round() -> Content:
    """The same figures as a yearly round tells them, with the texts of its meters."""
    made = every_figure()
    return replace(made, kind="round-yearly", texts={**made.texts, **meter_texts({})})


def _answers(values: Values) -> Iterator[Figure]:
    """Anonymous answers by month and year at a unit and its service, one month kept back."""
    for entity in ("asemat", "kallio"):
        for period in (whole_month(1), whole_month(2), whole_month(3), YEAR):
            hidden = (entity, period) == ("kallio", whole_month(2))
            smileys = ("happy_index", "very_positive_share", "satisfied_share")
            for (scale, family), metrics in (
                (("smiley4", "overall"), smileys),
                (("nps", "recommend"), ("nps", *NPS_SHARES)),
            ):
                n = values.counted()
                of_question = {"press_count": n} | {metric: values.part() for metric in metrics}
                if "nps" in of_question:
                    of_question["nps"] *= -1
                for metric, value in of_question.items():
                    yield counted(
                        metric, None if hidden else value, entity=entity, channel="kiosk",
                        scale=scale, family=family, period=period,
                        n=None if hidden else n, status="below_min_n" if hidden else "ok",
                        change=None if hidden else Change(values.part(), "better", "ok"),
                    )  # fmt: skip


def _feedback(values: Values) -> Iterator[Figure]:
    for period in (whole_month(1), whole_month(2)):
        for kind in (None, *KINDS):
            hidden = kind in ("kiitos", "muu") and period == whole_month(2)
            yield counted(
                "feedback_count", None if hidden else values.counted(), entity="terveys",
                period=period, dimension={"kind": kind} if kind else {},
            )  # fmt: skip
        for metric in ("praise_share", "criticism_share", "answered_in_promise_share"):
            yield counted(metric, values.part(), entity="terveys", period=period,
                          n=values.counted())  # fmt: skip
    yield counted("feedback_count", values.counted(), period=YEAR)
    yield counted("answered_in_promise_share", None, period=YEAR)


def _surveys(values: Values) -> Iterator[Figure]:
    more: dict[str, Any] = {"channel": "survey", "period": YEAR}
    for metric, mean in (("mean_likert5", 3.4), ("mean_grade4_10", 9)):
        yield counted(metric, mean, entity="terveys", n=values.counted(), **more)
    yield counted("mean_grade4_10", None, entity="asemat", status="ok", range=Range(8.2, 8.7),
                  **more)  # fmt: skip
    yield counted("mean_likert5", None, entity="asemat", **more)
    n = values.counted()
    for metric, value in {"press_count": n, "nps": values.part()}.items():
        yield counted(metric, value, entity="terveys", scale="nps", family="recommend", n=n, **more)


def _statutory(values: Values) -> Iterator[Figure]:
    more: dict[str, Any] = {"channel": "statutory", "period": YEAR}
    for entity in ("sote", "terveys"):
        for kind, value in (("muistutus", values.counted()), ("kantelu", None)):
            yield counted("complaint_count", value, entity=entity, dimension={"kind": kind}, **more)
    for reason, value in (("hoito", values.counted()), ("kohtelu", None)):
        yield counted("complaint_count", value, entity="sote",
                      dimension={"kind": "muistutus", "reason": reason}, **more)  # fmt: skip
    for field in (None, "health", "social", "both"):
        value = None if field == "both" else values.counted()
        yield counted("ombudsman_contacts", value, entity="sote",
                      dimension={"field": field} if field else {}, **more)  # fmt: skip


def _participation(values: Values) -> Iterator[Figure]:
    for level in LEVELS:
        value = None if level == "4" else values.counted()
        yield counted("participation_volume", value, entity="terveys", channel="", period=YEAR,
                      dimension={"level": level})  # fmt: skip
    for dimension in GAME:
        yield counted("game_measures", values.counted(), entity="terveys", channel="", period=YEAR,
                      dimension=dimension)  # fmt: skip


def _own(values: Values) -> Iterator[Figure]:
    """What the city did itself: a meter of the strategy is made of most of it."""
    for entity in ("helsinki", "sote", "terveys"):
        own: dict[str, Any] = {"entity": entity, "channel": "", "period": YEAR, "n": 3}
        for level in LEVELS:
            yield counted("participation_methods", values.counted(), **own,
                          dimension={"level": level})  # fmt: skip
        yield counted("measurement_coverage", values.part(), **own)
        for measured in ({}, {"measured": "yes"}, {"measured": "no"}):
            yield counted("experience_profile", values.counted(), **own, dimension=measured)
    city, sote, terveys = ({"entity": one.id, "channel": "", "period": YEAR} for one in TREE[:3])
    yield counted("participation_coverage", None, **city, status="ok", range=Range(31, 79))
    yield counted("participation_coverage", values.part(), **sote)
    yield counted("participation_change", -6, **sote)
    yield counted("participation_change", None, **city, status="no_baseline")
    yield counted("participation_methods", None, **sote, status="not_reported")
    yield counted("participation_methods", values.counted(), **terveys)
    yield counted("observed_measurement_coverage", values.part(), **city)
    yield counted("observed_measurement_coverage", None, **sote, status="no_data")
    yield counted("measurement_staleness", values.part(), **terveys)
    yield counted("measured_entities", values.counted(), **city)
    yield counted("measured_entities", values.counted(), **city, dimension={"class": "never"})
    yield counted("device_count", values.counted(), **terveys)
    for change in ("better", "no_clear_change", "worse", "not_comparable"):
        yield counted("experience_profile", values.counted(), entity="helsinki", period=YEAR,
                      channel="kiosk", scale="smiley4", family="overall",
                      dimension={"change": change})  # fmt: skip
