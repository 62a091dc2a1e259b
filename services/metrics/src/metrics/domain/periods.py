"""Periods of local days by grain, clipped to what was asked and to what has begun."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

Grain = Literal["day", "week", "month", "quarter", "year", "total"]

MONTH_ALIGNED: Final[frozenset[Grain]] = frozenset({"month", "quarter", "year", "total"})
"""Grains whose inner edges are edges of months."""

_DAY = timedelta(days=1)


class Span(NamedTuple):
    """Local days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def holds(self, other: "Span") -> bool:
        """Whether the other span lies wholly inside."""
        return self.first <= other.first and other.last <= self.last


class Period(NamedTuple):
    """One row of a dense series.

    Attributes:
        span: the days that the row covers.
        whole: the calendar span that it stands for; wider than `span` where the row was clipped.
    """

    span: Span
    whole: Span

    @property
    def partial(self) -> bool:
        """Whether an edge was clipped."""
        return self.span != self.whole


def periods(first: date, last: date, grain: Grain, today: date) -> list[Period]:
    """The dense periods of [first, min(last, today)], in order; none if it begins after today."""
    end = min(last, today)
    return [
        Period(Span(max(whole.first, first), min(whole.last, end)), whole)
        for whole in _calendar(first, last, end, grain)
    ]


def count_periods(first: date, last: date, grain: Grain, today: date) -> int:
    """How many periods there are, at most one too many, without making them."""
    days = max((min(last, today) - first).days + 1, 0)
    longest = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365, "total": days or 1}
    return -(-days // longest[grain])


def _calendar(first: date, last: date, end: date, grain: Grain) -> Iterator[Span]:
    if first > end:
        return
    if grain == "total":
        yield Span(first, last)
        return
    start = start_of(first, grain)
    while start <= end:
        following = _following(start, grain)
        yield Span(start, following - _DAY if following else date.max)
        if following is None:
            return
        start = following


def start_of(day: date, grain: Grain) -> date:
    """The first day of the week, month, quarter or year that holds the day."""
    match grain:
        case "week":
            return day - timedelta(days=min(day.weekday(), day.toordinal() - 1))
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def _following(start: date, grain: Grain) -> date | None:
    """The first day of the next period; None at the end of the calendar."""
    if grain in ("day", "week"):
        step = 1 if grain == "day" else 7 - start.weekday()
        return start + timedelta(days=step) if (date.max - start).days >= step else None
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1) if index // 12 <= date.max.year else None


class Parts(NamedTuple):
    """A span as whole months and the days around them."""

    months: Span | None
    """From the first day of the first whole month to the last day of the last."""
    days: list[Span]


def month_parts(span: Span) -> Parts:
    """Split a span so that as much as can be is read from rows by month."""
    first = (
        span.first if span.first.day == 1 else _following(start_of(span.first, "month"), "month")
    )
    after = span.last + _DAY if span.last < date.max else None
    last = span.last if after is None or after.day == 1 else start_of(span.last, "month") - _DAY
    if first is None or first > last:
        return Parts(None, [span])
    around = [Span(span.first, first - _DAY)] if span.first < first else []
    if last < span.last:
        around.append(Span(last + _DAY, span.last))
    return Parts(Span(first, last), around)
