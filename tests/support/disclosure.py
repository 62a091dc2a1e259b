"""Invented tables of counts, what of them is published, and the optimum beside the greedy."""

import random
from collections.abc import Collection, Iterable

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from reporting.attacker.bounding import attack
from reporting.attacker.published import Cell, Release, Sum, joined
from reporting.disclosure.tables import Equation, Tables


class _Growing:
    """Counts and the sums over them."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.sums: list[Equation] = []

    def add(self, total: str, parts: Iterable[str]) -> None:
        equation = Equation(total, tuple(parts))
        self.counts[total] = sum(map(self.counts.__getitem__, equation.parts))
        self.sums.append(equation)


def city(
    seed: int, *, units: int, services: int, months: int, kinds: int = 1, k: int = 5, mean: int = 12
) -> Tables:
    """A tree of a city, services and units by month and kind; years and all kinds are sums."""
    chance, tree = random.Random(seed), _Growing()
    tops = [f"s{above}" for above in range(services)]
    owns = [f"{top}.own" for top in tops]
    below = {
        top: [f"u{unit}" for unit in range(units) if unit % services == n]
        for n, top in enumerate(tops)
    }
    busy = {f"u{unit}": mean * chance.choice([0.1, 0.5, 1, 3]) for unit in range(units)}
    spans = [f"{month}/{kind}" for month in range(months) for kind in range(kinds)]
    for span in spans:
        for place, events in {**busy, **dict.fromkeys(owns, 1)}.items():
            tree.counts[f"{place}/{span}"] = int(chance.expovariate(1 / events))
        for top, own in zip(tops, owns, strict=True):
            tree.add(f"{top}/{span}", [f"{part}/{span}" for part in [own, *below[top]]])
        tree.add(f"city/{span}", [f"{top}/{span}" for top in tops])
    for place in [*busy, *owns, *tops, "city"]:
        _over_time_and_kind(tree, place, months, kinds)
    return Tables(tree.counts, tree.sums, dict.fromkeys(tree.counts, k))


def _over_time_and_kind(tree: _Growing, place: str, months: int, kinds: int) -> None:
    for kind in range(kinds):
        tree.add(f"{place}/year/{kind}", [f"{place}/{month}/{kind}" for month in range(months)])
    if kinds > 1:
        for span in [*map(str, range(months)), "year"]:
            tree.add(f"{place}/{span}/all", [f"{place}/{span}/{kind}" for kind in range(kinds)])


def published(tables: Tables, hidden: Collection[str]) -> Release:
    """What a release says of tables when these counts are hidden."""
    return Release(
        [
            Cell(name, tables.k[name], None if name in hidden else count, name in tables.primary)
            for name, count in tables.counts.items()
        ],
        [Sum(one.total, one.parts) for one in tables.equations],
    )


def least_loss(tables: Tables) -> int:
    """The least that any suppression loses which gives each primary count its room.

    A lower bound of the true optimum: nothing is asked of the room of the others.
    """
    names = [name for name, count in tables.counts.items() if count > 0]
    column = {name: number for number, name in enumerate(names)}
    counts = np.array([tables.counts[name] for name in names])
    primaries = sorted(tables.primary)
    width, moves = len(names), 2 * len(primaries)
    size = width * (1 + moves)
    most = float(counts.sum() + max(tables.k.values()))
    rows: list[tuple[dict[int, float], float, float]] = []
    for number in range(moves):
        start = width * (1 + number)
        for equation in tables.equations:
            signed = [(equation.total, -1.0), *((part, 1.0) for part in equation.parts)]
            row = {start + column[name]: sign for name, sign in signed if name in column}
            rows.append((row, 0, 0))
        for index in range(width):
            rows.append(({start + index: 1, index: -most}, -np.inf, 0))
            rows.append(({start + index: 1, index: float(counts[index] - 1)}, 0, np.inf))
    low, high = np.full(size, -most), np.full(size, most)
    low[:width], high[:width] = 0, 1
    for number, name in enumerate(primaries):
        up = width * (1 + 2 * number) + column[name]
        down = up + width
        low[column[name]] = 1
        low[up], high[down] = max(0, tables.k[name] - tables.counts[name]), 0
        rows.append(({up: 1, down: -1}, tables.k[name], np.inf))
    matrix = lil_array((len(rows), size))
    for number, (row, _, _) in enumerate(rows):
        for index, value in row.items():
            matrix[number, index] = value
    price = np.zeros(size)
    price[:width] = [0 if name in tables.primary else tables.counts[name] for name in names]
    found = milp(
        price,
        constraints=LinearConstraint(
            matrix.tocsr(), [low for _, low, _ in rows], [high for _, _, high in rows]
        ),
        bounds=Bounds(low, high),
        integrality=np.r_[np.ones(width), np.zeros(size - width)],
    )
    assert found.status == 0, found.message
    loss: float = found.fun
    return round(loss)


def fallen(releases: Iterable[Release], *, exact: bool = False) -> list[str]:
    """Which hidden counts fall to the attacker who has all these releases."""

    return [one.cell.id for one in attack(joined(releases), exact=exact) if one.falls]
