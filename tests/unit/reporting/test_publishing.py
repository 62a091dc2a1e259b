from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from metrics.domain.definitions import catalogue
from reporting.disclosure.public_tables import NEVER_PUBLIC, TABLES
from reporting.disclosure.publishing import Kept, Protected, protect
from reporting.disclosure.summing import Inconsistent
from reporting.domain.drafting import METRICS, OWN_DOING
from reporting.domain.live import LiveEntity, LiveFigure, LiveValidity
from reporting.domain.releases import Period
from support.release_builders import entity, live, text, whole_month, whole_year

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
TREE = (
    entity("helsinki", "city"),
    entity("kuva", "division", "helsinki"),
    entity("sote", "division", "helsinki"),
    entity("kirjastot", "service_entity", "kuva"),
    entity("museot", "service_entity", "kuva"),
    entity("uimahallit", "service_entity", "kuva"),
    entity("terveys", "service_entity", "sote"),
    entity("oodi", "unit", "kirjastot"),
    entity("pasila", "unit", "kirjastot"),
    entity("kallio", "unit", "kirjastot"),
)


JANUARY = whole_month(1)


def counts(
    period: Period = JANUARY, metric: str = "feedback_count", **numbers: int
) -> list[LiveFigure]:
    """The count of each entity, as a whole."""
    channel = {"feedback_count": "web_feedback", "press_count": "survey"}.get(metric, "statutory")
    return [
        live(metric, number, entity=name, channel=channel, scale=None, family=None,
             period=period, n=number)
        for name, number in numbers.items()
    ]  # fmt: skip


def broken_down(of: LiveFigure, name: str, **numbers: int) -> list[LiveFigure]:
    """A figure's parts by a dimension."""
    changes: dict[str, Any] = {"period": of.period, "channel": of.channel, "entity": of.entity}
    return [
        live(
            of.metric, number, scale=None, family=None, n=number, dimension={name: code}, **changes
        )
        for code, number in numbers.items()
    ]


def shown(made: Protected, metric: str = "feedback_count", **dimension: str) -> dict[str, object]:
    return {
        one.entity: one.value if one.status == "ok" else one.status
        for one in made.figures
        if one.metric == metric and one.dimension == dimension
    }


def of(figures: Iterable[LiveFigure], kept: Iterable[Kept] = (), **more: Any) -> Protected:
    return protect(figures, more.pop("tree", TREE), more.pop("span", YEAR), kept)


def test_every_metric_is_of_one_class_or_never_leaves_the_house() -> None:
    acts = {one.metric for one in TABLES} | {name for one in TABLES for name in one.derived}
    classes = [set(METRICS), acts - set(METRICS), set(OWN_DOING), set(NEVER_PUBLIC)]
    assert set().union(*classes) == set(catalogue().definitions)
    assert sum(map(len, classes)) == len(catalogue().definitions)


def test_a_small_count_takes_another_one_with_it() -> None:
    made = of(counts(kuva=175, kirjastot=3, museot=72, uimahallit=100))
    assert shown(made) == {
        "kuva": 175, "kirjastot": "suppressed", "museot": "suppressed", "uimahallit": 100,
    }  # fmt: skip
    (report,) = made.report
    assert (report.primary, report.secondary, report.loss, report.fallen) == (1, 1, 72, [])


def test_what_is_hidden_keeps_no_number_of_any_kind() -> None:
    made = of(counts(kuva=175, kirjastot=3, museot=72, uimahallit=100))
    for one in made.figures:
        if one.status != "ok":
            assert (one.value, one.n, one.range, one.change) == (None, None, None, None)
    first, second = (one for one in made.figures if one.status == "suppressed")
    assert replace(first, entity=second.entity) == second


def test_feedback_is_told_by_month_down_to_services_and_not_of_units() -> None:
    tree = (*TREE, entity("autot", "service", "museot"), entity("auto", "unit", "autot"))
    made = of(counts(museot=40, autot=30, auto=30), tree=tree)
    assert shown(made) == {"museot": 40, "autot": 30}


def test_zero_is_published_and_ten_are_asked_for_in_health_and_social_services() -> None:
    made = of(counts(helsinki=106, kuva=97, sote=9, kirjastot=9, museot=0, terveys=9))
    found = shown(made)
    assert found["museot"] == 0
    assert found["kirjastot"] == 9
    assert found["terveys"] == "suppressed"


def test_complaints_ask_for_ten_everywhere() -> None:
    rows = counts(whole_year(2026), "complaint_count", kuva=30, kirjastot=9, museot=21)
    kinds = [part for one in rows for part in broken_down(one, "kind", kantelu=one.n or 0)]
    assert shown(of(kinds), "complaint_count", kind="kantelu") == {
        "kuva": 30, "kirjastot": "suppressed", "museot": "suppressed",
    }  # fmt: skip


def test_what_hangs_at_the_parent_itself_is_protected_too() -> None:
    """Two messages to the division itself: the sum less its parts would tell of them."""
    found = shown(of(counts(kuva=102, kirjastot=50, museot=50)))
    assert "suppressed" in found.values()


def test_a_hidden_kind_takes_another_kind_of_the_same_entity_along() -> None:
    whole = counts(kirjastot=40)
    made = of([*whole, *broken_down(whole[0], "kind", kiitos=3, moite=17, kysymys=20)])
    values = [shown(made, kind=code)["kirjastot"] for code in ("kiitos", "moite", "kysymys")]
    assert values == ["suppressed", "suppressed", 20]


def test_months_and_units_are_linked_by_the_year_that_nobody_prints() -> None:
    """Twelve months tell a service's year; so a single small unit does not hide alone."""
    months = [one for number in range(1, 13) for one in counts(whole_month(number), kirjastot=10)]
    year = whole_year(2026)
    units = counts(year, oodi=3, pasila=57, kallio=60)
    made = of([*months, *counts(year, kirjastot=120), *units], of(months).kept)
    of_units = {one.entity: one.status for one in made.figures if one.period == year}
    assert of_units == {"oodi": "suppressed", "pasila": "suppressed", "kallio": "ok"}
    assert all(not one.fallen for one in made.report)


def test_too_little_that_came_late_is_not_told_by_the_year() -> None:
    """Months as they were printed, and a year with two late messages more."""
    months = [one for number in range(1, 13) for one in counts(whole_month(number), kirjastot=10)]
    first = of(months)
    year = whole_year(2026)
    units = counts(year, oodi=40, pasila=42, kallio=40)
    later = of([*months, *counts(year, kirjastot=122), *units], first.kept)
    statuses = [one.status for one in later.figures if one.period == year]
    assert statuses.count("suppressed") >= 1
    assert all(not one.fallen for one in later.report)


def test_a_period_is_published_once_and_stands() -> None:
    first = of(counts(kuva=175, kirjastot=3, museot=72, uimahallit=100))
    second = of(counts(kuva=300, kirjastot=90, museot=90, uimahallit=120), first.kept)
    assert shown(second) == shown(first)
    assert second.kept == []


def test_first_figures_say_that_they_are_not_revised_once_their_year_is_over() -> None:
    """All months of the year say it, so that nobody sees at which count somebody came late."""
    months = [*counts(kuva=102, kirjastot=3, museot=99), *counts(whole_month(2), kuva=80)]
    first = of(months, span=(date(2026, 1, 1), date(2026, 2, 28)))
    came = [*counts(kuva=103, kirjastot=4, museot=99), *counts(whole_month(2), kuva=80)]
    before = of(came, first.kept, span=(date(2026, 1, 1), date(2026, 11, 30)))
    assert before.figures == first.figures
    final = of(came, first.kept)
    assert shown(final) == shown(first)
    assert all("not_revised" in one.flags for one in final.figures)
    assert {one.status for one in final.figures} == {"ok", "suppressed"}
    assert of(months, first.kept).figures == first.figures


def test_a_new_tree_does_not_cut_a_published_period_anew() -> None:
    first = of(counts(kuva=175, kirjastot=75, museot=100))
    grown = (*TREE, entity("arkistot", "service_entity", "kuva"))
    rows = counts(kuva=175, kirjastot=75, museot=60, arkistot=40)
    assert shown(of(rows, first.kept, tree=grown)) == shown(first)


def test_who_moved_within_a_period_is_told_from_the_next_one_on() -> None:
    moved = LiveEntity(
        "museot",
        "service_entity",
        [
            LiveValidity("kuva", text(), date(2000, 1, 1), date(2026, 1, 14)),
            LiveValidity("sote", text(), date(2026, 1, 15)),
        ],
    )
    tree = (*(one for one in TREE if one.id != "museot"), moved)
    rows = [*counts(kuva=90, museot=40), *counts(whole_month(2), kuva=90, museot=40)]
    made = of(rows, tree=tree)
    months = {one.period.first.month for one in made.figures if one.entity == "museot"}
    assert months == {2}


@pytest.mark.parametrize(
    "period",
    [
        Period(date(2026, 1, 1), date(2026, 1, 30), "month"),
        Period(date(2026, 1, 2), date(2026, 1, 31), "month"),
        Period(date(2026, 12, 1), date(2027, 1, 31), "month"),
        Period(date(2026, 2, 1), date(2026, 12, 31), "year"),
        Period(date(2026, 1, 1), date(2026, 11, 30), "year"),
    ],
)
def test_a_part_of_a_period_is_not_told_since_the_whole_would_tell_the_rest(period: Period) -> None:
    assert of(counts(period, kuva=50, oodi=50)).figures == []


def test_only_the_public_tables_leave_the_house() -> None:
    rows = [
        *counts(kallio=50),
        *counts(whole_year(2026), kuva=50),
        *broken_down(counts(whole_year(2026), oodi=50)[0], "kind", kiitos=50),
        *counts(metric="unanswered_overdue", kuva=50),
    ]
    assert of(rows).figures == []


def test_a_promise_is_told_when_every_answer_could_have_come_and_thirty_were_owed_one() -> None:
    def share(entity: str, n: int, **more: Any) -> LiveFigure:
        return live("answered_in_promise_share", 90, entity=entity, channel="web_feedback",
                    scale=None, family=None, n=n, **more)  # fmt: skip

    made = of([share("kirjastot", 80), share("museot", 29), share("uimahallit", 3)])
    assert shown(made, "answered_in_promise_share") == {
        "kirjastot": 90, "museot": "below_min_n", "uimahallit": "suppressed",
    }  # fmt: skip
    assert of([share("kirjastot", 80, pending=1), share("museot", 40)]).figures == []


def surveyed(entity: str, n: int, mean: float = 4.1, status: str = "ok") -> list[LiveFigure]:
    place = {"entity": entity, "channel": "survey", "scale": "likert5", "family": "statement",
             "period": whole_year(2026)}  # fmt: skip
    return [
        live("press_count", n, n=n, **place),
        live("mean_likert5", mean, n=n, status=status, **place),
    ]


@pytest.mark.parametrize(
    ("numbers", "hidden"),
    [
        # Three and sixty open each other; what eighty said is left, within its rounding.
        ({"kirjastot": 3, "museot": 60, "uimahallit": 80}, {"kirjastot", "museot"}),
        # Twenty-nine are too few for a mean, and the rest of the city must not tell it.
        ({"kirjastot": 29, "museot": 31}, {"kirjastot", "museot"}),
        # Nobody else is there to hide behind: the parent's mean would be the child's.
        ({"kirjastot": 29}, {"kirjastot", "kuva"}),
        ({"kirjastot": 2, "museot": 400}, {"kirjastot", "museot", "kuva"}),
    ],
)
def test_means_that_would_tell_a_hidden_one_are_hidden_with_it(
    numbers: dict[str, int], hidden: set[str]
) -> None:
    rows = surveyed("kuva", sum(numbers.values()))
    for place, n in numbers.items():
        rows += surveyed(place, n)
    means = shown(of(rows), "mean_likert5")
    assert {name for name, told in means.items() if not isinstance(told, float)} == hidden


def test_a_mean_that_is_hidden_for_its_child_is_not_told_from_above_either() -> None:
    rows = [
        *surveyed("kirjastot", 2),
        *surveyed("museot", 400),
        *surveyed("kuva", 402),
        *surveyed("helsinki", 402),
    ]
    assert set(shown(of(rows), "mean_likert5").values()) == {"suppressed"}


def test_shares_need_every_count_that_they_are_made_of() -> None:
    whole = counts(kirjastot=40, museot=90)
    parts = [
        *broken_down(whole[0], "kind", kiitos=3, moite=37),
        *broken_down(whole[1], "kind", kiitos=40, moite=50),
    ]
    praise = [
        live("praise_share", 44, entity=name, channel="web_feedback", scale=None, family=None, n=40)
        for name in ("kirjastot", "museot")
    ]
    assert shown(of([*whole, *parts, *praise]), "praise_share") == {
        "kirjastot": "suppressed", "museot": 44,
    }  # fmt: skip


def test_figures_that_do_not_add_up_are_read_again() -> None:
    with pytest.raises(Inconsistent):
        of(counts(kuva=10, kirjastot=20))
    whole = counts(kirjastot=40)
    with pytest.raises(Inconsistent):
        of([*whole, *broken_down(whole[0], "kind", kiitos=41)])


def test_a_lone_small_count_needs_nobody_to_protect_it() -> None:
    rows = counts(whole_year(2026), "participation_volume", kirjastot=3)
    volumes = [part for one in rows for part in broken_down(one, "level", **{"1": 3, "2": 90})]
    made = of(volumes)
    assert shown(made, "participation_volume", level="1") == {"kirjastot": "suppressed"}
    assert shown(made, "participation_volume", level="2") == {"kirjastot": 90}
    assert (made.report[0].dropped, made.report[0].loss) == (0, 0)
