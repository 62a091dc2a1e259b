"""Reads answers by weekday and local hour."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from metrics.domain.atoms import Leaf
from metrics.domain.figures import Key
from metrics.domain.found import HourCell
from metrics.domain.query import Query
from metrics.storage.daily_reading import Numbers, Placed, cursor_of, grouped
from metrics.storage.packed_months import Rows

_DAYS: Final = 7
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGES: Final = """
SELECT series_id, month - date '0001-01-01' + 1, (extract(epoch FROM updated_at) * 1000000)::bigint
FROM month_counts
WHERE series_id = ANY(%(series)s::int[]) AND month >= date_trunc('month', %(first)s::date)
  AND month <= %(last)s
ORDER BY 1, 2
"""


def hours(
    connection: Connection, query: Query, leaves: Sequence[Leaf]
) -> dict[str, list[HourCell]]:
    """Answers of each entity by weekday and hour; as of the newest change of a month with any."""
    placed = Placed(leaves)
    if not leaves:
        return {}
    changes = _Changes.read(connection, placed)
    edges = np.array([period.span.first.toordinal() for period in query.periods])
    sums: dict[tuple[str, Key, int, int], Numbers] = {}
    newest: dict[tuple[str, Key, int], int] = defaultdict(int)
    for rows, atom in placed.hours(cursor_of(connection)):
        period = np.searchsorted(edges, rows.day, side="right") - 1
        cell = atom * len(edges) + period
        weekdays, counts = grouped(cell * _DAYS + (rows.day - 1) % _DAYS, rows.counts)
        for number, ((entity, key), at) in placed.by_cell(weekdays // _DAYS, len(edges)):
            for weekday, of_day in zip((weekdays[at] % _DAYS).tolist(), counts[at], strict=True):
                where = entity, key, number, weekday + 1
                sums[where] = of_day if where not in sums else sums[where] + of_day
        answered: NDArray[np.bool_] = np.any(rows.counts, axis=1)
        cells, moments = changes.newest(cell[answered], rows, answered)
        for number, ((entity, key), at) in placed.by_cell(cells, len(edges)):
            where_as_of = entity, key, number
            newest[where_as_of] = max(newest[where_as_of], int(moments[at].max()))
    found: dict[str, list[HourCell]] = defaultdict(list)
    for (entity, key, number, weekday), counts in sorted(sums.items()):
        as_of = _EPOCH + timedelta(microseconds=newest[entity, key, number])
        by_hour = counts.reshape(24, -1)
        for hour in np.flatnonzero(by_hour.any(axis=1)).tolist():
            told = tuple(by_hour[hour].tolist())
            found[entity].append(HourCell(key, number, weekday, hour, told, as_of))
    return found


class _Changes(NamedTuple):
    """When each month of each series was last counted into, in microseconds."""

    month: Numbers
    """Series and the ordinal of the month's first day, in order."""
    moment: Numbers

    @classmethod
    def read(cls, connection: Connection, placed: Placed) -> "_Changes":
        """Those of the answers that count."""
        series = [one for of_size in placed.series.values() for one in of_size]
        asked = {"series": series, "first": placed.span.first, "last": placed.span.last}
        rows = connection.exec_driver_sql(_CHANGES, asked).all()
        table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3)
        return cls(table[:, 0] << 32 | table[:, 1], table[:, 2])

    def newest(
        self, cell: Numbers, rows: Rows, answered: NDArray[np.bool_]
    ) -> tuple[Numbers, Numbers]:
        """The cells in order, and the newest change of the months of each one's answered rows."""
        # The last month that has begun by a row's day is that of the day.
        month = rows.series[answered].astype(np.int64) << 32 | rows.day[answered]
        moment = self.moment[np.searchsorted(self.month, month, side="right") - 1]
        order = np.argsort(cell, kind="stable")
        starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
        newest: Numbers = np.maximum.reduceat(moment[order], starts) if len(starts) else moment
        return cell[order][starts], newest
