"""Reads what is known besides figures: entities, sources, breaks, unplaced ids, offsets."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from metrics.domain.status import PartitionRow


class Names(NamedTuple):
    """A name in the city's languages."""

    fi: str
    sv: str | None
    en: str | None


class EntityValidityRow(NamedTuple):
    """Where an entity hung and what it was called, both days included."""

    parent: str | None
    names: Names
    valid_from: date
    valid_to: date | None


class EntityRow(NamedTuple):
    """A node of the organisation tree."""

    id: str
    kind: str
    service_map_id: int | None
    validities: Sequence[EntityValidityRow]


class Page(NamedTuple):
    """Which entities: by kind, by parent, after an id, so many at most."""

    kind: str | None = None
    parent: str | None = None
    after: str = ""
    limit: int = 1000


_ENTITIES: Final = """
WITH page AS (
    SELECT e.id, e.kind, e.service_map_id FROM entities e
    WHERE e.id > %(after)s AND (%(kind)s::text IS NULL OR e.kind = %(kind)s)
      AND (%(parent)s::text IS NULL OR EXISTS (
          SELECT FROM entity_validities p WHERE p.entity_id = e.id AND p.parent = %(parent)s))
      AND (%(id)s::text IS NULL OR e.id = %(id)s)
    ORDER BY e.id LIMIT %(limit)s
)
SELECT page.id, page.kind, page.service_map_id,
       v.parent, v.name_fi, v.name_sv, v.name_en, v.valid_from, v.valid_to
FROM page LEFT JOIN entity_validities v ON v.entity_id = page.id
ORDER BY page.id, v.valid_from
"""


def entities(connection: Connection, page: Page, only: str | None = None) -> list[EntityRow]:
    """A page of entities in the order of their ids."""
    rows = connection.exec_driver_sql(_ENTITIES, {**page._asdict(), "id": only})
    found: dict[str, tuple[str, int | None, list[EntityValidityRow]]] = {}
    for entity, kind, service_map_id, parent, fi, sv, en, first, last in rows:
        _, _, validities = found.setdefault(entity, (kind, service_map_id, []))
        if first is not None:
            validities.append(EntityValidityRow(parent, Names(fi, sv, en), first, last))
    return [EntityRow(entity, *rest) for entity, rest in found.items()]


_UNPLACED: Final = """
WITH RECURSIVE reasoned(entity) AS (
    SELECT min(entity) FROM reason_counts
    UNION ALL
    SELECT (SELECT min(c.entity) FROM reason_counts c WHERE c.entity > reasoned.entity)
    FROM reasoned WHERE reasoned.entity IS NOT NULL
), placed AS MATERIALIZED (
    SELECT a.descendant FROM ancestry a JOIN entities e ON e.id = a.ancestor
)
SELECT id, max(newest) FROM (
    SELECT s.entity, (SELECT max(updated_at) FROM month_counts m WHERE m.series_id = s.id)
    FROM series s WHERE s.entity NOT IN (SELECT descendant FROM placed)
    UNION ALL SELECT entity, max(updated_at) FROM period_counts GROUP BY 1
    UNION ALL SELECT r.entity,
        (SELECT max(updated_at) FROM reason_counts c WHERE c.entity = r.entity)
    FROM reasoned r WHERE r.entity NOT IN (SELECT descendant FROM placed)
    UNION ALL SELECT entity, max(updated_at) FROM feedback GROUP BY 1
    UNION ALL SELECT entity, max(updated_at) FROM complaints GROUP BY 1
    UNION ALL SELECT entity, max(updated_at) FROM ombudsman_counts GROUP BY 1
    UNION ALL SELECT entity, max(updated_at) FROM summaries GROUP BY 1
    UNION ALL SELECT entity, max(updated_at) FROM method_reports GROUP BY 1
    UNION ALL SELECT entity, max(updated_at) FROM games GROUP BY 1
    UNION ALL SELECT entity, max(updated_at) FROM practices GROUP BY 1
    UNION ALL SELECT entity, max(updated_at) FROM reported_figures GROUP BY 1
) counted(id, newest)
WHERE id IS NOT NULL AND id NOT IN (SELECT descendant FROM placed)
GROUP BY id ORDER BY id LIMIT %(limit)s
"""
"""Of reasons, of which there are most rows, each entity is looked up by itself; and when something
changed is asked only of what hangs nowhere."""

MOST_UNPLACED: Final = 10_000
"""More unplaced ids than this are a registry that was never loaded."""


class Unplaced(NamedTuple):
    """An id with counts that hangs nowhere in the tree."""

    id: str
    newest: datetime | None
    """When one of its counts last changed."""


def unplaced(connection: Connection) -> list[Unplaced]:
    """Ids with counts that no entity has, and devices that stand under none, by id."""
    rows = connection.exec_driver_sql(_UNPLACED, {"limit": MOST_UNPLACED})
    return [Unplaced(*row) for row in rows]


class SourceRow(NamedTuple):
    """The last poll of a source, as it was reported."""

    source: str
    polled_at: datetime
    poll: dict[str, Any]


def sources(connection: Connection) -> list[SourceRow]:
    """Every source that was ever polled, by name."""
    rows = connection.exec_driver_sql("SELECT source, polled_at, data FROM sources ORDER BY 1")
    return [SourceRow(*row) for row in rows]


class BreakRow(NamedTuple):
    """A dated mark on a series."""

    break_id: str
    entity: str
    date: date
    metric: str
    channel: str
    kind: str
    what: dict[str, str]


_BREAKS: Final = """
SELECT break_id, entity, date, metric, channel, kind, what FROM series_breaks b
WHERE %(entity)s::text IS NULL OR entity = %(entity)s OR EXISTS (
    SELECT FROM ancestry a WHERE (a.ancestor, a.descendant) = (b.entity, %(entity)s)
       OR (a.ancestor, a.descendant) = (%(entity)s, b.entity))
ORDER BY date, break_id
"""


def breaks(connection: Connection, entity: str | None) -> list[BreakRow]:
    """The marks on an entity, on those above it and on those under it; all without an entity."""
    return [BreakRow(*row) for row in connection.exec_driver_sql(_BREAKS, {"entity": entity})]


_PARTITIONS: Final = """
SELECT topic, topic_id, partition, next_offset, watermark, applied, repeated, dead,
       CASE WHEN stopped_reason IS NOT NULL
            THEN concat_ws(': ', stopped_reason, stopped_detail) END
FROM partition_offsets ORDER BY topic, partition
"""


def partitions(connection: Connection) -> dict[str, list[PartitionRow]]:
    """How far each partition is counted, by topic."""
    found: dict[str, list[PartitionRow]] = defaultdict(list)
    for row in connection.exec_driver_sql(_PARTITIONS):
        found[row[0]].append(PartitionRow(*row))
    return found


class Gap(NamedTuple):
    """Offsets that the log no longer had when they should have been counted."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    noticed_at: datetime


def gaps(connection: Connection) -> list[Gap]:
    """Every gap that is not filled."""
    rows = connection.exec_driver_sql(
        "SELECT coalesce(o.topic, g.topic_id), g.partition, g.first_offset, g.last_offset,"
        " g.noticed_at FROM gaps g LEFT JOIN partition_offsets o USING (topic_id, partition)"
        " ORDER BY 1, 2, 3"
    )
    return [Gap(*row) for row in rows]


def newest_change(connection: Connection) -> datetime | None:
    """When something was last counted."""
    found: datetime | None = connection.exec_driver_sql(
        "SELECT max(updated_at) FROM partition_offsets"
    ).scalar_one()
    return found
