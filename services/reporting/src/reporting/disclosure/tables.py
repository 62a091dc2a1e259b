"""Counts that are published together, and the sums in which they stand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

CountId = str
"""One count has one id, wherever it shows."""


class Equation(NamedTuple):
    """A published sum: a parent and its children with its own cell, a year and its months, all."""

    total: CountId
    parts: tuple[CountId, ...]

    @property
    def members(self) -> tuple[CountId, ...]:
        """The total, then its parts."""
        return (self.total, *self.parts)


@dataclass(frozen=True)
class Tables:
    """What a release would say, before anything is hidden.

    Raises:
        ValueError: a count is negative, an equation names a count that is not there, or does not
            add up.
    """

    counts: Mapping[CountId, int]
    equations: Sequence[Equation]
    k: Mapping[CountId, int]
    """By count how many persons must stand behind it; 1: nobody's act, never hidden by itself."""
    published: Collection[CountId] = field(default=frozenset())
    """Counts that an earlier release said: they stay published, since they are known."""
    hidden: Collection[CountId] = field(default=frozenset())
    """Counts that an earlier release hid: they stay hidden."""
    unprinted: Collection[CountId] = field(default=frozenset())
    """Counts that nobody prints, such as a parent's own: hiding one costs nothing, and only one of
    few persons needs protection."""

    def __post_init__(self) -> None:
        for name, count in self.counts.items():
            if count < 0:
                raise ValueError(f"{name} counts fewer than nothing")
        for equation in self.equations:
            missing = [name for name in equation.members if name not in self.counts]
            if missing:
                raise ValueError(f"{equation.total} adds up {missing[0]}, which is not there")
            if self.counts[equation.total] != sum(map(self.counts.__getitem__, equation.parts)):
                raise ValueError(f"{equation.total} is not the sum of its parts")

    @cached_property
    def sums(self) -> Mapping[CountId, Sequence[int]]:
        """By count the equations that it stands in, by their index."""
        found: dict[CountId, list[int]] = {name: [] for name in self.counts}
        for index, equation in enumerate(self.equations):
            for name in equation.members:
                found[name].append(index)
        return found

    @cached_property
    def primary(self) -> frozenset[CountId]:
        """Counts of 1 to k - 1: so few persons that they might know each other."""
        return frozenset(
            name for name, count in self.counts.items() if 0 < count < self.k.get(name, 1)
        )

    def may_be_hidden(self, name: CountId) -> bool:
        """Whether hiding a count helps: zeros are always published, and so is what was."""
        return self.counts[name] > 0 and name not in self.published
