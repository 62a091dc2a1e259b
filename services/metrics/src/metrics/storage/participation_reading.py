"""Reads what entities returned of participation, and what they told of their measurement."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

import msgspec
from sqlalchemy import Connection

from kokemus.contracts import events
from metrics.domain.participation import Report, Returns, returned
from metrics.domain.practices import PracticeTally
from metrics.storage.record_reading import PLACES

_REPORTS: Final = """
SELECT entity, year, level, method, volume, merged_time, merged_id, updated_at
FROM method_reports WHERE year = ANY(%(years)s)
"""

_VALID: Final = """
SELECT DISTINCT y, e.id FROM unnest(%(years)s::int[]) y
JOIN entity_validities v
  ON make_date(y, 12, 31) BETWEEN v.valid_from AND coalesce(v.valid_to, 'infinity')
JOIN entities e ON e.id = v.entity_id AND e.kind = 'service_entity'
"""

_BELOW: Final = """
WITH service AS (SELECT id FROM entities WHERE kind = 'service_entity'),
     kept AS (SELECT id FROM service UNION SELECT entity FROM method_reports
              WHERE year = ANY(%(years)s))
SELECT y, a.ancestor, a.descendant FROM unnest(%(years)s::int[]) y
JOIN ancestry a ON make_date(y, 12, 31) BETWEEN a.valid_from AND a.valid_to
WHERE a.ancestor IN (SELECT id FROM service UNION SELECT unnest(%(entities)s::text[]))
  AND a.descendant IN (SELECT id FROM kept) AND a.ancestor <> a.descendant
"""

_KINDS: Final = "SELECT id, kind FROM entities WHERE id = ANY(%(entities)s)"


def returns(
    connection: Connection, entities: Sequence[str], years: Collection[int], *, rounds: bool
) -> Returns:
    """The returns of some years, with what the tree was on their last days.

    Args:
        connection: in a read-only transaction.
        entities: whose figures are wanted.
        years: the years.
        rounds: whether every other year with returns is wanted too, to find the base of a change.
    """
    wanted = set(years)
    if rounds:
        wanted.update(
            connection.exec_driver_sql("SELECT DISTINCT year FROM method_reports").scalars()
        )
    asked = {"years": sorted(wanted), "entities": list(entities)}
    valid: dict[int, set[str]] = defaultdict(set)
    for year, entity in connection.exec_driver_sql(_VALID, asked):
        valid[year].add(entity)
    below: dict[tuple[int, str], set[str]] = defaultdict(set)
    for year, ancestor, descendant in connection.exec_driver_sql(_BELOW, asked):
        below[year, ancestor].add(descendant)
    kinds = {row[0]: row[1] for row in connection.exec_driver_sql(_KINDS, asked)}
    reports = [Report(*row) for row in connection.exec_driver_sql(_REPORTS, asked)]
    return Returns(kinds, dict(valid), dict(below), returned(reports))


_AREAS: Final = """
SELECT DISTINCT e.id, e.kind FROM entities e JOIN entity_validities v ON v.entity_id = e.id
WHERE e.kind IN ('city', 'division')
  AND make_date(%(year)s, 12, 31) BETWEEN v.valid_from AND coalesce(v.valid_to, 'infinity')
ORDER BY e.kind, e.id
"""


def areas(connection: Connection, year: int) -> list[str]:
    """The city, then the divisions, that are valid on the last day of a year."""
    return [entity for entity, _ in connection.exec_driver_sql(_AREAS, {"year": year})]


_PRACTICES: Final = (
    PLACES
    + """
SELECT DISTINCT ON (p.ancestor, e.number, r.entity)
       p.ancestor, r.entity, e.number - 1, r.data, r.updated_at
FROM unnest(%(ends)s::date[]) WITH ORDINALITY e(day, number)
JOIN practices r ON r.day <= e.day
JOIN places p ON p.descendant = r.entity AND e.day BETWEEN p.valid_from AND p.valid_to
ORDER BY p.ancestor, e.number, r.entity, r.day DESC
"""
)

_HEARD: Final = (
    PLACES
    + """
SELECT p.ancestor, e.number - 1, sum(x.answers)
FROM unnest(%(ends)s::date[]) WITH ORDINALITY e(day, number)
CROSS JOIN places p
JOIN series s ON s.entity = p.descendant
JOIN stream t ON t.series_id = s.id
JOIN day_counts c ON c.stream_id = t.id AND c.day > e.day - interval '1 year' AND c.day <= e.day
                 AND c.day BETWEEN p.valid_from AND p.valid_to
CROSS JOIN LATERAL (SELECT sum(v) AS answers FROM unnest(c.counts) v) x
GROUP BY 1, 2
"""
)


def practices(
    connection: Connection, entities: Sequence[str], ends: Sequence[date]
) -> dict[str, list[PracticeTally]]:
    """By wanted entity, the newest that it and those under it had told by the end of each period.

    Args:
        connection: in a read-only transaction.
        entities: whose figures are wanted.
        ends: the last day of each period.
    """
    rows = connection.exec_driver_sql(
        _PRACTICES, {"entities": list(entities), "ends": list(ends)}
    ).all()
    owners = sorted({row[1] for row in rows})
    heard = {
        (entity, period): int(answers)
        for entity, period, answers in connection.exec_driver_sql(
            _HEARD, {"entities": owners, "ends": list(ends)}
        )
    }
    found: dict[str, list[PracticeTally]] = defaultdict(list)
    for ancestor, entity, period, data, as_of in rows:
        told = msgspec.convert(data, events.Practice)
        answers = heard.get((entity, period), 0)
        found[ancestor].append(PracticeTally(entity, period, told, answers, as_of))
    return found
