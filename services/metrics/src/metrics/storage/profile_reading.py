"""Reads which service entities stand under others."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import Connection

_SERVICE_ENTITIES: Final = """
SELECT a.ancestor, a.descendant
FROM ancestry a JOIN entities e ON e.id = a.descendant AND e.kind = 'service_entity'
JOIN entities w ON w.id = a.ancestor AND w.kind IN ('division', 'city')
WHERE a.ancestor = ANY(%(entities)s) AND %(day)s BETWEEN a.valid_from AND a.valid_to
"""


def service_entities(
    connection: Connection, entities: Sequence[str], day: date
) -> dict[str, frozenset[str]]:
    """The service entities under each division or city that are valid on a day."""
    found: dict[str, set[str]] = defaultdict(set)
    rows = connection.exec_driver_sql(_SERVICE_ENTITIES, {"entities": list(entities), "day": day})
    for whole, entity in rows:
        found[whole].add(entity)
    return {whole: frozenset(under) for whole, under in found.items()}
