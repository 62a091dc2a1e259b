"""Bounds of hidden counts by linear programs, one component of hidden counts at a time."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, lil_array

from reporting.attacker.published import Cell, Release

OPEN: Final = 2
"""The room that a count needs that is hidden only to protect others."""
_NEARLY: Final = 1e-6
"""Bounds are whole numbers; so much is left to the arithmetic of the solver."""


class Attack(NamedTuple):
    """What can be said of one hidden count, both ends included; None: without end."""

    cell: Cell
    lowest: int
    highest: int | None

    @property
    def falls(self) -> bool:
        """Whether it is known too closely: a primary one needs k of room, any other one two."""
        if self.highest is None:
            return False
        room = self.highest - self.lowest
        if self.cell.primary:
            return room < self.cell.k or self.highest < self.cell.k
        return room < OPEN


class Impossible(Exception):  # noqa: N818 - the release, not an error of ours
    """No counts at all fit what is published."""


def attack(release: Release, *, exact: bool = False) -> list[Attack]:
    """Bounds each hidden count.

    Args:
        release: all that is known, see `published.joined`.
        exact: to the last; without, a count is let go once it is seen to have its room.

    Raises:
        Impossible: the published counts contradict each other.
        ValueError: a sum names a count that the release does not have.
    """
    told_elsewhere = [
        Attack(cell, cell.value, cell.value)
        for cell in release.cells
        if cell.hidden and cell.value is not None
    ]
    bounded = [told for component in _components(release) for told in _bounded(*component, exact)]
    return [*told_elsewhere, *bounded]


_Row = tuple[dict[str, int], int]
"""Hidden members of a sum with their signs, and what they must add up to."""


def _components(release: Release) -> Iterator[tuple[list[Cell], list[_Row]]]:
    hidden = {cell.id: cell for cell in release.cells if cell.value is None}
    values = {cell.id: cell.value for cell in release.cells if cell.value is not None}
    rows: list[_Row] = []
    touching: dict[str, list[int]] = defaultdict(list)
    for one in release.equations:
        signed = [(one.total, -1), *((part, 1) for part in one.parts)]
        strangers = [name for name, _ in signed if name not in hidden and name not in values]
        if strangers:
            raise ValueError(f"a sum names {strangers[0]}, which is no count of the release")
        unknown = {name: sign for name, sign in signed if name in hidden}
        known = sum(sign * values[name] for name, sign in signed if name not in hidden)
        if not unknown and known:
            raise Impossible(one.total)
        for name in unknown:
            touching[name].append(len(rows))
        rows.append((unknown, -known))
    left = set(hidden)
    while left:
        edge, names = {left.pop()}, set[str]()
        used: set[int] = set()
        while edge:
            names |= edge
            fresh = {row for name in edge for row in touching[name]} - used
            used |= fresh
            edge = {name for row in fresh for name in rows[row][0]} - names
        left -= names
        yield [hidden[name] for name in sorted(names)], [rows[row] for row in sorted(used)]


def _bounded(cells: Sequence[Cell], rows: Sequence[_Row], exact: bool) -> Iterator[Attack]:  # noqa: FBT001 - passed on
    column = {cell.id: number for number, cell in enumerate(cells)}
    matrix = lil_array((max(1, len(rows)), len(cells)))
    for number, (members, _) in enumerate(rows):
        for name, coefficient in members.items():
            matrix[number, column[name]] = coefficient
    sums = csr_array(matrix)
    targets = np.array([target for _, target in rows] or [0], dtype=float)
    limits = [(cell.least, cell.most) for cell in cells]
    low, high = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)
    for number, cell in enumerate(cells):
        if not cell.attacked:
            continue
        ends: list[float] = []
        for sign in (1.0, -1.0):
            if not exact and _has_room(cell, low[number], high[number]):
                ends.append(sign * (low if sign > 0 else high)[number])
                continue
            price = np.zeros(len(cells))
            price[number] = sign
            point = _solved(price, sums, targets, limits)
            if point is None:
                ends.append(-math.inf)
                continue
            low, high = np.minimum(low, point), np.maximum(high, point)
            ends.append(sign * float(point[number]))
        lowest = math.ceil(ends[0] - _NEARLY)
        highest = None if math.isinf(ends[1]) else math.floor(-ends[1] + _NEARLY)
        yield Attack(cell, lowest, highest)


def _has_room(cell: Cell, low: float, high: float) -> bool:
    seen = math.floor(high + _NEARLY) if math.isfinite(high) else 0
    return (
        math.isfinite(low)
        and seen >= (cell.k if cell.primary else 0)
        and seen - math.ceil(low - _NEARLY) >= (cell.k if cell.primary else OPEN)
    )


def _solved(
    price: NDArray[np.float64],
    sums: csr_array,
    targets: NDArray[np.float64],
    limits: Sequence[tuple[int, int | None]],
) -> NDArray[np.float64] | None:
    """The point with the least price; None where there is no end to it."""
    found = linprog(price, A_eq=sums, b_eq=targets, bounds=limits, method="highs")
    if found.status == _UNBOUNDED:
        return None
    if found.status != 0:
        raise Impossible(found.message)
    point: NDArray[np.float64] = found.x
    return point


_UNBOUNDED: Final = 3
