"""What was read of a metric and entity, by key, breakdown and period."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from metrics.domain.figures import Answer, Key
from metrics.domain.intervals import Ratio

Breakdown = tuple[tuple[str, str | int], ...]
"""A dimension as a key: names with their values; empty for the total."""

Cells = Mapping[tuple[Key, Breakdown], Mapping[int, Answer]]
"""What was read of one metric and entity: by key and breakdown, then by number of the period."""

WHOLE: Breakdown = ()


class Counts:
    """Counts by key, breakdown and period, with the newest change of each."""

    def __init__(self) -> None:
        self.cells: dict[tuple[Key, Breakdown], dict[int, tuple[int, datetime]]] = {}

    def add(self, cell: tuple[Key, Breakdown], period: int, count: int, as_of: datetime) -> None:
        """Add to a cell of a period."""
        by_period = self.cells.setdefault(cell, {})
        known, newest = by_period.get(period, (0, as_of))
        by_period[period] = known + count, max(newest, as_of)

    def answers(
        self,
        factor: Fraction,
        within: Mapping[tuple[Key, Breakdown], Mapping[int, tuple[int, datetime]]],
    ) -> Cells:
        """The counts times the factor; their n is the count of the first dimension's value."""
        return {
            (key, breakdown): {
                number: Answer(
                    Ratio(factor * count, within.get((key, breakdown[:1]), by_period)[number][0]),
                    as_of,
                )
                for number, (count, as_of) in by_period.items()
            }
            for (key, breakdown), by_period in self.cells.items()
        }
