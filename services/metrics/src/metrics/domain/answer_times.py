"""How promises were kept and how long answers took: exact, over messages that share a fate."""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from metrics.domain.intervals import Ratio


class Fate(NamedTuple):
    """What became of a message. Days are local and count from its arrival; None: it never was."""

    due: int | None
    """None: no answer was owed."""
    matured: bool
    """Whether it was due before the figure's time."""
    withdrawn: int | None
    reacted: int | None
    """To the first interim or final answer, or note that it is handled."""
    answered: int | None
    """To the final answer."""


Fates = Iterable[tuple[Fate, int]]
"""Fates, each with the number of messages that share it."""


class Judged(NamedTuple):
    """A figure of the matured cohort, and those who are left out of it."""

    ratio: Ratio
    """The numerator in the figure's unit and what it is divided by; 0: there is no value."""
    n: int
    """Messages that the figure is about."""
    beside: dict[str, int]


def in_cohort(fate: Fate) -> bool:
    """Whether an answer was owed and the message not taken back before it was due."""
    if fate.due is None:
        return False
    return fate.withdrawn is None or fate.withdrawn > fate.due


def answered_in_promise(fates: Fates) -> Judged:
    """Of those due by now, how many had their final answer by the end of the day it was due."""
    kept = matured = pending = 0
    for fate, number in _cohort(fates):
        if not fate.matured:
            pending += number
            continue
        matured += number
        if fate.due is not None and fate.answered is not None and fate.answered <= fate.due:
            kept += number
    return Judged(Ratio(Fraction(100 * kept), matured), matured, {"pending": pending})


def answer_time_median(fates: Fates) -> Judged:
    """Half have their final answer by then; unanswered ones have it never.

    No value where a middle one is unanswered.
    """
    days: dict[int, int] = {}
    n = answered = 0
    for fate, number in _matured(fates):
        n += number
        if fate.answered is not None:
            answered += number
            days[fate.answered] = days.get(fate.answered, 0) + number
    beside = {"open": n - answered}
    upper = n // 2
    if upper >= answered:
        return Judged(Ratio(Fraction(0), 0), n, beside)
    middle = _at(days, (n - 1) // 2) + _at(days, upper)
    return Judged(Ratio(Fraction(middle, 2), 1), n, beside)


def answer_time_mean(fates: Fates) -> Judged:
    """The mean over those answered, the number still open beside."""
    return _mean((fate.answered, number) for fate, number in _matured(fates))


def reaction_time_mean(fates: Fates) -> Judged:
    """The mean over those reacted to, the number still open beside."""
    return _mean((fate.reacted, number) for fate, number in _matured(fates))


def _cohort(fates: Fates) -> Fates:
    return ((fate, number) for fate, number in fates if in_cohort(fate))


def _matured(fates: Fates) -> Fates:
    return ((fate, number) for fate, number in _cohort(fates) if fate.matured)


def _mean(days: Iterable[tuple[int | None, int]]) -> Judged:
    total = done = still_open = 0
    for day, number in days:
        if day is None:
            still_open += number
        else:
            total += day * number
            done += number
    return Judged(Ratio(Fraction(total), done), done, {"open": still_open})


def _at(days: dict[int, int], place: int) -> int:
    """The value at a place, from 0, among all in order."""
    for day in sorted(days):
        place -= days[day]
        if place < 0:
            return day
    raise IndexError(place)
