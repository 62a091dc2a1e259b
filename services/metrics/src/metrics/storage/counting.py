"""The exactly-once store: offsets, ids seen, counts and records move in one transaction or not.

The database's offsets are the only truth about what is counted; Kafka's own are never read.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import TupleRow

from kokemus.errors import Unavailable
from metrics.domain.batches import Record
from metrics.domain.changes import ChangedCell, encode_cells
from metrics.domain.presses import Columns, Effects
from metrics.storage import press_counts, records

Partition = tuple[str, int]
"""Topic id and partition number: the broker gives a topic that is created anew a new id."""

_CONNECTION_OPTIONS: Final = " ".join(
    f"-c {setting}"
    for setting in (
        # A crash of the database takes the newest counts back together with their offsets.
        "synchronous_commit=off",
        "statement_timeout=60s",
        "idle_in_transaction_session_timeout=15s",
        "jit=off",
    )
)


class Stale(Exception):  # noqa: N818 - named by the reaction: read the database's state again
    """Somebody else moved what this consumer thought it knew: nothing was changed."""


class RefusedByDatabase(Exception):  # noqa: N818 - named by the reaction: find the culprit
    """The database will not store something in this work (SQLSTATE class 22 or 23)."""


class PartitionState(NamedTuple):
    """What the database knows of a partition."""

    next_offset: int
    refused_in_a_row: int
    stopped_reason: str | None
    table: int
    """Which table says so: counts that were swapped in stand in another."""


class Chunk(NamedTuple):
    """Hashes that a shard's log gains, as its entry number `seq`."""

    topic: str
    shard: int
    seq: int
    hashes: bytes


@dataclass(slots=True)
class Slice:
    """The part of a batch that is one partition's: from where to where, and what became of it."""

    topic: str
    start: int
    end: int
    watermark_ms: int
    applied: int = 0
    repeated: int = 0
    dead: int = 0
    refused_in_a_row: int = 0
    stopped_reason: str | None = None
    stopped_detail: str | None = None


@dataclass(slots=True)
class Work:
    """Everything that one transaction does."""

    slices: dict[Partition, Slice]
    chunks: list[Chunk] = field(default_factory=list)
    presses: Columns | None = None
    effects: Effects = field(default_factory=Effects)
    records: list[tuple[Partition, Record]] = field(default_factory=list)


class CountingStore:
    """One consumer's connection to the counts. Not for use by two threads at a time."""

    def __init__(self, database_url: str, zone: ZoneInfo, schema: str | None = None) -> None:
        """Takes a URL of SQLAlchemy's form and the city's zone; connects on first use.

        Without a schema it counts into that of the role.
        """
        self._zone = zone
        self._options = _CONNECTION_OPTIONS + (f" -c search_path={schema}" if schema else "")
        self._table: int | None = None
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._open: psycopg.Connection[TupleRow] | None = None
        self._rows = press_counts.StreamRows()

    def forget(self) -> None:
        """Gives up what is remembered of the database, which may have been restored."""
        self._rows.clear()

    def close(self) -> None:
        """Closes the connection; the next use opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def hash_key(self) -> bytes:
        """The secret under which ids are hashed, made once with the schema."""
        with self._transaction() as cursor:
            return bytes(_one(cursor.execute("SELECT key FROM seen_key"))[0])

    def states(self, partitions: Mapping[Partition, str]) -> dict[Partition, PartitionState]:
        """The state of each partition (by topic id and number, with the topic's name).

        A partition that the database doesn't know gets a row that starts at the beginning.
        """
        wanted = sorted(partitions)
        ids = [topic_id for topic_id, _ in wanted]
        numbers = [number for _, number in wanted]
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT INTO partition_offsets (topic_id, partition, topic)"
                " SELECT * FROM unnest(%s::text[], %s::int[], %s::text[]) ON CONFLICT DO NOTHING",
                (ids, numbers, [partitions[key] for key in wanted]),
            )
            rows = cursor.execute(
                "SELECT topic_id, partition, next_offset, refused_in_a_row, stopped_reason,"
                " o.tableoid FROM partition_offsets AS o"
                " JOIN unnest(%s::text[], %s::int[]) AS w(t, p) ON t = topic_id AND p = partition",
                (ids, numbers),
            ).fetchall()
        return self._known({(row[0], row[1]): PartitionState(*row[2:]) for row in rows})

    def stop(self, partition: Partition, reason: str, detail: str) -> None:
        """Marks a partition as stopped, until the operator resumes it."""
        with self._transaction() as cursor:
            cursor.execute(
                "UPDATE partition_offsets SET stopped_reason = %s, stopped_detail = %s,"
                " updated_at = now() WHERE topic_id = %s AND partition = %s",
                (reason, detail, *partition),
            )

    def record_gap(self, partition: Partition, first: int, last: int) -> None:
        """Moves past offsets that the log no longer has, and records them, in one transaction."""
        with self._transaction() as cursor:
            moved = cursor.execute(
                "UPDATE partition_offsets SET next_offset = %s, updated_at = now()"
                " WHERE topic_id = %s AND partition = %s AND next_offset = %s",
                (last + 1, *partition, first),
            ).rowcount
            if moved:  # else somebody has counted meanwhile what the log has lost since
                cursor.execute(
                    "INSERT INTO gaps (topic_id, partition, first_offset, last_offset)"
                    " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    (*partition, first, last),
                )

    def chunks(self, topic: str, known: Mapping[int, int]) -> Iterator[tuple[int, list[Chunk]]]:
        """Each shard with its chunks from entry `known[shard]` on (0: from the first), in order.

        Holds one shard's answer in memory at a time.
        """
        for shard, first in known.items():
            with self._transaction() as cursor:
                rows = cursor.execute(
                    "SELECT seq, hashes FROM seen WHERE topic = %s AND shard = %s AND seq >= %s"
                    " ORDER BY seq",
                    (topic, shard, first),
                    binary=True,
                ).fetchall()
            yield shard, [Chunk(topic, shard, seq, bytes(hashes)) for seq, hashes in rows]

    def commit(self, work: Work) -> None:
        """Does all of the work, or none of it.

        Raises:
            Stale: the offsets or a shard are not as expected; nothing was changed.
            RefusedByDatabase: something cannot be stored; nothing was changed.
            Unavailable: the database is away; whether the work was done is not known.
        """
        if work.presses is not None and (new := self._rows.unknown(work.presses.streams)):
            # A transaction of its own: rows that describe and count nothing do no harm if left
            # over, and a row id in memory never outlives a transaction that was undone.
            with self._transaction() as cursor:
                self._rows.learn(cursor, new)
        with self._transaction() as cursor:
            self._lock(cursor, work.slices)
            _add_chunks(cursor, work.chunks)
            self._add_effects(cursor, work)
            self._move_offsets(cursor, work.slices)

    def would_store(self, some: Sequence[Record]) -> bool:
        """Whether the database takes these; changes nothing."""
        try:
            with self._transaction() as cursor:
                records.apply(cursor, some, self._zone)
                raise _Undone  # noqa: TRY301 - leaving the block by an exception takes it all back
        except _Undone:
            return True
        except RefusedByDatabase:
            return False

    def _add_effects(self, cursor: psycopg.Cursor[Any], work: Work) -> None:
        changed: set[ChangedCell] = set()
        if work.presses is not None and len(work.presses.stream):
            changed |= press_counts.add(cursor, work.presses, self._rows)
        changed |= records.add_effects(cursor, work.effects)
        won, days = records.apply(cursor, [record for _, record in work.records], self._zone)
        changed |= days
        for (partition, _), did in zip(work.records, won, strict=True):
            work.slices[partition].applied += did
            work.slices[partition].repeated += not did
        if changed:
            self._announce(cursor, changed)

    def _announce(self, cursor: psycopg.Cursor[Any], changed: AbstractSet[ChangedCell]) -> None:
        """Leaves the cells that changed to the relay."""
        cursor.execute("INSERT INTO changed (cells) VALUES (%s)", (encode_cells(changed),))

    def _known(self, states: dict[Partition, PartitionState]) -> dict[Partition, PartitionState]:
        """Takes over which table the states stand in: what is counted goes there, or nowhere."""
        self._table = next((state.table for state in states.values()), self._table)
        return states

    def _lock(self, cursor: psycopg.Cursor[Any], slices: Mapping[Partition, Slice]) -> None:
        """Locks the partitions, in one order, where they stand at the beginning of their slices."""
        wanted = sorted(slices)
        rows = cursor.execute(
            "SELECT topic_id, partition, next_offset, tableoid FROM partition_offsets"
            " WHERE (topic_id, partition) IN (SELECT * FROM unnest(%s::text[], %s::int[]))"
            " ORDER BY topic_id, partition FOR UPDATE",
            ([topic_id for topic_id, _ in wanted], [number for _, number in wanted]),
        ).fetchall()
        if any(row[3] != self._table for row in rows):
            raise Stale("other counts stand in the place of those known")
        found = {(row[0], row[1]): row[2] for row in rows}
        for partition, piece in slices.items():
            if found.get(partition) != piece.start:
                raise Stale(f"partition {partition[1]} of {piece.topic} was moved by somebody else")

    def _move_offsets(self, cursor: psycopg.Cursor[Any], slices: Mapping[Partition, Slice]) -> None:
        """Moves the partitions to the end of their slices."""
        cursor.executemany(
            "UPDATE partition_offsets SET next_offset = %s, applied = applied + %s,"
            " repeated = repeated + %s, dead = dead + %s, refused_in_a_row = %s,"
            # Producers may have set any time: what lies in the future is no time of appending.
            " watermark = greatest(watermark, to_timestamp(greatest("
            "least(%s::bigint / 1000.0, extract(epoch FROM now())), 0))),"
            " stopped_reason = coalesce(%s, stopped_reason),"
            " stopped_detail = coalesce(%s, stopped_detail), updated_at = now()"
            " WHERE topic_id = %s AND partition = %s",
            [
                (
                    piece.end,
                    piece.applied,
                    piece.repeated,
                    piece.dead,
                    piece.refused_in_a_row,
                    piece.watermark_ms,
                    piece.stopped_reason,
                    piece.stopped_detail,
                    *partition,
                )
                for partition, piece in sorted(slices.items())
            ],
        )

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Cursor[Any]]:
        try:
            if self._open is None or self._open.closed:
                self._open = psycopg.connect(
                    self._url,
                    autocommit=True,
                    options=self._options,
                    connect_timeout=5,
                    keepalives_idle=5,
                    keepalives_interval=2,
                    keepalives_count=3,
                    tcp_user_timeout=10_000,
                    prepare_threshold=0,
                )
                press_counts.register(self._open)
            with self._open.transaction(), self._open.cursor() as cursor:
                yield cursor
        except psycopg.Error as error:
            raise self._reaction(error) from error

    def _reaction(self, error: psycopg.Error) -> Exception:
        if isinstance(error, psycopg.DataError | psycopg.IntegrityError):
            return RefusedByDatabase(error.sqlstate)  # psycopg itself refuses some, without a state
        match (error.sqlstate or "")[:2]:
            case "40":
                return Stale(f"the database asked to try again ({error.sqlstate})")
            case "08" | "53" | "57" | "25":
                away = True
            case _:
                away = error.sqlstate is None
        if not away:
            return error
        self.close()
        return Unavailable("the database is away")


class _Undone(Exception):  # noqa: N818 - not an error: it takes a trial back
    """Leaves a transaction without keeping it."""


def _add_chunks(cursor: psycopg.Cursor[Any], chunks: Sequence[Chunk]) -> None:
    """Appends to the shards' logs, only where the entry before is the newest."""
    if not chunks:
        return
    topics, shards, seqs, hashes = (list(column) for column in zip(*chunks, strict=True))
    added = cursor.execute(
        "INSERT INTO seen SELECT * FROM"
        " unnest(%s::text[], %s::smallint[], %s::bigint[], %b::bytea[]) AS n(topic, shard, seq, h)"
        " WHERE seq = 1 OR EXISTS (SELECT FROM seen AS s WHERE s.topic = n.topic"
        " AND s.shard = n.shard AND s.seq = n.seq - 1) ON CONFLICT DO NOTHING",
        (topics, shards, seqs, hashes),
    ).rowcount
    if added != len(chunks):
        raise Stale("a shard of ids seen was written by somebody else")


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    if row is None:
        raise Unavailable("the schema of metrics is incomplete: run its migrations")
    return row
