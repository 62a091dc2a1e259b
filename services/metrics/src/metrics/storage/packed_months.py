"""Answers by day and by hour, read as bytes; months that have come to rest are kept packed.

What is packed of a month says what its rows say, in a form that is read without looking at each of
its numbers. It stands as long as nothing of the month changes: whoever counts into a month takes
its packed rows away in the same transaction, and a month that somebody counts into is not packed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from metrics.domain.definitions import SCALE_SIZES

Cursor = psycopg.Cursor[Any]

MOST_MONTHS: Final = 500
"""Packed in one transaction: nobody counts into them while it runs."""


class Rows(NamedTuple):
    """Answers by value, a row a series and day, and for days also a stream. Columns of one length.

    `day` holds ordinals. `counts` has a column a value, for hours 24 times as many, hour by hour.
    """

    series: NDArray[np.int32]
    day: NDArray[np.int32]
    stream: NDArray[np.int32]
    """Of days only; 0 for hours."""
    marked: NDArray[np.int32]
    """Presses marked as misuse; of days only."""
    counts: NDArray[np.signedinteger[Any]]

    def kept(self, which: NDArray[np.bool_] | slice) -> "Rows":
        """The same with only some rows."""
        return Rows(
            self.series[which],
            self.day[which],
            self.stream[which],
            self.marked[which],
            self.counts[which],
        )


class _Kind(NamedTuple):
    """How days or hours stand in the database."""

    packed: str
    columns: str
    join: str
    arrays: tuple[str, ...]
    times: int
    """How many numbers a row has for each value."""


_OF_MONTH: Final = "c.day >= m.month AND c.day < m.month + interval '1 month'"
_DAYS: Final = _Kind(
    "packed_days",
    "t.id, c.counts, c.misuse",
    f"JOIN stream t ON t.series_id = m.series_id"
    f" JOIN day_counts c ON c.stream_id = t.id AND {_OF_MONTH}",
    ("counts", "misuse"),
    times=1,
)
_HOURS: Final = _Kind(
    "packed_hours",
    "0, c.counts",
    f"JOIN hour_counts c ON c.series_id = m.series_id AND {_OF_MONTH}",
    ("counts",),
    times=24,
)

_ROWS: Final = """
COPY (
    SELECT m.series_id, c.day - date '0001-01-01' + 1, {kind.columns} FROM {months} {kind.join}
    WHERE c.day BETWEEN %(first)s AND %(last)s ORDER BY 1, 2
) TO STDOUT (FORMAT BINARY)
"""
_UNPACKED: Final = """
(SELECT series_id, month FROM month_counts m
 WHERE series_id = ANY(%(series)s)
   AND month BETWEEN date_trunc('month', %(first)s::date) AND %(last)s
   AND NOT EXISTS (
       SELECT FROM {kind.packed} p WHERE (p.series_id, p.month) = (m.series_id, m.month))) m
"""
_LISTED: Final = "unnest(%(series)s::int[], %(months)s::date[]) AS m(series_id, month)"
_PACKED: Final = """
SELECT width, string_agg(rows, ''::bytea) FROM {kind.packed}
WHERE series_id = ANY(%(series)s) AND size = %(size)s
  AND month BETWEEN date_trunc('month', %(first)s::date) AND %(last)s
GROUP BY 1
"""
_WIDTHS: Final = (1, 2, 4)
_HEAD: Final = 19
_TAIL: Final = 2
"""Bytes before and after the rows of a binary COPY."""


def days(
    cursor: Cursor, series: Mapping[int, Sequence[int]], first: date, last: date
) -> Iterator[Rows]:
    """The answers by day and stream, a part at a time; a part has one size of scale.

    Args:
        cursor: in a read-only transaction that sees one state.
        series: the ids of the series, by how many values their scales have.
        first: the first day.
        last: the last day, included.
    """
    return _read(cursor, _DAYS, series, first, last)


def hours(
    cursor: Cursor, series: Mapping[int, Sequence[int]], first: date, last: date
) -> Iterator[Rows]:
    """The answers by day and hour, unmarked ones only; else as `days`."""
    return _read(cursor, _HOURS, series, first, last)


def _read(
    cursor: Cursor, kind: _Kind, series: Mapping[int, Sequence[int]], first: date, last: date
) -> Iterator[Rows]:
    for year in range(first.year, last.year + 1):
        begin, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
        for size, ids in series.items():
            asked = {"series": list(ids), "size": size, "first": begin, "last": end}
            packed = _PACKED.format(kind=kind).encode()
            for width, rows in cursor.execute(packed, asked, binary=True).fetchall():
                yield _within(unpacked(rows, size * kind.times, width), begin, end)
            fresh = _rows(cursor, kind, _UNPACKED.format(kind=kind), asked)
            if len(fresh.day):
                yield fresh


def _within(rows: Rows, first: date, last: date) -> Rows:
    inside = (rows.day >= first.toordinal()) & (rows.day <= last.toordinal())
    return rows if inside.all() else rows.kept(inside)


def _rows(cursor: Cursor, kind: _Kind, months: str, asked: Mapping[str, Any]) -> Rows:
    """What stands in rows of some months of one size of scale, by series and day."""
    element = [("length", ">i4"), ("value", ">i4")]
    size = asked["size"]
    lengths = {name: size * (kind.times if name == "counts" else 1) for name in kind.arrays}
    row = np.dtype(
        [("fields", ">i2"), ("series", element), ("day", element), ("stream", element)]
        + [
            (name, [("bytes", ">i4"), ("head", ">i4", 5), ("of", element, length)])
            for name, length in lengths.items()
        ]
    )
    with cursor.copy(_ROWS.format(kind=kind, months=months).encode(), asked) as copy:
        told = b"".join(copy)
    found = np.frombuffer(told, row, (len(told) - _HEAD - _TAIL) // row.itemsize, _HEAD)
    none = np.zeros(len(found), dtype=np.int32)
    return Rows(
        found["series"]["value"].astype(np.int32),
        found["day"]["value"].astype(np.int32),
        found["stream"]["value"].astype(np.int32),
        found["misuse"]["of"]["value"].sum(axis=1, dtype=np.int32) if kind is _DAYS else none,
        found["counts"]["of"]["value"].astype(np.int32),
    )


def _row(length: int, width: int) -> np.dtype[np.void]:
    columns = [(name, "<i4") for name in ("series", "day", "stream", "marked")]
    return np.dtype([*columns, ("counts", f"<i{width}", length)])


def unpacked(rows: bytes, length: int, width: int) -> Rows:
    """Rows from their bytes, of so many counts each that take `width` bytes."""
    found = np.frombuffer(rows, _row(length, width))
    return Rows(*(found[name] for name in Rows._fields))


def packed(rows: Rows) -> tuple[int, bytes]:
    """Rows as bytes, with how many bytes a count takes."""
    low, high = (int(end(rows.counts)) for end in (np.min, np.max)) if rows.counts.size else (0, 0)
    width = next(one for one in _WIDTHS if -(1 << 8 * one - 1) <= low and high < 1 << 8 * one - 1)
    written = np.empty(len(rows.day), _row(rows.counts.shape[1], width))
    for name, column in zip(Rows._fields, rows, strict=True):
        written[name] = column
    return width, written.tobytes()


_RESTING: Final = """
SELECT m.series_id, m.month, s.scale FROM month_counts m JOIN series s ON s.id = m.series_id
WHERE m.updated_at < now() - %s
  AND NOT EXISTS (SELECT FROM packed_days p WHERE (p.series_id, p.month) = (m.series_id, m.month))
ORDER BY 1, 2 LIMIT %s FOR UPDATE OF m SKIP LOCKED
"""
_KEEP: Final = (
    "INSERT INTO {kind.packed} (series_id, month, size, width, rows) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"  # another packer came first: it read the same under the same lock
)
_DROP: Final = """
WITH changing AS (SELECT * FROM unnest(%b::int[], %b::int[]) AS c(series_id, day)),
gone AS (DELETE FROM packed_days p USING changing c
         WHERE p.series_id = c.series_id AND p.month = date '0001-01-01' + (c.day - 1))
DELETE FROM packed_hours p USING changing c
WHERE p.series_id = c.series_id AND p.month = date '0001-01-01' + (c.day - 1)
"""


def pack(cursor: Cursor, rest: timedelta) -> int:
    """Packs some of the months that nobody has counted into for a while.

    They are locked before they are read, so what is read is all that was counted.

    Args:
        cursor: in a transaction that sees what others commit (READ COMMITTED).
        rest: for how long a month must not have changed.

    Returns:
        How many were packed; fewer than `MOST_MONTHS`: there are no more.
    """
    by_size: dict[int, list[tuple[int, date]]] = defaultdict(list)
    resting = cursor.execute(_RESTING, (rest, MOST_MONTHS)).fetchall()
    for series, month, scale in resting:
        by_size[SCALE_SIZES[scale]].append((series, month))
    for size, months in by_size.items():
        for kind in (_DAYS, _HOURS):
            listed = list(_packed(cursor, kind, size, months))
            cursor.executemany(_KEEP.format(kind=kind).encode(), listed)
    return len(resting)


def _packed(
    cursor: Cursor, kind: _Kind, size: int, months: Sequence[tuple[int, date]]
) -> Iterator[tuple[int, date, int, int, bytes]]:
    """A row a month; one without answers has no bytes."""
    asked = {
        "series": [series for series, _ in months],
        "months": [month for _, month in months],
        "size": size,
        "first": date.min,
        "last": date.max,
    }
    rows = _rows(cursor, kind, _LISTED, asked)
    for series, month in months:
        of_series = rows.kept(slice(*np.searchsorted(rows.series, (series, series + 1))))
        following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        ends = month.toordinal(), following.toordinal()
        width, told = packed(of_series.kept(slice(*np.searchsorted(of_series.day, ends))))
        yield series, month, size, width, told


def unpack(cursor: Cursor, series: object, days: object) -> None:
    """Takes away what is packed of months that change, after their counts were added to.

    Args:
        cursor: of the transaction that counts.
        series: an array of ids of series, as PostgreSQL reads it.
        days: for each of them the ordinal of the month's first day.
    """
    cursor.execute(_DROP, (series, days))
