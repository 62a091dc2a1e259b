"""The gaps of partitions, and counting what the archive has of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg

from kokemus.errors import Unavailable
from metrics.storage.counting import CountingStore, Partition, PartitionState, Slice, Stale


class Gap(NamedTuple):
    """Offsets that the log had lost before they were counted, both ends included."""

    topic: str
    topic_id: str
    partition: int
    first: int
    last: int


class GapStore(CountingStore):
    """Counts into gaps: what is counted shortens them, in the same transaction.

    Ids seen, counts and records are those of the live consumers; only the offsets are the gaps'.
    """

    def gaps(self) -> list[Gap]:
        """Every gap, the first of each partition first."""
        with self._transaction() as cursor:
            rows = cursor.execute(
                "SELECT o.topic, g.topic_id, g.partition, g.first_offset, g.last_offset"
                " FROM gaps g JOIN partition_offsets o USING (topic_id, partition) ORDER BY 2, 3, 4"
            ).fetchall()
        return [Gap(*row) for row in rows]

    def states(self, partitions: Mapping[Partition, str]) -> dict[Partition, PartitionState]:
        """Where the first gap of each partition begins.

        Raises:
            Unavailable: one of them has no gap any more, or the counts were swapped meanwhile.
        """
        with self._transaction() as cursor:
            rows = cursor.execute(
                "SELECT topic_id, partition, min(first_offset), max(tableoid) FROM gaps"
                " GROUP BY 1, 2"
            ).fetchall()
        if self._table is not None and any(row[3] != self._table for row in rows):
            self._table = None
            raise Unavailable("other counts stand in the place of those known")
        states = {(row[0], row[1]): PartitionState(row[2], 0, None, row[3]) for row in rows}
        if partitions.keys() - states.keys():
            raise Unavailable("the gap was filled by somebody else")
        return self._known({key: states[key] for key in partitions})

    def close_up(self, gap: Gap, end: int) -> None:
        """Lets what is left of a gap begin at `end`: before it, all that there was is counted."""
        with self._transaction() as cursor:
            cursor.execute(
                "UPDATE gaps SET first_offset = %s WHERE topic_id = %s AND partition = %s"
                " AND last_offset = %s AND first_offset < %s AND tableoid = %s",
                (end, gap.topic_id, gap.partition, gap.last, end, self._table),
            )
            self._drop_filled(cursor, (gap.topic_id, gap.partition))

    def _lock(self, cursor: psycopg.Cursor[Any], slices: Mapping[Partition, Slice]) -> None:
        for partition, piece in sorted(slices.items()):
            found = cursor.execute(
                "SELECT tableoid FROM gaps"
                " WHERE topic_id = %s AND partition = %s AND first_offset = %s FOR UPDATE",
                (*partition, piece.start),
            ).fetchone()
            if found is None:
                raise Stale(f"the gap of partition {partition[1]} was filled by somebody else")
            if found[0] != self._table:
                raise Stale("other counts stand in the place of those known")

    def _move_offsets(self, cursor: psycopg.Cursor[Any], slices: Mapping[Partition, Slice]) -> None:
        for partition, piece in sorted(slices.items()):
            cursor.execute(
                "UPDATE gaps SET first_offset = %s"
                " WHERE topic_id = %s AND partition = %s AND first_offset = %s",
                (piece.end, *partition, piece.start),
            )
            self._drop_filled(cursor, partition)
            cursor.execute(
                "UPDATE partition_offsets SET applied = applied + %s, repeated = repeated + %s,"
                " updated_at = now() WHERE topic_id = %s AND partition = %s",
                (piece.applied, piece.repeated, *partition),
            )

    @staticmethod
    def _drop_filled(cursor: psycopg.Cursor[Any], partition: Partition) -> None:
        cursor.execute(
            "DELETE FROM gaps"
            " WHERE topic_id = %s AND partition = %s AND first_offset > last_offset",
            partition,
        )
