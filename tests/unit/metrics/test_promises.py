from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.working_days import is_working_day
from metrics.domain.promises import Promise, dues, promise_table

FIVE_WORKING_DAYS, A_WEEK = promise_table()
DAYS = st.dates(date(2018, 1, 1), date(2035, 12, 31))


def easter(year: int) -> date:
    """Easter Sunday by the tables of Meeus, Jones and Butcher."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def free(day: date) -> bool:
    """Whether nobody works on a day, by the Finnish calendar laid out by hand."""
    sunday = easter(day.year)
    moving = {sunday + timedelta(days=offset) for offset in (-2, 1, 39)}
    fixed = {(1, 1), (1, 6), (5, 1), (12, 6), (12, 24), (12, 25), (12, 26)}
    midsummer_eve = day.month == 6 and day.weekday() == 4 and 19 <= day.day <= 25
    weekend = day.isoweekday() > 5
    return weekend or day in moving or (day.month, day.day) in fixed or midsummer_eve


@given(DAYS)
def test_working_days_are_those_of_the_finnish_calendar(day: date) -> None:
    assert is_working_day(day) is not free(day)


@given(DAYS)
def test_five_working_days_lie_between_arrival_and_the_end_of_the_due_day(received: date) -> None:
    due = FIVE_WORKING_DAYS.due(received)
    between = [received + timedelta(days=n) for n in range(1, (due - received).days + 1)]
    assert sum(not free(day) for day in between) == 5
    assert not free(due)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2018, 3, 5), date(2018, 3, 12)),
        (date(2018, 3, 10), date(2018, 3, 16)),  # a Saturday
        (date(2018, 6, 18), date(2018, 6, 26)),  # over Midsummer Eve
        (date(2018, 12, 20), date(2019, 1, 2)),  # over Christmas Eve and New Year
    ],
)
def test_due_days_of_2018(received: date, due: date) -> None:
    assert FIVE_WORKING_DAYS.due(received) == due


def test_a_week_is_not_moved_by_holidays() -> None:
    assert A_WEEK.due(date(2023, 12, 18)) == date(2023, 12, 25)


def test_who_is_owed_an_answer() -> None:
    assert FIVE_WORKING_DAYS.owed(["contact_left"])
    assert not FIVE_WORKING_DAYS.owed(["answer_requested", "answer_possible"])
    assert A_WEEK.owed(["answer_requested", "answer_possible"])
    assert not A_WEEK.owed(["answer_requested", "contact_left"])


def test_each_day_has_the_promise_of_its_own_time() -> None:
    found = {due.day: due for due in dues(promise_table(), date(2024, 1, 1))}
    assert date(2017, 12, 31) not in found
    assert found[date(2018, 1, 1)].promise == found[date(2023, 3, 31)].promise == 0
    assert found[date(2023, 4, 1)] == (date(2023, 4, 1), None, 1, date(2023, 4, 8))
    assert max(found) == date(2024, 1, 1)


def test_a_subtree_has_promises_of_its_own_beside_those_of_the_city() -> None:
    own = Promise(
        subtree="kymp",
        valid_from=date(2018, 6, 1),
        within="days",
        days=3,
        eligible=("contact_left",),
        source="test",
    )
    found = list(dues([*promise_table(), own], date(2018, 6, 1)))
    assert [due.promise for due in found if due.day == date(2018, 6, 1)] == [0, 2]
