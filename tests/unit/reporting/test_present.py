from typing import Any

import pytest

from reporting.domain.chapters import chapters
from reporting.domain.live import LiveFigure
from reporting.domain.live_tables import Lines, series
from reporting.domain.people import Person
from reporting.domain.present import discreet, edition_of_now, exact_for
from reporting.domain.releases import Change, Entity, Period
from reporting.texts import Texts
from support.release_builders import SPAN, live, text, whole_month, whole_year

FI = Texts().languages["fi"]
TREE = {
    "helsinki": Entity("helsinki", "city", None, text("Helsinki")),
    "sote": Entity("sote", "division", "helsinki", text("Sote")),
    "kallio": Entity("kallio", "unit", "sote", text("Kallio")),
    "malmi": Entity("malmi", "unit", "sote", text("Malmi")),
}


def few(entity: str) -> bool:
    return entity == "nobody's"


def message(value: float | None = 2, **more: Any) -> LiveFigure:
    given = {"channel": "web_feedback", "scale": None, "family": None, "n": value}
    return live("feedback_count", value, **(given | more))


@pytest.mark.parametrize("value", [1, 2])
def test_one_or_two_persons_are_told_as_few_with_nothing_beside_it(value: int) -> None:
    answered = live("press_count", value, channel="survey", scale="grade4_10", n=value)
    (told,) = discreet([answered], few)
    assert (told.rounded, told.n, told.range, told.change, told.status) == (
        None, None, None, None, "few",
    )  # fmt: skip
    (row,) = series([answered], Lines((), (), TREE), FI)[0].rows
    assert row.value == str(value)
    (row,) = series([told], Lines((), (), TREE), FI)[0].rows
    assert (row.value, row.n, row.status) == ("< 3", "", "")


@pytest.mark.parametrize(
    "figure",
    [
        message(0),
        message(3),
        live("press_count", 2, n=2),  # at a kiosk nobody knows who presses
        live("participation_methods", 2, channel=None, n=2),  # the city's own doing
    ],
)
def test_nobody_and_three_and_what_gives_nobody_away_are_told_as_they_are(
    figure: LiveFigure,
) -> None:
    assert discreet([figure], few) == [figure]


@pytest.mark.parametrize(
    "figure",
    [
        live("answered_in_promise_share", 50, channel="web_feedback", n=2),
        live("press_count", 1, channel="survey", n=1),
        live("happy_index", 100, channel="link", n=2),
        live("complaint_count", 2, channel="statutory", n=None),
    ],
)
def test_shares_of_few_and_the_answers_of_those_who_were_asked_by_name_are_kept_back(
    figure: LiveFigure,
) -> None:
    assert discreet([figure], few)[0].status == "few"


def test_no_change_tells_the_few_of_the_year_before() -> None:
    def told(change: int, **more: Any) -> Change | None:
        return discreet([message(40, change=Change(change, None, "ok"), **more)], few)[0].change

    assert (told(38), told(39)) == (None, None)
    assert told(37) == Change(37, None, "ok")
    assert told(40) == Change(40, None, "ok")
    assert told(38, entity="nobody's") == Change(38, None, "ok")


@pytest.mark.parametrize(
    ("person", "own", "other"),
    [
        (Person("a", "", ["unit_manager"], entities=["kallio"]), True, False),
        (Person("a", "", ["complaints_office"]), True, True),
        (Person("a", "", ["complaints_office"], entities=["malmi"]), False, True),
        (Person("a", "", ["unit_manager"]), False, False),
        (
            Person("a", "", ["reader", "division_contact", "administrator", "approver"]),
            False,
            False,
        ),
    ],
)
def test_only_the_units_manager_and_the_complaints_office_see_counts_of_one_and_two(
    person: Person, *, own: bool, other: bool
) -> None:
    exact = exact_for(person, TREE)
    assert (exact("kallio"), exact("malmi")) == (own, other)


def test_an_edition_of_now_is_told_in_the_chapters_of_a_release() -> None:
    cases = [
        live(
            "complaint_count", value, channel="statutory", scale=None, family=None,
            n=None, period=whole_year(2025), dimension={"kind": kind},
        )
        for kind, value in (("muistutus", 40), ("kantelu", 2))
    ]  # fmt: skip
    edition = edition_of_now(discreet(cases, few), TREE, {}, SPAN)
    (chapter,) = chapters(edition, TREE["kallio"], FI)
    assert [cell.text for cell in chapter.grids[0].rows[0].cells] == ["40", "< 3"]
    assert "muistutus 40, kantelu < 3" in chapter.sentence
    assert not any("piilotetaan" in note for note in chapter.notes)


def test_a_year_of_which_nothing_is_known_is_not_told_and_a_month_is_a_gap() -> None:
    def told(period: Period) -> int:
        blank = live(rounded=None, n=None, period=period, status="no_data")
        return len(edition_of_now([blank], TREE, {}, SPAN).content.figures)

    assert (told(whole_year(2026)), told(whole_month(1))) == (0, 1)
