"""Holds every cell of the live counts against the rebuilt ones, where both counted as far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from metrics.archive.rebuilding import Rebuilder
from metrics.domain.changes import ChangedCell
from metrics.domain.differing import Compared, Differing, Range, beyond, paired
from metrics.storage.cell_reading import cells, tables
from metrics.storage.rebuilt import Schemas, gaps, reached

_CHANGED_AT_ONCE: Final = 1_000
"""Cells in one row of the outbox."""


@dataclass(slots=True)
class Comparison:
    """What was found."""

    tables: dict[str, Compared] = field(default_factory=dict)
    lost: list[Range] = field(default_factory=list)
    """Offsets that the live counts have, and that are nowhere any more."""
    lacking: list[Range] = field(default_factory=list)
    """Offsets that the live counts lack, and the rebuilt ones have."""

    @property
    def differing(self) -> int:
        """How many cells differ."""
        return sum(one.differing for one in self.tables.values())


def compare(
    schemas: Schemas, rebuilder: Rebuilder, take: Callable[[Differing], None]
) -> Comparison:
    """Brings the rebuilt counts to one state of the live ones, and compares every cell with it.

    The live ones go on meanwhile: what they count after that state is no difference.

    Args:
        schemas: both counts.
        rebuilder: of the rebuilt ones.
        take: gets every cell that differs.

    Raises:
        CannotRebuildError: the live counts fell back, or are of what metrics does not count.
        Unavailable: database or brokers are away.
        OSError: the storage is away.
    """
    rebuilder.bring_up(schemas.reached())
    schemas.analyse()
    schemas.begin_to_compare()
    found, changed = Comparison(), set[ChangedCell]()
    with schemas.snapshots() as (live, rebuilt):
        rebuilder.bring_up(reached(live, schemas.live))
        theirs, ours = gaps(live, schemas.live), gaps(rebuilt, schemas.rebuilt)
        found.lost, found.lacking = beyond(ours, theirs), beyond(theirs, ours)
        for table in tables(rebuilt, schemas.rebuilt):
            compared = found.tables[table.name] = Compared()
            sides = cells(live, schemas.live, table), cells(rebuilt, schemas.rebuilt, table)
            for pair in paired(*sides):
                compared.cells += 1
                if pair.live == pair.rebuilt:
                    continue
                compared.differing += 1
                one = Differing.of(table.name, pair)
                take(one)
                changed |= one.changed()
                if len(changed) >= _CHANGED_AT_ONCE:
                    schemas.keep_changed(changed)
                    changed.clear()
    if changed:
        schemas.keep_changed(changed)
    schemas.mark_compared()
    return found
