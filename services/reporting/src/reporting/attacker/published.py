"""What an attacker has: published counts, their sums, and what earlier releases said of them."""

from collections.abc import Iterable, Sequence

import msgspec


class Cell(msgspec.Struct, frozen=True):
    """One count of a release."""

    id: str
    k: int
    """The rule of its class, which everybody knows."""
    value: int | None = None
    """Null: hidden. Whole, and at least one where it is hidden, since zeros are published."""
    primary: bool = False
    """Whether it is hidden for itself. Only the house knows; it judges the attack, never helps."""
    hidden: bool = False
    """Whether some release hides it, although another one says it."""
    least: int = 1
    most: int | None = None
    """What else is known of a hidden count: both ends included; None: nothing."""
    attacked: bool = True
    """Whether the release hides it on purpose; what no table has a place for is not attacked."""


class Sum(msgspec.Struct, frozen=True):
    """A sum that the release's tables show."""

    total: str
    parts: Sequence[str]


class Release(msgspec.Struct, frozen=True):
    """The counts of one release."""

    cells: Sequence[Cell]
    equations: Sequence[Sum]


def joined(releases: Iterable[Release]) -> Release:
    """Several releases, formats or languages as one: what one of them says is known everywhere.

    Raises:
        ValueError: two of them give one count different values.
    """
    cells: dict[str, Cell] = {}
    sums: dict[tuple[str, ...], Sum] = {}
    for release in releases:
        for cell in release.cells:
            known = cells.get(cell.id, cell)
            values = {known.value, cell.value} - {None}
            if len(values) > 1:
                raise ValueError(f"{cell.id} is told in two ways")
            cells[cell.id] = msgspec.structs.replace(
                known,
                value=next(iter(values), None),
                primary=known.primary or cell.primary,
                hidden=(known.hidden or None in (known.value, cell.value)) and known.attacked,
                least=max(known.least, cell.least),
                most=min((one for one in (known.most, cell.most) if one is not None), default=None),
                attacked=known.attacked and cell.attacked,
            )
        for one in release.equations:
            sums[(one.total, *one.parts)] = one
    return Release(list(cells.values()), list(sums.values()))
