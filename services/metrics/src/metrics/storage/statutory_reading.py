"""Reads statutory channels: single events by day, and counts that sources gave for a period."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from metrics.domain.definitions import Measure
from metrics.domain.periods import Span
from metrics.domain.query import Query
from metrics.domain.statutory import Observation, Single, Told
from metrics.storage.press_reading import filters
from metrics.storage.record_reading import PLACES

_SINGLES: Final = (
    PLACES
    + """
SELECT p.ancestor, r.entity, r.source, r.{code}, width_bucket(r.{day}, %(starts)s::date[]) - 1,
       r.{day}, {named}, {count}, max(r.updated_at)
FROM {table} r
JOIN places p ON p.descendant = r.entity AND r.{day} BETWEEN p.valid_from AND p.valid_to
WHERE r.{day} BETWEEN %(first)s AND %(last)s AND r.{code} IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING {count} <> 0
"""
)

_BY_MATTER: Final = """
(SELECT jsonb_object_agg(m.matter, m.count) FROM matter_counts m WHERE m.count <> 0
 AND (m.entity, m.source, m.day, m.field) = (r.entity, r.source, r.day, r.field))
"""

_TABLES: Final[dict[Measure, dict[str, str]]] = {
    "complaints": {
        "table": "complaints",
        "code": "kind",
        "day": "day",
        "count": "count(*)",
        "named": "r.reasons",
    },
    "decisions": {
        "table": "complaints",
        "code": "outcome",
        "day": "decided_day",
        "count": "count(*)",
        "named": "NULL::text[]",
    },
    "contacts": {
        "table": "ombudsman_counts",
        "code": "field",
        "day": "day",
        "count": "sum(r.contacts)",
        "named": "NULL::jsonb",
    },
    "matters": {
        "table": "ombudsman_counts",
        "code": "field",
        "day": "day",
        "count": "sum(r.matters)",
        "named": _BY_MATTER,
    },
}

MEASURES: Final = frozenset(_TABLES)
"""What is read here."""

_SUMMARIES: Final = (
    PLACES
    + """
SELECT p.ancestor, s.entity, s.source, s.code, s.period_start, s.period_end, s.as_of, s.event_id,
       s.count, s.reasons
FROM summaries s
JOIN places p ON p.descendant = s.entity AND s.period_end BETWEEN p.valid_from AND p.valid_to
WHERE s.measure = %(measure)s AND s.period_start >= %(first)s AND s.period_end <= %(last)s
"""
)


def told(
    connection: Connection, query: Query, measure: Measure, entities: Sequence[str], span: Span
) -> dict[str, Told]:
    """What single events and counts for a period tell of each entity and those under it."""
    starts = [period.span.first for period in query.periods]
    singles: dict[str, list[Single]] = defaultdict(list)
    for entity, of, source, code, period, day, named, number, as_of in connection.exec_driver_sql(
        _SINGLES.format_map(_TABLES[measure]), {**filters(query, entities, span), "starts": starts}
    ):
        # Each of so many cases gives all of its reasons; matters come counted by code.
        by_name = dict.fromkeys(named, number) if isinstance(named, list) else named or {}
        singles[entity].append(Single(of, source, code, period, day, number, as_of, by_name))
    observations: dict[str, list[Observation]] = defaultdict(list)
    for entity, of, source, code, first, last, *rest in connection.exec_driver_sql(
        _SUMMARIES, {**filters(query, entities, query.asked), "measure": measure}
    ):
        observations[entity].append(Observation(of, source, code, Span(first, last), *rest))
    return {
        entity: Told(observations.get(entity, ()), singles.get(entity, ()))
        for entity in singles.keys() | observations.keys()
    }
