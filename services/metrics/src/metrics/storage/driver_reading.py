"""Reads answers by unit, day and hour or touchpoint, for what goes with satisfied answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from metrics.domain.atoms import Leaf
from metrics.domain.definitions import Measure
from metrics.domain.drivers import TOUCHPOINTS, Arms
from metrics.domain.figures import Key
from metrics.domain.periods import Period
from metrics.storage.daily_reading import Numbers, Placed, cursor_of
from metrics.storage.packed_months import Rows

_TOUCHPOINTS: Final = """
SELECT id, array_position(%(touchpoints)s::text[], touchpoint) - 1 FROM stream
WHERE series_id = ANY(%(series)s::int[]) AND touchpoint = ANY(%(touchpoints)s::text[])
"""
_NEWEST: Final = """
SELECT max(updated_at) FROM month_counts WHERE series_id = ANY(%(series)s::int[])
"""

MEASURES: Final[frozenset[Measure]] = frozenset({"hour_drivers", "touchpoint_drivers"})
"""What is read here."""

_Part = tuple[Rows, Numbers, NDArray[np.signedinteger[Any]]]
"""Rows, the numbers of their atoms, and their answers by arm and value."""


def arms(
    connection: Connection, measure: Measure, leaves: Sequence[Leaf], periods: Sequence[Period]
) -> dict[tuple[str, Key, int], Arms]:
    """The answers of each entity, key and number of the period, by arm."""
    asked = {"series": [leaf.series for leaf in leaves], "touchpoints": list(TOUCHPOINTS)}
    newest = connection.exec_driver_sql(_NEWEST, asked).scalar_one()
    placed = Placed(leaves)
    parts: Iterable[_Part]
    if measure == "hour_drivers":
        parts = (
            (rows, atom, rows.counts.reshape(len(rows.day), 24, -1))
            for rows, atom in placed.hours(cursor_of(connection))
        )
    else:
        places = {row[0]: row[1] for row in connection.exec_driver_sql(_TOUCHPOINTS, asked)}
        parts = _by_touchpoint(placed.days(cursor_of(connection)), places)
    edges = np.array([period.span.first.toordinal() for period in periods])
    found: dict[tuple[str, Key, int], list[Arms]] = defaultdict(list)
    for rows, atom, counts in parts:
        by_value = np.moveaxis(counts, 2, 0)  # summing over a short last axis takes far longer
        satisfied = by_value[-2].astype(np.int32) + by_value[-1]
        answered = sum(by_value[:-2], start=satisfied)
        cell = atom * len(periods) + np.searchsorted(edges, rows.day, side="right") - 1
        order = np.argsort(cell, kind="stable")
        for number, ((entity, key), at) in placed.by_cell(cell[order], len(periods)):
            some = order[at]
            found[entity, key, number].append(
                Arms(rows.series[some], rows.day[some], satisfied[some], answered[some], newest)
            )
    return {cell: _together(listed, newest) for cell, listed in found.items()}


def _together(parts: Sequence[Arms], newest: datetime) -> Arms:
    return Arms(
        np.concatenate([one.unit for one in parts]),
        np.concatenate([one.day for one in parts]),
        np.concatenate([one.satisfied for one in parts]),
        np.concatenate([one.answered for one in parts]),
        newest,
    )


def _by_touchpoint(
    parts: Iterator[tuple[Rows, Numbers]], places: dict[int, int]
) -> Iterator[_Part]:
    """Rows whose answers all belong to one arm, those of other streams left out."""
    for rows, atom in parts:
        place = np.array([places.get(stream, -1) for stream in rows.stream.tolist()])
        known = place >= 0
        counts = np.zeros((int(known.sum()), len(TOUCHPOINTS), rows.counts.shape[1]), np.int32)
        counts[np.arange(len(counts)), place[known]] = rows.counts[known]
        yield rows.kept(known), atom[known], counts
