from datetime import UTC, date, datetime

import pytest

from reporting.domain.releases import Kind, Release, Step
from reporting.domain.schedule import Due, due


def known(kind: Kind, last: date, *, checked: bool = True, on: int = 1) -> Release:
    made = Step("draft", "system:schedule", datetime(2026, 11, on, tzinfo=UTC))
    steps = (made, Step("checked", "system:schedule", made.at)) if checked else (made,)
    return Release("x", kind, date(2025, 1, 1), last, "sha256:0", steps)


def kinds(today: date, *releases: Release) -> set[Kind]:
    return {one.kind for one in due(today, releases)}


@pytest.mark.parametrize(
    ("before", "on"),
    [
        (date(2026, 11, 10), date(2026, 11, 11)),
        (date(2026, 1, 13), date(2026, 1, 14)),  # New Year's Day and Epiphany are holidays
        (date(2026, 5, 12), date(2026, 5, 13)),  # so is the first of May
    ],
)
def test_a_month_is_drafted_on_the_eighth_working_day_of_the_next(before: date, on: date) -> None:
    assert "public-monthly" not in kinds(before)
    assert "public-monthly" in kinds(on)


def test_a_week_is_drafted_on_the_first_working_day_of_the_next() -> None:
    easter_monday, tuesday = date(2026, 4, 6), date(2026, 4, 7)
    assert "internal-weekly" not in kinds(easter_monday)
    assert Due("internal-weekly", date(2026, 3, 30), date(2026, 4, 5)) in set(due(tuesday, ()))


def test_a_missed_day_is_made_up_for() -> None:
    assert "public-monthly" in kinds(date(2026, 11, 30))


def test_a_draft_covers_the_year_before_and_ends_with_a_whole_month() -> None:
    found = next(one for one in due(date(2026, 3, 20), ()) if one.kind == "public-monthly")
    assert (found.first, found.last) == (date(2025, 1, 1), date(2026, 2, 28))


def test_a_period_is_drafted_once() -> None:
    today = date(2026, 11, 23)
    made = (
        known("public-monthly", date(2026, 10, 31)),
        known("internal-weekly", date(2026, 11, 22)),
    )
    assert kinds(today, *made) == set()
    assert kinds(today, made[0]) == {"internal-weekly"}


def test_a_draft_that_may_not_be_approved_is_tried_again_the_next_day() -> None:
    today, october = date(2026, 11, 23), date(2026, 10, 31)
    assert "public-monthly" in kinds(today, known("public-monthly", october, checked=False, on=22))
    tried = known("public-monthly", october, checked=False, on=23)
    assert "public-monthly" not in kinds(today, tried)
