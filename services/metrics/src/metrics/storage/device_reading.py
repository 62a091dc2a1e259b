"""Reads which devices stand under an entity, and when each was heard last."""

from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import Connection


class DeviceRow(NamedTuple):
    """A device in its place.

    Attributes:
        id: the subject of its presses.
        source: who reports its presses.
        device_id: what that source calls it.
        since: the first day on which it stands under the entity.
        heard: the last local day with an answer, wherever it stood; None: never.
    """

    id: str
    source: str
    device_id: str
    since: date
    heard: date | None


_DEVICES: Final = """
SELECT d.subject, d.source, d.device_id, a.valid_from, max(last.day)
FROM ancestry a JOIN devices d ON d.subject = a.descendant
LEFT JOIN stream t ON t.source = d.source AND t.device = d.device_id
LEFT JOIN LATERAL (
    SELECT c.day FROM day_counts c WHERE c.stream_id = t.id ORDER BY c.day DESC LIMIT 1) last
    ON true
WHERE a.ancestor = %(entity)s AND a.ancestor <> a.descendant
  AND %(day)s BETWEEN a.valid_from AND a.valid_to
GROUP BY 1, 2, 3, 4 ORDER BY 1
"""


def devices(connection: Connection, entity: str, day: date) -> list[DeviceRow]:
    """The devices that stand under an entity on a day, by id."""
    rows = connection.exec_driver_sql(_DEVICES, {"entity": entity, "day": day})
    return [DeviceRow(*row) for row in rows]
