"""Adds presses to the counts by day, month and hour, by columns and in one order of locking."""

import struct
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, Final, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from metrics.domain.changes import ChangedCell
from metrics.domain.definitions import SCALE_SIZES
from metrics.domain.presses import VALUES, Columns, Stream, Tally, tally
from metrics.storage import packed_months

Cursor = psycopg.Cursor[Any]

_MOST_STREAMS: Final = 500_000
_AFTER_ANY_DAY: Final = 10_000_000


class StreamRows:
    """The row ids of streams and their series, remembered."""

    def __init__(self) -> None:
        self._ids: dict[Stream, tuple[int, int]] = {}

    def clear(self) -> None:
        """Forgets all: a database that was restored may give the same ids to others."""
        self._ids.clear()

    def unknown(self, streams: Sequence[Stream]) -> list[Stream]:
        """Those that `learn` has to find or make, in order."""
        if len(self._ids) > _MOST_STREAMS:
            self.clear()
        return sorted({stream for stream in streams if stream not in self._ids})

    def learn(self, cursor: Cursor, streams: Sequence[Stream]) -> None:
        """Finds or makes the rows of distinct streams; two who make the same get the same."""
        columns = [list(column) for column in zip(*streams, strict=True)]
        columns.append([stream.asker for stream in streams])
        entity, _source, _device, channel, scale, question, _touchpoint, asker = columns
        cursor.execute(_MAKE_SERIES, (entity, channel, scale, question, asker))
        cursor.execute(_MAKE_STREAMS, columns)
        rows = cursor.execute(_FIND_STREAMS, columns).fetchall()
        self._ids.update({streams[number - 1]: (own, series) for number, own, series in rows})

    def of(self, streams: Sequence[Stream]) -> NDArray[np.int64]:
        """One row a stream: the id of its own row and that of its series."""
        return np.array([self._ids[stream] for stream in streams], dtype=np.int64)


_MAKE_SERIES: Final = """
INSERT INTO series (entity, channel, scale, question, asker)
SELECT DISTINCT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
ORDER BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING
"""
_WANTED: Final = """
unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
       %s::text[])
WITH ORDINALITY AS w(entity, source, device, channel, scale, question, touchpoint, asker, number)
JOIN series USING (entity, channel, scale, question, asker)
"""
_MAKE_STREAMS: Final = (
    "INSERT INTO stream (series_id, source, device, touchpoint)"
    f" SELECT series.id, w.source, w.device, w.touchpoint FROM {_WANTED}"
    " ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING"
)
_FIND_STREAMS: Final = (
    f"SELECT w.number, stream.id, series.id FROM {_WANTED}"
    " JOIN stream ON stream.series_id = series.id AND stream.source = w.source"
    " AND stream.device = w.device AND stream.touchpoint = w.touchpoint"
)


def add(cursor: Cursor, presses: Columns, rows: StreamRows) -> set[ChangedCell]:
    """Adds single counts to the days, months and hours; returns the cells that changed."""
    ids = rows.of(presses.streams)
    sizes = np.array([SCALE_SIZES[s.scale] for s in presses.streams], dtype=np.int64)
    days = presses.hour // 24
    for size in np.unique(sizes[np.unique(presses.stream)]).tolist():
        of_size = sizes[presses.stream] == size
        part = presses if of_size.all() else presses.kept(of_size)
        day = days if part is presses else days[of_size]
        stream, series = ids[part.stream, 0], ids[part.stream, 1]
        sums = part.column, part.amount, 2 * VALUES
        _upsert(cursor, "day_counts", "stream_id", tally(stream, day, *sums), size)
        months = tally(series, _month_of(day), *sums)
        _upsert(cursor, "month_counts", "series_id", months, size)
        packed_months.unpack(cursor, *(Int4Array(column) for column in months.cells.T))
        _upsert_hours(cursor, series, day, part, size)
    cells = np.unique(presses.stream * _AFTER_ANY_DAY + days).tolist()
    return {
        ChangedCell(
            presses.streams[cell // _AFTER_ANY_DAY].entity, cell % _AFTER_ANY_DAY, "presses"
        )
        for cell in cells
    }


def _month_of(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ordinal of the first day of each day's month."""
    unix_epoch = date(1970, 1, 1).toordinal()
    days = (day - unix_epoch).astype("datetime64[D]")
    first: NDArray[np.int64] = days.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return first + unix_epoch


@cache
def _upsert_statement(table: str, row: str, size: int, halves: int) -> LiteralString:
    """Adds flat arrays of counts to the rows of a table, `size` numbers a row and half."""
    time = "month" if table == "month_counts" else "day"
    names = ("counts", "misuse")[:halves]
    parts = ", ".join(f"%b::int[] AS {name}" for name in names)
    taken = ", ".join(f"{name}[(i - 1) * {size} + 1 : i * {size}]" for name in names)
    added = ", ".join(
        f"{name} = ARRAY["
        + ", ".join(f"c.{name}[{at}] + excluded.{name}[{at}]" for at in range(1, size + 1))
        + "]"
        for name in names
    )
    stamp = (", updated_at", ", now()", ", updated_at = now()") if halves == 2 else ("", "", "")
    return (
        f"INSERT INTO {table} AS c ({row}, {time}, {', '.join(names)}{stamp[0]})"
        f" SELECT ids[i], date '0001-01-01' + (times[i] - 1), {taken}{stamp[1]}"
        f" FROM (SELECT %b::int[] AS ids, %b::int[] AS times, {parts}) AS p,"
        " generate_subscripts(ids, 1) AS i"
        f" ON CONFLICT ({row}, {time}) DO UPDATE SET {added}{stamp[2]}"
    )


def _upsert(cursor: Cursor, table: str, row: str, cells: Tally, size: int) -> None:
    counts = cells.counts
    cursor.execute(
        _upsert_statement(table, row, size, 2),
        (
            Int4Array(cells.cells[:, 0]),
            Int4Array(cells.cells[:, 1]),
            Int4Array(counts[:, :size]),
            Int4Array(counts[:, VALUES : VALUES + size]),
        ),
    )


def _upsert_hours(
    cursor: Cursor,
    series: NDArray[np.int64],
    day: NDArray[np.int64],
    presses: Columns,
    size: int,
) -> None:
    honest = ~presses.marked
    column = presses.hour % 24 * size + presses.value
    cells = tally(series[honest], day[honest], column[honest], presses.amount[honest], 24 * size)
    cursor.execute(
        _upsert_statement("hour_counts", "series_id", 24 * size, 1),
        (
            Int4Array(cells.cells[:, 0]),
            Int4Array(cells.cells[:, 1]),
            Int4Array(cells.counts),
        ),
    )


class Int4Array:
    """A flat array of numbers that PostgreSQL reads in its binary form.

    Made by columns: adapting a list, or printing it, costs more than all the rest of a batch.
    """

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self.numbers = numbers.ravel()


class _Int4ArrayDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["int4"].array_oid

    def dump(self, obj: Int4Array) -> bytes:
        elements = np.empty(len(obj.numbers), dtype=[("length", ">i4"), ("value", ">i4")])
        elements["length"] = 4
        elements["value"] = obj.numbers
        one_dimension_without_nulls = (1, 0, psycopg.adapters.types["int4"].oid, len(elements), 1)
        return struct.pack(">5i", *one_dimension_without_nulls) + elements.tobytes()


def register(connection: psycopg.Connection[Any]) -> None:
    """Teaches a connection to send what this module sends."""
    connection.adapters.register_dumper(Int4Array, _Int4ArrayDumper)
