"""How long ago experience was measured, as exactly as it was told."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.practices import Age, age, class_of, months_between, overdue

AS_OF = date(2021, 11, 29)
INTERVALS = {"yearly": 12, "every_other_year": 24}


def slowly(first: date, last: date) -> int:
    """Whole months by walking day by day: one ends on each day with the first one's number or more.

    The months of a walk are the pairs of year and month whose same day has been reached.
    """
    reached = 0
    day = first
    while day < last:
        day += timedelta(days=1)
        month = (day.year - first.year) * 12 + day.month - first.month
        if day.day >= first.day:
            reached = max(reached, month)
    return max(reached, (last.year - first.year) * 12 + last.month - first.month - 1, 0)


@given(st.dates(date(2015, 1, 1), date(2020, 12, 31)), st.integers(0, 1500))
def test_whole_months_are_those_of_a_walk_through_the_calendar(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    assert months_between(first, last) == slowly(first, last)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (["2019-or-before"], Age(22, None)),
        (["2020"], Age(10, 22)),
        (["2021"], Age(0, 10)),
        (["2021-10-29"], Age(1, 1)),
        (["2021-10"], Age(0, 1)),
        (["2019-or-before", "2021"], Age(0, 10)),
        (["2022"], None),
        ([], None),
    ],
)
def test_a_year_alone_gives_a_range(told: list[str], found: Age | None) -> None:
    assert age(told, AS_OF) == found


@pytest.mark.parametrize(
    ("collects", "told", "found"),
    [
        (True, ["2021"], "up_to_12"),
        (True, ["2020"], "13_to_24"),
        (True, ["2020-11-29"], "up_to_12"),
        (True, ["2019-or-before"], "over_24"),
        (True, [], "not_reported"),
        (None, [], "not_reported"),
        (False, [], "never"),
        (False, ["2021"], "up_to_12"),
    ],
)
def test_of_two_classes_the_worse_holds(
    collects: bool | None,  # noqa: FBT001 - as answered
    told: list[str],
    found: str,
) -> None:
    assert class_of(collects, told, AS_OF) == found


@pytest.mark.parametrize(
    ("frequencies", "told", "late"),
    [
        (["yearly"], ["2020-08-29"], False),
        (["yearly"], ["2020-07-29"], True),
        (["yearly"], ["2020"], True),
        (["every_other_year"], ["2020"], False),
        (["yearly", "every_other_year"], ["2020"], True),
        (["occasional"], ["2019-or-before"], False),
        (["yearly"], [], False),
    ],
)
def test_overdue_is_past_the_interval_and_three_months(
    frequencies: list[str],
    told: list[str],
    late: bool,  # noqa: FBT001 - a case
) -> None:
    assert overdue(frequencies, told, AS_OF, INTERVALS, 3) is late
