from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.periods import Grain, Span, count_periods, month_parts, periods

DAYS = st.dates(date(1995, 1, 1), date(2035, 12, 31))
GRAINS: list[Grain] = ["day", "week", "month", "quarter", "year", "total"]


def same_period(one: date, other: date, grain: Grain) -> bool:
    match grain:
        case "day":
            return one == other
        case "week":
            return one.isocalendar()[:2] == other.isocalendar()[:2]
        case "month":
            return (one.year, one.month) == (other.year, other.month)
        case "quarter":
            return (one.year, (one.month - 1) // 3) == (other.year, (other.month - 1) // 3)
        case "year":
            return one.year == other.year
        case _:
            return True


@given(first=DAYS, length=st.integers(0, 900), today=DAYS, grain=st.sampled_from(GRAINS))
def test_rows_are_dense_from_the_first_day_to_today_at_most(
    first: date, length: int, today: date, grain: Grain
) -> None:
    last = first + timedelta(days=length)
    rows = periods(first, last, grain, today)
    days = [
        period.span.first + timedelta(days=number)
        for period in rows
        for number in range(period.span.days)
    ]
    asked = [first + timedelta(days=number) for number in range(length + 1)]
    assert days == [day for day in asked if day <= today]
    for period in rows:
        assert period.whole.holds(period.span)
        assert same_period(period.span.first, period.span.last, grain)
    for one, other in pairwise(rows):
        assert not same_period(one.span.last, other.span.first, grain)
    assert len(rows) <= count_periods(first, last, grain, today) + 1


@pytest.mark.parametrize("grain", ["week", "month", "quarter", "year"])
def test_only_clipped_edges_are_partial(grain: Grain) -> None:
    rows = periods(date(2024, 2, 14), date(2026, 2, 18), grain, date(2030, 1, 1))
    assert [row.partial for row in rows] == [True, *[False] * (len(rows) - 2), True]


def test_total_is_partial_only_where_today_cuts_it() -> None:
    asked = date(2026, 1, 1), date(2026, 12, 31)
    assert [row.partial for row in periods(*asked, "total", date(2026, 11, 22))] == [True]
    assert [row.partial for row in periods(*asked, "total", date(2026, 12, 31))] == [False]


@given(first=DAYS, length=st.integers(0, 200))
def test_parts_by_month_cover_each_day_once(first: date, length: int) -> None:
    span = Span(first, first + timedelta(days=length))
    parts = month_parts(span)
    covered = sorted(
        part.first + timedelta(days=number)
        for part in [*parts.days, *([parts.months] if parts.months else [])]
        for number in range(part.days)
    )
    assert covered == [first + timedelta(days=number) for number in range(length + 1)]
    if parts.months:
        assert parts.months.first.day == 1
        assert (parts.months.last + timedelta(days=1)).day == 1
    assert all(part.days < 31 for part in parts.days) or parts.months is None
