"""What is asked of the figures, as the domain understands it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from metrics.domain.comparison import earlier
from metrics.domain.definitions import Definition
from metrics.domain.periods import Grain, Period, Span, count_periods, periods

MOST_CELLS: Final = 100_000
"""A question for more is refused: its answer would be no table that anybody reads."""


@dataclass(frozen=True)
class Query:
    """A question for figures. Days are local and included; `today` cuts what has not begun."""

    definitions: tuple[Definition, ...]
    entities: tuple[str, ...]
    asked: Span
    today: date
    grain: Grain = "total"
    channel: str | None = None
    question: str | None = None
    children: bool = False
    observations: bool = False
    change: Literal["previous", "year"] | None = None
    variation: bool = False

    @property
    def periods(self) -> list[Period]:
        """The dense periods of the answer."""
        return periods(*self.asked, self.grain, self.today)

    @property
    def span(self) -> Span | None:
        """The days that can hold answers; None if the first has not come."""
        last = min(self.asked.last, self.today)
        return Span(self.asked.first, last) if self.asked.first <= last else None

    @property
    def earlier(self) -> "Query | None":
        """The same question about the periods to compare with, in the same order."""
        dense = self.periods
        if self.change is None or not dense:
            return None
        how = self.change
        if self.grain == "total":
            asked = earlier(dense[0].span, self.grain, how)
        else:
            asked = Span(
                earlier(dense[0].whole, self.grain, how).first,
                earlier(dense[-1].whole, self.grain, how).last,
            )
        return replace(self, asked=asked)

    def cells(self, targets: int) -> int:
        """At least how many figures so many entities have, before channels multiply them."""
        dense = count_periods(*self.asked, self.grain, self.today)
        return len(self.definitions) * targets * dense


@dataclass(frozen=True, order=True)
class Target:
    """An entity whose figures are wanted, where it stands in the answer."""

    position: int
    """The order in which its entity, or its parent, was asked for."""
    child: str
    """Empty for an entity that was asked for; its id for a child."""
    entity: str
    moved: bool = False
    """A child that hung elsewhere for a part of the time."""
