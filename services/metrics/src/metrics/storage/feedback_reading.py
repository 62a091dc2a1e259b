"""Reads what became of feedback: how its promises were kept, and what is overdue."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from metrics.domain.answer_times import Fate
from metrics.domain.found import FateTally, Overdue
from metrics.domain.periods import Span
from metrics.domain.promises import Condition, dues, promise_table
from metrics.domain.query import Query
from metrics.storage.press_reading import filters
from metrics.storage.record_reading import PLACES

_OWED: Final = (
    PLACES
    + """,
dues AS (
    SELECT * FROM unnest(%(days)s::date[], %(subtrees)s::text[], %(promises)s::int[],
                         %(dues)s::date[]) AS d(day, subtree, promise, due)
),
named AS (
    SELECT DISTINCT ON (d.day, a.descendant) d.day, a.descendant AS entity, d.promise, d.due
    FROM dues d JOIN ancestry a
      ON a.ancestor = d.subtree AND d.day BETWEEN a.valid_from AND a.valid_to
    ORDER BY 1, 2, 3 DESC
),
promised AS (
    SELECT p.ancestor, greatest(n.promise, w.promise) AS promise,
           CASE WHEN n.promise > coalesce(w.promise, -1) THEN n.due ELSE w.due END AS due,
           r.kind, r.day, r.contact_left, r.answer_requested, r.answer_possible,
           r.withdrawn_day, r.reacted_day, r.answered_day, r.updated_at
    FROM feedback r
    JOIN places p ON p.descendant = r.entity AND r.day BETWEEN p.valid_from AND p.valid_to
    LEFT JOIN dues w ON w.day = r.day AND w.subtree IS NULL
    LEFT JOIN named n ON n.day = r.day AND n.entity = r.entity
    WHERE r.day BETWEEN %(first)s AND %(last)s AND r.kind IS NOT NULL
      AND (w.promise IS NOT NULL OR n.promise IS NOT NULL)
)
"""
)

_FATES: Final = (
    _OWED
    + """
SELECT ancestor, kind, width_bucket(day, %(starts)s::date[]) - 1, promise,
       contact_left, answer_requested, answer_possible,
       due - day, due < %(today)s, withdrawn_day - day, least(reacted_day, answered_day) - day,
       answered_day - day, count(*), max(updated_at)
FROM promised
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
"""
)

# What is due today is overdue from tomorrow on, also at the end of a period that ends today.
_OVERDUE: Final = (
    _OWED
    + """
SELECT ancestor, kind, promise, contact_left, answer_requested, answer_possible,
       width_bucket(day - 1, %(ends)s::date[]),
       width_bucket(CASE WHEN due = %(today)s THEN due ELSE due - 1 END, %(ends)s::date[]),
       coalesce(width_bucket(least(answered_day, withdrawn_day) - 1, %(ends)s::date[]),
                cardinality(%(ends)s::date[])),
       count(*), max(updated_at)
FROM promised
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
)


def fates(
    connection: Connection, query: Query, entities: Sequence[str], span: Span
) -> dict[str, list[FateTally]]:
    """What became of the messages received in each period, those that no answer was owed to too."""
    parameters = {
        **_parameters(query, entities, span),
        "starts": [period.span.first for period in query.periods],
    }
    found: dict[str, list[FateTally]] = defaultdict(list)
    for entity, kind, period, promise, *rest in connection.exec_driver_sql(_FATES, parameters):
        met, (due, matured, withdrawn, reacted, answered, messages, as_of) = rest[:3], rest[3:]
        owed = _owed(promise, met)
        fate = Fate(due if owed else None, matured, withdrawn, reacted, answered)
        found[entity].append(FateTally(kind, period, fate, messages, as_of))
    return found


def overdue(
    connection: Connection, query: Query, entities: Sequence[str], last: date
) -> dict[str, list[Overdue]]:
    """From the end of which period to that of which one messages stood unanswered past their day.

    A stock: messages count whenever they were received.
    """
    table = promise_table()
    first = min((promise.valid_from for promise in table), default=last)
    parameters = {
        **_parameters(query, entities, Span(first, last)),
        "ends": [period.span.last for period in query.periods],
    }
    found: dict[str, list[Overdue]] = defaultdict(list)
    for entity, kind, promise, *rest in connection.exec_driver_sql(_OVERDUE, parameters):
        met, (known, start, end, messages, as_of) = rest[:3], rest[3:]
        owed = _owed(promise, met)
        one = Overdue(kind, known, start, end if owed else start, messages, as_of)
        found[entity].append(one)
    return found


_CONDITIONS: Final[tuple[Condition, ...]] = ("contact_left", "answer_requested", "answer_possible")


def _owed(promise: int, met: Sequence[bool]) -> bool:
    conditions = [name for name, holds in zip(_CONDITIONS, met, strict=True) if holds]
    return promise_table()[promise].owed(conditions)


def _parameters(query: Query, entities: Sequence[str], span: Span) -> dict[str, Any]:
    listed = [due for due in dues(promise_table(), span.last) if due.day >= span.first]
    return {
        **filters(query, entities, span),
        "days": [due.day for due in listed],
        "subtrees": [due.subtree for due in listed],
        "promises": [due.promise for due in listed],
        "dues": [due.due for due in listed],
        "today": query.today,
    }
