"""Figures: exact fractions of counts, with status, flags and notes. Pure: no clock, no database."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Final, Literal, NamedTuple

import msgspec

from metrics.domain.comparison import Change
from metrics.domain.definitions import SELF_SELECTED, Catalogue, Definition
from metrics.domain.intervals import Interval, Ratio, Variation, adjusted_wald, student, wilson
from metrics.domain.periods import Grain, Period, Span
from metrics.domain.rounding import rounded, rounded_share

Status = Literal[
    "suppressed",
    "not_reported",
    "not_collected",
    "no_data",
    "below_min_n",
    "no_baseline",
    "ok",
]
Sampling = Literal["probability", "census", "self_selected"]
"""How those were chosen who answered; the later, the less they tell about others."""
Dimension = Mapping[str, str | int]

TOTAL: Final[Dimension] = {}


class Key(NamedTuple):
    """What is never pooled: channel, scale and question family. None: the figure has none."""

    channel: str | None
    scale: str | None = None
    family: str | None = None


NOTHING: Final = Key(None)
"""The key of an entity that has no data in any channel."""


class Sums(NamedTuple):
    """Answers by value (0 = most negative) of one cell, and when they were last changed."""

    counts: tuple[int, ...]
    misuse: int
    as_of: datetime

    def plus(self, other: "Sums") -> "Sums":
        """Both cells together."""
        return Sums(
            tuple(map(int.__add__, self.counts, other.counts)),
            self.misuse + other.misuse,
            max(self.as_of, other.as_of),
        )


class Reported(msgspec.Struct, frozen=True):
    """A figure that was published elsewhere, as printed."""

    metric: str
    entity: str
    channel: str
    scale: str | None
    span: Span
    as_of: date
    value: float | None
    decimals: int
    n: int | None
    approx: bool
    range: tuple[float, float] | None
    source_document: str
    order: str = ""
    """Of two with the same `as_of`, the greater one counts."""


class Place(NamedTuple):
    """Where in the answer a figure stands."""

    entity: str
    key: Key
    period: Period
    grain: Grain
    dimension: Dimension = TOTAL


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. `value` is exact; `rounded` is what is printed, rounded once."""

    definition: Definition
    place: Place
    span: Span
    status: Status
    value: Fraction | None = None
    rounded: Fraction | None = None
    n: int | None = None
    interval: Interval | None = None
    range: tuple[float, float | None] | None = None
    flags: tuple[str, ...] = ()
    bias_notes: tuple[str, ...] = ()
    as_of: datetime | date | None = None
    reported: Reported | None = None
    variation: Variation | None = None
    change: Change | None = None
    beside: Mapping[str, int] = {}


def _index(counts: Sequence[int], _misuse: int) -> Ratio:
    score = sum(map(int.__mul__, range(len(counts)), counts))
    return Ratio(Fraction(100 * score, len(counts) - 1), sum(counts))


def _top(how_many: int) -> "Formula":
    def share(counts: Sequence[int], _misuse: int) -> Ratio:
        return Ratio(Fraction(100 * sum(counts[-how_many:])), sum(counts))

    return share


def _part(part: slice) -> "Formula":
    def share(counts: Sequence[int], _misuse: int) -> Ratio:
        return Ratio(Fraction(100 * sum(counts[part])), sum(counts))

    return share


def _mean(lowest: int) -> "Formula":
    def mean(counts: Sequence[int], _misuse: int) -> Ratio:
        score = sum(value * count for value, count in enumerate(counts, lowest))
        return Ratio(Fraction(score), sum(counts))

    return mean


def _nps(counts: Sequence[int], _misuse: int) -> Ratio:
    return Ratio(Fraction(100 * (sum(counts[9:]) - sum(counts[:7]))), sum(counts))


def _misuse(counts: Sequence[int], misuse: int) -> Ratio:
    return Ratio(Fraction(100 * misuse), sum(counts) + misuse)


def _count(counts: Sequence[int], _misuse: int) -> Ratio:
    return Ratio(Fraction(sum(counts)), sum(counts))


Formula = Callable[[Sequence[int], int], Ratio]

FORMULAS: Final[Mapping[str, Formula]] = {
    "press_count": _count,
    "happy_index": _index,
    "very_positive_share": _top(1),
    "satisfied_share": _top(2),
    "misuse_share": _misuse,
    "nps": _nps,
    "promoter_share": _part(slice(9, 11)),
    "passive_share": _part(slice(7, 9)),
    "detractor_share": _part(slice(0, 7)),
    "mean_likert5": _mean(1),
    "mean_grade4_10": _mean(4),
    "hourly_press_count": _count,
    "hourly_satisfied_share": _top(2),
}
"""By metric: the answers by value (0 = most negative) and the marked presses, to a ratio."""


class Answer(NamedTuple):
    """What was read for one cell."""

    ratio: Ratio | None
    """None: nothing was read."""
    as_of: datetime | None = None
    heard: bool = False
    """Whether every expected source was heard to the period's end, so that nothing means 0."""
    sampling: Sampling = "self_selected"
    counts: tuple[int, ...] = ()
    beside: Mapping[str, int] = {}
    """Numbers that are shown with the figure, by name, such as those still pending."""
    flags: tuple[str, ...] = ()
    n: int | None = None
    """How many the figure is about, where that is not what it is divided by."""
    span: Span | None = None
    """The days that it stands for, where they are not the period's."""
    variation: Variation | None = None
    """Where it is worked out with the figure, and not from its days alone."""
    not_reported: bool = False
    """A source said that it has no figure, which is not zero."""
    without: Literal["not_collected", "no_baseline"] | None = None
    """Why there can be no value."""
    range: tuple[float, float | None] | None = None
    """Between what the value lies, where it is not known; None: without end."""


def counted(
    definition: Definition,
    place: Place,
    answer: Answer,
    catalogue: Catalogue,
    flags: Iterable[str] = (),
) -> Figure:
    """The figure of a cell that was counted."""
    ratio = answer.ratio or Ratio(Fraction(0), 0)
    status, value = _status(definition, ratio, answer)
    known = value is not None
    return Figure(
        definition=definition,
        place=place,
        span=answer.span or place.period.span,
        status=status,
        value=value,
        rounded=None if value is None else printed(definition, value),
        n=answer.n if answer.n is not None else ratio.n if known or answer.heard else None,
        interval=_interval(definition, answer) if known else None,
        range=answer.range,
        flags=tuple(dict.fromkeys((*_flags(place, definition, answer), *answer.flags, *flags))),
        bias_notes=catalogue.notes_for(definition, place.key.channel),
        as_of=None if status == "no_data" else answer.as_of,
        beside=answer.beside,
        variation=answer.variation,
    )


def _status(definition: Definition, ratio: Ratio, answer: Answer) -> tuple[Status, Fraction | None]:
    if answer.not_reported or answer.without is not None:
        return answer.without or "not_reported", None
    if answer.range is not None:
        return "ok", None
    if definition.additive:
        if ratio.n == 0 and not answer.heard:
            return "no_data", None
        return "ok", ratio.numerator
    if ratio.n <= 0:
        return "no_data", None
    value = Fraction(ratio.numerator.numerator, ratio.numerator.denominator * ratio.n)
    return ("below_min_n" if ratio.n < definition.min_n else "ok"), value


def _flags(place: Place, definition: Definition, answer: Answer) -> list[str]:
    flags = []
    if place.period.partial:
        flags.append("partial_period")
    chosen = place.key.channel in SELF_SELECTED and definition.measure != "devices"
    surveyed = place.key.channel == "survey" and definition.measure == "presses"
    if chosen or (surveyed and answer.sampling == "self_selected"):
        flags.append("self_selected")
    return flags


def _interval(definition: Definition, answer: Answer) -> Interval | None:
    """Only a probability sample has one."""
    if answer.sampling != "probability" or not answer.counts:
        return None
    n = sum(answer.counts)
    match definition.unit:
        case "nps":
            return adjusted_wald(sum(answer.counts[9:]), sum(answer.counts[:7]), n)
        case "percent":
            share = FORMULAS[definition.metric](answer.counts, 0)
            return wilson(int(share.numerator / 100), n)
        case "index" | "mean":
            return student(_each(definition.metric, answer.counts))
        case _:
            return None


def _each(metric: str, counts: Sequence[int]) -> dict[Fraction, int]:
    """How often each answer was given, by what it alone would give as a figure."""
    single = (tuple(int(at == value) for at in range(len(counts))) for value in range(len(counts)))
    return {
        FORMULAS[metric](one, 0).numerator: count for one, count in zip(single, counts, strict=True)
    }


def printed(definition: Definition, value: Fraction) -> Fraction:
    """A value as it is printed."""
    rule = rounded_share if definition.unit == "percent" else rounded
    return rule(value, definition.decimals)


def taken_over(
    definition: Definition, place: Place, figure: Reported, catalogue: Catalogue
) -> Figure:
    """The figure of a cell that has only what was published elsewhere."""
    value = None if figure.value is None else Fraction(str(figure.value))
    missing = value is None and figure.range is None
    flags = ["reported"]
    if figure.approx:
        flags.append("approx")
    if figure.span != place.period.whole:
        flags.insert(0, "partial_period")
    if figure.channel in SELF_SELECTED and definition.measure != "devices":
        flags.append("self_selected")
    below = figure.n is not None and figure.n < definition.min_n
    return Figure(
        definition=definition,
        place=place,
        span=figure.span,
        status="not_reported" if missing else "below_min_n" if below else "ok",
        value=value,
        rounded=None if value is None else rounded(value, figure.decimals),
        n=figure.n,
        range=figure.range,
        flags=tuple(flags),
        bias_notes=catalogue.notes_for(definition, figure.channel),
        as_of=figure.as_of,
        reported=figure,
    )


LONGEST_CUT_SHORT: Final = 366
"""A figure cut short stands for the month, quarter or year that it began with, not for longer."""


def reported_for(period: Period, candidates: Iterable[Reported]) -> Reported | None:
    """The published figure that stands for a period: the newest one that begins with it.

    One that ends earlier was cut at its date; it keeps its own period and is flagged.
    """
    fitting = [
        one
        for one in candidates
        if one.span.first == period.span.first
        and (
            one.span.last == period.whole.last
            or (one.span.last < period.whole.last and period.whole.days <= LONGEST_CUT_SHORT)
        )
    ]
    return max(fitting, key=lambda one: (one.as_of, one.span.last, one.order), default=None)
