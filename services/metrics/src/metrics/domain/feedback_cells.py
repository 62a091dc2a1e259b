"""Shares of praise and criticism, promises kept, and what is overdue, from what was read."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final

from metrics.domain.answer_times import (
    Fate,
    Judged,
    answer_time_mean,
    answer_time_median,
    answered_in_promise,
    reaction_time_mean,
)
from metrics.domain.cells import WHOLE, Breakdown, Cells
from metrics.domain.definitions import Definition
from metrics.domain.figures import Answer, Key
from metrics.domain.found import Found
from metrics.domain.intervals import Ratio
from metrics.domain.periods import Period

KEY: Final = Key("web_feedback")

FAULT_REPORT: Final = "vikailmoitus"
"""Tells of a thing that is broken, not of an experience."""

_SHARED: Final = {"praise_share": "kiitos", "criticism_share": "moite"}

_JUDGES: Final[Mapping[str, Callable[[list[tuple[Fate, int]]], Judged]]] = {
    "answered_in_promise_share": answered_in_promise,
    "answer_time_median": answer_time_median,
    "answer_time_mean": answer_time_mean,
    "reaction_time_mean": reaction_time_mean,
}


def shares(found: Found, definition: Definition, entity: str) -> Cells:
    """The share of one kind among all messages that are no fault reports."""
    kind = _SHARED[definition.metric]
    sums: dict[int, tuple[int, int, datetime]] = {}
    for tally in found.tallies.get((definition.measure, entity), ()):
        if tally.breakdown[0] == FAULT_REPORT:
            continue
        of_kind, n, newest = sums.get(tally.period, (0, 0, tally.as_of))
        of_kind += tally.records if tally.breakdown[0] == kind else 0
        sums[tally.period] = of_kind, n + tally.records, max(newest, tally.as_of)
    answers = {
        period: Answer(Ratio(Fraction(100 * of_kind), n), newest)
        for period, (of_kind, n, newest) in sums.items()
    }
    return {(KEY, WHOLE): answers} if answers else {}


def share_of_city(found: Found, entity: str, periods: Sequence[Period]) -> Cells:
    """The share in all of the city's feedback, where all of its divisions are heard from."""
    if found.city is None:
        return {}
    mine, everybody = _received(found, entity), _received(found, found.city.entity)
    divisions = [(_received(found, name), span) for name, span in found.city.divisions]
    answers = {}
    for number, period in enumerate(periods):
        last = period.span.last
        silent = any(
            span.first <= last <= span.last and number not in received
            for received, span in divisions
        )
        if number not in everybody:
            continue
        n, newest = everybody[number]
        count, _ = mine.get(number, (0, newest))
        answers[number] = (
            Answer(None, flags=("partial_coverage",))
            if silent
            else Answer(Ratio(Fraction(100 * count), n), newest)
        )
    return {(KEY, WHOLE): answers} if answers else {}


def _received(found: Found, entity: str) -> dict[int, tuple[int, datetime]]:
    """Messages by period, of all kinds."""
    sums: dict[int, tuple[int, datetime]] = {}
    for tally in found.tallies.get(("feedback", entity), ()):
        count, newest = sums.get(tally.period, (0, tally.as_of))
        sums[tally.period] = count + tally.records, max(newest, tally.as_of)
    return sums


def answers(found: Found, definition: Definition, entity: str) -> Cells:
    """How promises were kept or how long answers took, in total and by kind."""
    judge = _JUDGES[definition.metric]
    fates: dict[Breakdown, dict[int, list[tuple[Fate, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    newest: dict[int, datetime] = {}
    for tally in found.fates.get(entity, ()):
        for breakdown in _breakdowns(tally.kind):
            fates[breakdown][tally.period].append((tally.fate, tally.messages))
        newest[tally.period] = max(newest.get(tally.period, tally.as_of), tally.as_of)
    return {
        (KEY, breakdown): {
            period: _judged(judge(listed), newest[period]) for period, listed in by_period.items()
        }
        for breakdown, by_period in fates.items()
    }


def _judged(judged: Judged, as_of: datetime) -> Answer:
    pending = ("pending",) if judged.beside.get("pending") else ()
    return Answer(judged.ratio, as_of, n=judged.n, beside=judged.beside, flags=pending)


def overdue(found: Found, entity: str, periods: int) -> Cells:
    """How many messages stood unanswered past their day at the end of each period."""
    cells: dict[tuple[Key, Breakdown], dict[int, tuple[int, datetime]]] = {}
    for one in found.overdue.get(entity, ()):
        for breakdown in _breakdowns(one.kind):
            by_period = cells.setdefault((KEY, breakdown), {})
            for period in range(one.known, periods):
                stock, newest = by_period.get(period, (0, one.as_of))
                stock += one.messages if one.start <= period < one.end else 0
                by_period[period] = stock, max(newest, one.as_of)
    return {
        cell: {
            period: Answer(Ratio(Fraction(stock), stock), newest, heard=True)
            for period, (stock, newest) in by_period.items()
        }
        for cell, by_period in cells.items()
    }


def _breakdowns(kind: str) -> tuple[Breakdown, Breakdown]:
    return WHOLE, (("kind", kind),)
