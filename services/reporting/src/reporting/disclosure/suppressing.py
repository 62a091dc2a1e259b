"""Secondary suppression: a modular greedy that hides what protects each hidden count, no more.

A hidden count is protected where the release, read by somebody who knows every rule, leaves room
enough for it: a primary one may be k more than it is, any other one may differ by two. Each count
is taken in turn; a linear program finds the cheapest way to move it by so much without changing any
published sum, where moving what is hidden already costs nothing; what else must move is hidden too.
Since the hidden only become more, every count stays protected. The sums around the count are
looked at first, then wider rings of them, and all of them at last (J. Kelly, B. Golden, A. Assad,
"Cell suppression: disclosure protection for sensitive tabular data", Networks 22, 1992).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array

from reporting.disclosure.tables import CountId, Tables

OPEN: Final = 2
"""How much room a count has that is hidden only to protect another."""
RINGS: Final = (2, 4)
"""How far around a count its neighbours are looked for before all sums are."""
_MOVED: Final = 1e-6


@dataclass(frozen=True)
class Suppression:
    """What is hidden, for the approver to see; readers see no difference between the two."""

    primary: frozenset[CountId]
    secondary: frozenset[CountId]
    dropped: frozenset[CountId]
    """Counts without any protection to be found: nothing that adds up with them is published."""
    loss: int
    """Events in the counts that are hidden to protect others."""

    @property
    def hidden(self) -> frozenset[CountId]:
        """All that is not published."""
        return self.primary | self.secondary | self.dropped


def suppress(tables: Tables) -> Suppression:
    """Hides what must be hidden, and as little besides as the greedy finds."""
    greedy = _Greedy(tables)
    greedy.protect({name: tables.k[name] for name in tables.primary})
    while unsettled := greedy.secondary - greedy.settled - greedy.dropped:
        greedy.protect(dict.fromkeys(unsettled, OPEN))
    secondary = frozenset(greedy.secondary - greedy.dropped)
    return Suppression(
        tables.primary,
        secondary,
        frozenset(greedy.dropped),
        sum(tables.counts[name] for name in secondary),
    )


class _Greedy:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.hidden: set[CountId] = set(tables.primary) | set(tables.hidden)
        self.settled: set[CountId] = set()
        self.dropped: set[CountId] = set()

    @property
    def secondary(self) -> set[CountId]:
        return self.hidden - self._tables.primary - set(self._tables.unprinted)

    def protect(self, room: Mapping[CountId, int]) -> None:
        """Gives each count its room; the least first, whose neighbours protect the others too."""
        counts = self._tables.counts
        for name in sorted(room, key=lambda one: (counts[one], one)):
            if name in self.settled or name in self.dropped:
                continue
            if not self._tables.sums[name]:
                self.settled.add(name)  # nothing adds up with it
            elif not any(self._moved(name, room[name], rings) for rings in (*RINGS, None)):
                self._drop(name)

    def _moved(self, name: CountId, room: int, rings: int | None) -> bool:
        """Hides what has to move with a count; False where it cannot move within these rings."""
        near = self._around(name, rings)
        ways = [_cheapest(self._tables, near, self.hidden, name, room)]
        if name not in self._tables.primary and self._tables.counts[name] > room:
            ways.append(_cheapest(self._tables, near, self.hidden, name, -room))
        found = [way for way in ways if way is not None]
        if not found:
            return False
        moves = min(found, key=lambda way: sum(self._cost(one) for one in way))
        self.hidden |= moves.keys()
        self.settled.add(name)
        self.settled |= {
            one
            for one, move in moves.items()
            if (move >= self._tables.k[one] if one in self._tables.primary else abs(move) >= OPEN)
        }
        return True

    def _cost(self, name: CountId) -> int:
        free = name in self.hidden or name in self._tables.unprinted
        return 0 if free else self._tables.counts[name]

    def _around(self, name: CountId, rings: int | None) -> Collection[int]:
        """The sums within so many steps of a count; all of them for None."""
        tables = self._tables
        if rings is None:
            return range(len(tables.equations))
        sums, edge = set(tables.sums[name]), set(tables.sums[name])
        for _ in range(rings - 1):
            members = {
                member
                for index in edge
                for member in tables.equations[index].members
                if tables.may_be_hidden(member)
            }
            edge = {index for member in members for index in tables.sums[member]} - sums
            sums |= edge
        return sums

    def _drop(self, name: CountId) -> None:
        """Hides everything that hangs together with a count that nothing protects."""
        reached, edge = {name}, {name}
        while edge:
            edge = {
                member
                for one in edge
                for index in self._tables.sums[one]
                for member in self._tables.equations[index].members
                if self._tables.may_be_hidden(member)
            } - reached
            reached |= edge
        self.hidden |= reached
        self.dropped |= reached


def _cheapest(
    tables: Tables, near: Collection[int], hidden: Collection[CountId], name: CountId, room: int
) -> dict[CountId, float] | None:
    """What moves, and by how much, when a count moves by `room` and every sum still holds.

    None where nothing can. A count that stands in a sum outside of `near` stays as it is.
    """
    inside = set(near)
    movable = sorted(
        {
            member
            for index in inside
            for member in tables.equations[index].members
            if tables.may_be_hidden(member) and inside.issuperset(tables.sums[member])
        }
    )
    column = {member: number for number, member in enumerate(movable)}
    if name not in column:
        return None
    counts = np.array([tables.counts[member] for member in movable], dtype=float)
    down = counts - 1  # a hidden count is at least one: zeros are published
    up = np.full(len(movable), np.inf)
    fixed = column[name]
    price = np.where(
        [member in hidden or member in tables.unprinted for member in movable],
        0.0,
        _prices(counts, down, abs(room)),
    )
    bounds = [(0.0, limit) for limit in (*up, *down)]
    bounds[fixed] = (max(room, 0), max(room, 0))
    bounds[len(movable) + fixed] = (max(-room, 0), max(-room, 0))
    sums = _matrix(tables, sorted(inside), column)
    found = linprog(
        np.concatenate([price, price]),
        A_eq=sums,
        b_eq=np.zeros(sums.shape[0]),
        bounds=bounds,
        method="highs",
    )
    if found.status != 0:
        return None
    moves = found.x[: len(movable)] - found.x[len(movable) :]
    return {
        member: float(move)
        for member, move in zip(movable, moves, strict=True)
        if abs(move) > _MOVED
    }


def _prices(
    counts: NDArray[np.float64], down: NDArray[np.float64], room: int
) -> NDArray[np.float64]:
    """By unit moved: a whole count is lost, however little of it moves."""
    prices: NDArray[np.float64] = counts / np.clip(down, 1, room)
    return prices


def _matrix(tables: Tables, sums: Iterable[int], column: Mapping[CountId, int]) -> coo_array:
    rows, columns, signs = [], [], []
    height = 0
    for index in sums:
        equation = tables.equations[index]
        signed = [(equation.total, -1.0), *((part, 1.0) for part in equation.parts)]
        entries = [(column[member], sign) for member, sign in signed if member in column]
        rows += [height] * len(entries)
        columns += [number for number, _ in entries]
        signs += [sign for _, sign in entries]
        height += 1
    width = len(column)
    shape = (height, 2 * width)
    rows += rows
    signs += [-sign for sign in signs]
    columns += [number + width for number in columns]
    return coo_array((signs, (rows, columns)), shape=shape)
