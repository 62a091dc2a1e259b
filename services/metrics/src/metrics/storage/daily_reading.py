"""Reads answers by day and by hour, and puts them where they count: by columns, not by rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from sqlalchemy import Connection

from metrics.domain.atoms import Atom, Leaf, plan
from metrics.domain.daily import Daily
from metrics.domain.definitions import SCALE_SIZES
from metrics.domain.figures import Key
from metrics.domain.periods import Span
from metrics.storage import packed_months
from metrics.storage.packed_months import Rows

Numbers = NDArray[np.int64]
Place = tuple[str, Key]
"""An entity and what is never pooled."""


class Placed:
    """Which answers of which days belong to which entities."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        planned = plan(leaves, "day")
        self.atoms: Sequence[Atom] = planned.atoms
        self.span = Span(
            min((piece.span.first for piece in planned.days), default=date.max),
            max((piece.span.last for piece in planned.days), default=date.min),
        )
        self.series: Mapping[int, list[int]] = defaultdict(list)
        """By how many values a scale has, the ids of the series."""
        sizes = [SCALE_SIZES[str(atom.key.scale)] for atom in planned.atoms]
        for size, series in {(sizes[piece.atom], piece.series) for piece in planned.days}:
            self.series[size].append(series)
        pieces = np.array(
            sorted(
                (
                    piece.series,
                    piece.span.first.toordinal(),
                    piece.span.last.toordinal(),
                    piece.atom,
                )
                for piece in planned.days
            ),
            dtype=np.int64,
        ).reshape(-1, 4)
        self._starts = pieces[:, 0] << 32 | pieces[:, 1]
        self._series, self._last, self._atom = pieces[:, 0], pieces[:, 2], pieces[:, 3]

    def days(self, cursor: psycopg.Cursor[Any]) -> Iterator[tuple[Rows, Numbers]]:
        """Parts of the answers by day, each with the numbers of their atoms."""
        return self._of(packed_months.days(cursor, self.series, *self.span))

    def hours(self, cursor: psycopg.Cursor[Any]) -> Iterator[tuple[Rows, Numbers]]:
        """Parts of the answers by hour, each with the numbers of their atoms."""
        return self._of(packed_months.hours(cursor, self.series, *self.span))

    def _of(self, parts: Iterable[Rows]) -> Iterator[tuple[Rows, Numbers]]:
        for rows in parts:
            wanted = rows.series.astype(np.int64) << 32 | rows.day
            piece = np.searchsorted(self._starts, wanted, side="right") - 1
            inside = (
                (piece >= 0)
                & (self._series[piece] == rows.series)
                & (rows.day <= self._last[piece])
            )
            if inside.any():
                yield (rows if inside.all() else rows.kept(inside)), self._atom[piece[inside]]

    def by_place(self, atoms: Numbers) -> dict[Place, Numbers]:
        """By place the indices of its atoms, of which the numbers are given in order."""
        return {place: at for _, (place, at) in self.by_cell(atoms, 1)}

    def by_cell(self, cells: Numbers, periods: int) -> Iterator[tuple[int, tuple[Place, Numbers]]]:
        """Each period and place that has any, with the indices of its cells.

        Args:
            cells: numbers of atoms times `periods`, plus that of the period; in order.
            periods: how many there are.
        """
        found: dict[tuple[int, Place], list[Numbers]] = defaultdict(list)
        ends = np.flatnonzero(np.diff(cells, prepend=-1, append=-1))
        for start, end in pairwise(ends.tolist()):
            atom, period = divmod(int(cells[start]), periods)
            key, entities = self.atoms[atom]
            for entity in entities:
                found[period, (entity, key)].append(np.arange(start, end))
        for (period, place), listed in found.items():
            yield period, (place, np.concatenate(listed))


def cursor_of(connection: Connection) -> psycopg.Cursor[Any]:
    """A cursor of psycopg in the transaction of a connection."""
    cursor: psycopg.Cursor[Any] = connection.connection.cursor()  # type: ignore[assignment]
    return cursor


def grouped(keys: Numbers, counts: NDArray[Any]) -> tuple[Numbers, Numbers]:
    """The distinct keys in order, and the sums of the rows of each."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    sums: Numbers = np.add.reduceat(counts[order], starts, axis=0, dtype=np.int64)
    return ordered[starts], sums


class Found(NamedTuple):
    """What comparing needs."""

    by_day: dict[Place, Daily]
    by_device: dict[tuple[str, Key, int], dict[str, int]]


_DEVICES: Final = """
SELECT id, source || '/' || device FROM stream WHERE id = ANY(%(streams)s)
"""


def by_day(
    connection: Connection, leaves: Sequence[Leaf], starts: Sequence[date], *, devices: bool
) -> Found:
    """The answers of each place by local day, and by device and period; surveys have no devices.

    Args:
        connection: in a read-only transaction.
        leaves: the series to read.
        starts: the first day of each period, in order; each ends where the next begins.
        devices: whether to tell them by device.
    """
    placed = Placed(leaves)
    cursor = cursor_of(connection)
    parts: dict[Place, list[Daily]] = defaultdict(list)
    heard: dict[tuple[str, Key, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    edges = np.array([start.toordinal() for start in starts])
    for rows, atom in placed.days(cursor):
        numbers = np.column_stack((rows.counts, rows.marked))
        keys, sums = grouped(atom << 32 | rows.day, numbers)
        for place, at in placed.by_place(keys >> 32).items():
            days, summed = grouped(keys[at] & 0xFFFFFFFF, sums[at])
            parts[place].append(Daily(days, summed[:, :-1], summed[:, -1]))
        if devices:
            period = np.searchsorted(edges, rows.day, side="right") - 1
            _add_devices(heard, placed, atom * len(starts) + period, len(starts), rows)
    names = _names(connection, heard) if heard else {}
    return Found(
        {place: _joined(listed) for place, listed in parts.items()},
        {
            cell: {names[stream]: count for stream, count in by_stream.items()}
            for cell, by_stream in heard.items()
        },
    )


def _joined(parts: Sequence[Daily]) -> Daily:
    if len(parts) == 1:
        return parts[0]
    days, sums = grouped(
        np.concatenate([one.day for one in parts]),
        np.concatenate([np.column_stack((one.counts, one.marked)) for one in parts]),
    )
    return Daily(days, sums[:, :-1], sums[:, -1])


def _add_devices(
    heard: dict[tuple[str, Key, int], dict[int, int]],
    placed: Placed,
    cell: Numbers,
    periods: int,
    rows: Rows,
) -> None:
    """Adds up the answers of each stream in each cell of atom and period."""
    totals = rows.counts.sum(axis=1, dtype=np.int64)
    keys, sums = grouped(cell << 32 | rows.stream, totals)
    for key, count in zip(keys.tolist(), sums.tolist(), strict=True):
        atom, period = divmod(key >> 32, periods)
        of, entities = placed.atoms[atom]
        if of.channel != "survey":
            for entity in entities:
                heard[entity, of, period][key & 0xFFFFFFFF] += count


def _names(connection: Connection, heard: Mapping[Any, Mapping[int, int]]) -> dict[int, str]:
    streams = sorted({stream for by_stream in heard.values() for stream in by_stream})
    rows = connection.exec_driver_sql(_DEVICES, {"streams": streams})
    return {row[0]: row[1] for row in rows}
