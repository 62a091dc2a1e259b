"""Reads answers by unit, day and hour or touchpoint, for what goes with satisfied answers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from kokemus.contracts.events import SCALE_SIZES
from metrics.domain.atoms import Leaf
from metrics.domain.definitions import Measure
from metrics.domain.drivers import TOUCHPOINTS, Arms
from metrics.domain.figures import Key
from metrics.domain.periods import Period

_LEAVES: Final = """
FROM unnest(%(series)s::int[], %(firsts)s::date[], %(lasts)s::date[])
     WITH ORDINALITY AS l(series, first, last, number)
"""

_HOURS: Final = (
    "SELECT l.number - 1, c.day, c.counts, 0 "
    + _LEAVES
    + "JOIN hour_counts c ON c.series_id = l.series AND c.day BETWEEN l.first AND l.last"
)

_TOUCHPOINTS: Final = (
    "SELECT l.number - 1, c.day, c.counts, array_position(%(touchpoints)s::text[], t.touchpoint)"
    + _LEAVES
    + """
JOIN stream t ON t.series_id = l.series AND t.touchpoint = ANY(%(touchpoints)s::text[])
JOIN day_counts c ON c.stream_id = t.id AND c.day BETWEEN l.first AND l.last
"""
)

_NEWEST: Final = """
SELECT max(updated_at) FROM month_counts WHERE series_id = ANY(%(series)s::int[])
"""

MEASURES: Final[frozenset[Measure]] = frozenset({"hour_drivers", "touchpoint_drivers"})
"""What is read here."""


class _Row(NamedTuple):
    unit: int
    day: int
    satisfied: NDArray[np.int64]
    answered: NDArray[np.int64]


def arms(
    connection: Connection, measure: Measure, leaves: Sequence[Leaf], periods: Sequence[Period]
) -> dict[tuple[str, Key, int], Arms]:
    """The answers of each entity, key and number of the period, by arm."""
    parameters = {
        "series": [leaf.series for leaf in leaves],
        "firsts": [leaf.span.first for leaf in leaves],
        "lasts": [leaf.span.last for leaf in leaves],
        "touchpoints": list(TOUCHPOINTS),
    }
    newest = connection.exec_driver_sql(_NEWEST, parameters).scalar_one()
    statement = _HOURS if measure == "hour_drivers" else _TOUCHPOINTS
    rows: dict[tuple[str, Key, int], list[_Row]] = defaultdict(list)
    for number, day, counts, place in connection.exec_driver_sql(statement, parameters):
        leaf = leaves[number]
        row = _row(leaf, day, counts, place)
        period = _period(day, periods)
        for entity in leaf.entities:
            rows[entity, leaf.key, period].append(row)
    return {cell: _together(listed, newest) for cell, listed in rows.items()}


def _row(leaf: Leaf, day: date, counts: Sequence[int], place: int) -> _Row:
    """A row of answers by hour (place 0), or one whose answers all belong to the arm at a place."""
    values = np.array(counts, dtype=np.int64).reshape(-1, SCALE_SIZES[str(leaf.key.scale)])
    if place:
        alone = np.zeros((len(TOUCHPOINTS), values.shape[1]), dtype=np.int64)
        alone[place - 1] = values[0]
        values = alone
    return _Row(leaf.series, day.toordinal(), values[:, -2:].sum(axis=1), values.sum(axis=1))


def _period(day: date, periods: Iterable[Period]) -> int:
    return next(number for number, one in enumerate(periods) if day <= one.span.last)


def _together(rows: Sequence[_Row], newest: datetime) -> Arms:
    _, unit = np.unique([row.unit for row in rows], return_inverse=True)
    return Arms(
        unit,
        np.array([row.day for row in rows]),
        np.array([row.satisfied for row in rows]),
        np.array([row.answered for row in rows]),
        newest,
    )
