"""Who measures experience: how long ago by what was said of it, and whether that is overdue."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from kokemus.contracts import events

Class = Literal["up_to_12", "13_to_24", "over_24", "never", "not_reported"]

YEAR: Final = 12

OR_BEFORE: Final = "-or-before"


class PracticeTally(NamedTuple):
    """The newest that an entity had told of its measurement by the end of a period."""

    entity: str
    period: int
    told: events.Practice
    answers: int
    """How many answers were heard from it in the twelve months to the period's end."""
    as_of: datetime


class Age(NamedTuple):
    """Whole months since the last collection, as exactly as it is known.

    `most` is None where only the latest possible day is known.
    """

    least: int
    most: int | None


def oddities(told: events.Practice) -> tuple[str, ...]:
    """What is odd in a telling: what whoever took it down flagged, and what contradicts itself."""
    ways = told.survey or told.feedback_channel or told.continuous or told.other_way
    found = [*told.flags]
    if len(told.frequency) > 1:
        found.append("several_frequencies")
    if told.collects is False and (ways or told.frequency or told.last_time):
        found.append("contradicts_itself")
    return tuple(dict.fromkeys(found))


def months_between(first: date, last: date) -> int:
    """Whole months from one day to another: none before the same day of the next month."""
    months = (last.year - first.year) * YEAR + last.month - first.month
    return max(months - (last.day < first.day), 0)


def days_of(when: str) -> tuple[date | None, date]:
    """The first and last day that a year, a month, a day or `2019-or-before` may mean."""
    parts = [int(part) for part in when.removesuffix(OR_BEFORE).split("-")]
    match parts:
        case [year]:
            first = None if when.endswith(OR_BEFORE) else date(year, 1, 1)
            return first, date(year, YEAR, 31)
        case [year, month]:
            after = date(year + month // YEAR, month % YEAR + 1, 1)
            return date(year, month, 1), date.fromordinal(after.toordinal() - 1)
        case _:
            day = date(*parts)
            return day, day


def age(last_times: Sequence[str], as_of: date) -> Age | None:
    """How long ago the last of the collections was; None: no time before `as_of` was given."""
    spans = [days_of(when) for when in last_times]
    past = [(first, min(last, as_of)) for first, last in spans if first is None or first <= as_of]
    if not past:
        return None
    known = [first for first, _ in past if first is not None]
    latest = max(last for _, last in past)
    return Age(
        months_between(latest, as_of),
        months_between(max(known), as_of) if known else None,
    )


def class_of(collects: bool | None, last_times: Sequence[str], as_of: date) -> Class:  # noqa: FBT001 - as answered
    """The class of a practice; where its age may lie in two, the worse."""
    if collects is None:
        return "not_reported"
    old = age(last_times, as_of)
    if old is None:
        return "not_reported" if collects else "never"
    if old.most is None or old.most > 2 * YEAR:
        return "over_24"
    return "13_to_24" if old.most > YEAR else "up_to_12"


def overdue(
    frequencies: Sequence[str],
    last_times: Sequence[str],
    as_of: date,
    intervals: Mapping[str, int],
    slack: int,
) -> bool:
    """Whether a measurement with an interval is later than that, and some months, at worst.

    Of several frequencies the shortest interval holds; one without an interval is never overdue.

    Args:
        frequencies: codes as they were given.
        last_times: when it was collected, as given.
        as_of: the day to which it is reckoned.
        intervals: months by frequency.
        slack: months that are let pass after the interval.
    """
    promised = [intervals[one] for one in frequencies if one in intervals]
    old = age(last_times, as_of)
    if not promised or old is None:
        return False
    return old.most is None or old.most > min(promised) + slack
