"""Statutory channels: what stands where single events and counts for a period tell of the same.

A count for a period goes before single events of its source, the newest before older ones. Counts
of years that are not whole keep their cut date, and are never added to those of other spans.
"""

from calendar import isleap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from metrics.domain.periods import Period, Span

TOGETHER: Final = ""
"""The code of a count that its source gives for all codes together."""

UNSPECIFIED: Final = "unspecified"
"""The code of cases that their source does not tell apart."""

_LONGEST_CUT_SHORT: Final = 366
"""A count that was cut stands for the year that it began with, not for longer."""


class Single(NamedTuple):
    """Single events of one day, counted."""

    entity: str
    source: str
    code: str
    period: int
    day: date
    number: int
    as_of: datetime
    named: Mapping[str, int] = {}
    """How many of them name a reason, or of how many matters of a code they are: a case may name
    several, so these do not add up to the number."""


class Observation(NamedTuple):
    """A count that a source gave for a period; None: not reported."""

    entity: str
    source: str
    code: str
    span: Span
    as_of: datetime
    order: str
    number: int | None
    named: Sequence[str] = ()
    """The most frequent reasons, uncounted."""


class Told(NamedTuple):
    """All that is known of an entity, those under it included."""

    observations: Sequence[Observation] = ()
    singles: Sequence[Single] = ()


class Standing(NamedTuple):
    """What stands of one code in a period."""

    number: int | None
    """None: not reported."""
    as_of: datetime
    span: Span | None
    """Until where counts were cut, if they were."""
    flags: tuple[str, ...]


def standing(
    period: Period, observations: Iterable[Observation], singles: Iterable[Single]
) -> dict[str, Standing]:
    """What stands of each code, the singles being those of the period."""
    settled = _settled(period, observations, singles)
    codes = dict.fromkeys(
        [*(one.code for one in settled.chosen), *(one.code for one in settled.kept)]
    )
    return {
        code: _sum(
            settled,
            [one for one in settled.chosen if one.code == code],
            [one for one in settled.kept if one.code == code],
        )
        for code in codes
    }


def naming(
    period: Period, observations: Sequence[Observation], singles: Iterable[Single], *, apart: bool
) -> dict[tuple[str, str], Standing]:
    """What stands of each reason or matter, by the code that it was named with and its own.

    What a count for a period names is known without a number, which is not zero.

    Args:
        period: of the figure.
        observations: as for `standing`.
        singles: as for `standing`.
        apart: whether codes are told apart, as they have no sum; else the code is `TOGETHER`.
    """
    settled = _settled(period, observations, singles)
    chosen: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    kept: dict[tuple[str, str], list[Single]] = defaultdict(list)
    for one in settled.chosen:
        for name in one.named:
            chosen[one.code if apart else TOGETHER, name].append(one._replace(number=None))
    for single in settled.kept:
        if not _told_already(single, settled.chosen, (UNSPECIFIED, TOGETHER)):
            for name, number in single.named.items():
                key = single.code if apart else TOGETHER, name
                kept[key].append(single._replace(number=number))
    return {key: _sum(settled, chosen[key], kept[key]) for key in [*chosen, *kept]}


class _Settled(NamedTuple):
    """What of all that was told enters a period."""

    chosen: list[Observation]
    kept: list[Single]
    cut: Span | None
    left_out: bool
    """Some counts could not be added to the others."""


def _settled(
    period: Period, observations: Iterable[Observation], singles: Iterable[Single]
) -> _Settled:
    newest = _newest(
        one
        for one in observations
        if period.whole.holds(one.span) and period.span.first <= one.span.first
    )
    chosen = _addable(period, newest)
    kept = [one for one in singles if not _told_already(one, newest)]
    cut = None
    if chosen and not kept and period.whole.days <= _LONGEST_CUT_SHORT:
        last = max(one.span.last for one in chosen)
        cut = Span(period.span.first, last) if last < period.whole.last else None
    return _Settled(chosen, kept, cut, len(chosen) < len(newest))


def _sum(settled: _Settled, chosen: Sequence[Observation], kept: Sequence[Single]) -> Standing:
    parts: list[Observation | Single] = [*chosen, *kept]
    counts = [one.number for one in parts if one.number is not None]
    flags = []
    if settled.cut or settled.left_out:
        flags.append("partial_period")
    if counts and len(counts) < len(parts):
        flags.append("incomplete_return")
    as_of = max(one.as_of for one in parts)
    return Standing(sum(counts) if counts else None, as_of, settled.cut, tuple(flags))


def _newest(fitting: Iterable[Observation]) -> list[Observation]:
    """Of counts for spans that overlap, a source's newest of the entity and code."""
    taken: dict[tuple[str, str, str], list[Observation]] = defaultdict(list)
    for one in sorted(fitting, key=lambda one: (one.as_of, one.order), reverse=True):
        used = taken[one.entity, one.source, one.code]
        if not any(_overlap(one.span, other.span) for other in used):
            used.append(one)
    return [one for listed in taken.values() for one in listed]


def _addable(period: Period, newest: Sequence[Observation]) -> list[Observation]:
    """Those that may be added: of a longer period whole years; else what reaches the same day."""
    if period.whole.days > _LONGEST_CUT_SHORT:
        days: dict[tuple[str, str, str, int], int] = defaultdict(int)
        for one in newest:
            days[_yearly(one)] += one.span.days
        return [one for one in newest if days[_yearly(one)] >= 365 + isleap(one.span.first.year)]
    ends: dict[tuple[str, str, str], date] = {}
    for one in newest:
        series = one.entity, one.source, one.code
        ends[series] = max(ends.get(series, one.span.last), one.span.last)
    latest = max(ends.values(), default=None)
    return [one for one in newest if ends[one.entity, one.source, one.code] == latest]


def _yearly(one: Observation) -> tuple[str, str, str, int]:
    return one.entity, one.source, one.code, one.span.first.year


def _told_already(
    single: Single, observations: Iterable[Observation], every: Sequence[str] = (UNSPECIFIED,)
) -> bool:
    """Whether a count for a period tells of an event; `every` are codes that stand for any."""
    return any(
        (one.entity, one.source) == (single.entity, single.source)
        and one.code in (single.code, *every)
        and one.number is not None
        and one.span.first <= single.day <= one.span.last
        for one in observations
    )


def _overlap(one: Span, other: Span) -> bool:
    return one.first <= other.last and other.first <= one.last
