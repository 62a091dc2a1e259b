"""Comparison of two periods, held back wherever the difference might not be one.

A break of a series forbids the comparison; other measuring places take the arrow away; a small or
uncertain difference is no clear change.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import sqrt
from typing import Final, Literal, NamedTuple

from metrics.domain.definitions import Definition
from metrics.domain.intervals import Variation, t_quantile, two_sided
from metrics.domain.periods import Grain, Span

Verdict = Literal["better", "worse", "no_clear_change"]
ChangeStatus = Literal["ok", "not_comparable", "no_baseline", "changed_composition"]

LEAST_SHARED: Final = Fraction(80, 100)
"""Devices heard in both periods must have given so much of the answers in each."""

FALSE_DISCOVERIES: Final = 0.10
"""Over a list of units so many of the named changes may be false (Benjamini-Hochberg)."""


class Change(NamedTuple):
    """The difference of the printed values to an earlier period, and what may be said of it."""

    value: Fraction | None
    verdict: Verdict | None
    status: ChangeStatus
    p: float | None = None
    """Two-sided probability of such a swing between days; for lists of units only."""


class Break(NamedTuple):
    """A dated mark on a series of an entity or a device."""

    date: date
    kind: Literal["breaks", "caution"]
    mixes: bool = False
    """It stands on one device of many: they are mixed from the first such mark to the last."""


class Side(NamedTuple):
    """One of the two periods of a comparison."""

    span: Span
    printed: Fraction | None
    variation: Variation | None
    by_device: Mapping[str, int]
    """Answers by device; empty where they are not known."""


def earlier(span: Span, grain: Grain, how: Literal["previous", "year"]) -> Span:
    """The period to compare with, of the same calendar length.

    `year` is the same days of the year before (29 February becomes the 28th); for weeks it is 52
    weeks before. `previous` ends on the day before, and is a whole month, quarter or year where the
    span is one.
    """
    if how == "year":
        if grain == "week":
            return Span(span.first - 52 * _WEEK, span.last - 52 * _WEEK)
        return Span(_year_before(span.first), _end_year_before(span))
    last = span.first - _DAY
    months = _whole_months(span)
    if months is None:
        return Span(span.first - timedelta(days=span.days), last)
    index = span.first.year * 12 + span.first.month - 1 - months
    return Span(date(index // 12, index % 12 + 1, 1), last)


_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)


def _whole_months(span: Span) -> int | None:
    after = span.last + _DAY
    if span.first.day != 1 or after.day != 1:
        return None
    return (after.year - span.first.year) * 12 + after.month - span.first.month


def _year_before(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


def _end_year_before(span: Span) -> date:
    if _whole_months(span) is None:
        return _year_before(span.last)
    return _year_before(span.last + _DAY) - _DAY


def compare(
    definition: Definition, now: Side, before: Side, breaks: Sequence[Break], *, hampered: bool
) -> Change:
    """What may be said of the difference between two periods.

    Args:
        definition: says which way is better, and what difference is worth naming.
        now: the later period.
        before: the earlier period.
        breaks: the marks on the series of the entity, of those above it and of its devices.
        hampered: one of the sides misses its figure for another reason than having no answers.
    """
    if before.printed is None or now.printed is None:
        return Change(None, None, "not_comparable" if hampered else "no_baseline")
    if broken(Span(before.span.first, now.span.last), breaks):
        return Change(None, None, "not_comparable")
    value = now.printed - before.printed
    if not _same_places(now.by_device, before.by_device):
        return Change(value, None, "changed_composition")
    if definition.better is None:
        return Change(value, None, "ok")
    return _judged(definition, value, now.variation, before.variation)


def broken(span: Span, breaks: Sequence[Break]) -> bool:
    """Whether a series is broken or mixed within a span.

    A mark on the first day has nothing before it. With marks on devices the span must lie wholly
    before the first or from the last one on.
    """
    dates = [one.date for one in breaks if one.kind == "breaks" and not one.mixes]
    mixed = [one.date for one in breaks if one.kind == "breaks" and one.mixes]
    if mixed and min(mixed) <= span.last and span.first < max(mixed):
        return True
    return any(span.first < day <= span.last for day in dates)


def _same_places(now: Mapping[str, int], before: Mapping[str, int]) -> bool:
    both = now.keys() & before.keys()
    return all(
        sum(side[device] for device in both) >= LEAST_SHARED * sum(side.values())
        for side in (now, before)
    )


def _judged(
    definition: Definition, value: Fraction, now: Variation | None, before: Variation | None
) -> Change:
    if now is None or before is None:
        return Change(value, "no_clear_change", "ok")
    freedom = min(now.days, before.days) - 1
    spread = sqrt(now.deviation**2 + before.deviation**2)
    unrounded = now.ratio - before.ratio
    p = two_sided(unrounded / spread, freedom) if spread else float(unrounded == 0)
    clear = abs(unrounded) > t_quantile(freedom) * spread
    if abs(value) < definition.threshold or not clear:
        return Change(value, "no_clear_change", "ok", p)
    improved = (value > 0) == (definition.better == "higher")
    return Change(value, "better" if improved else "worse", "ok", p)


def hold_back(changes: Iterable[Change]) -> list[Change]:
    """Over a list of units: names a change only where Benjamini-Hochberg at 0.10 lets it stand."""
    listed = list(changes)
    tested = sorted(one.p for one in listed if one.p is not None)
    limit = max(
        (
            p
            for rank, p in enumerate(tested, start=1)
            if p <= FALSE_DISCOVERIES * rank / len(tested)
        ),
        default=-1.0,
    )
    return [
        one._replace(verdict="no_clear_change")
        if one.verdict in ("better", "worse") and one.p is not None and one.p > limit
        else one
        for one in listed
    ]
