"""Cells of which the live counts say one thing and the rebuilt ones another."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple, Self

from metrics.domain.changes import ChangedCell, Kind
from metrics.domain.participation import last_day

Row = tuple[str, str]
"""A cell's key and what stands in it, both as JSON."""

_KEY: Final = itemgetter(0)

_TELLS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "day_counts": ("presses", ("day",)),
    "month_counts": ("presses", ("month",)),
    "hour_counts": ("presses", ("day",)),
    "period_counts": ("presses", ("period_end",)),
    "survey_results": ("presses", ("period_end",)),
    "reason_counts": ("reasons", ("day",)),
    "feedback": ("feedback", ("day",)),
    "complaints": ("complaints", ("day", "decided_day")),
    "ombudsman_counts": ("ombudsman", ("day",)),
    "matter_counts": ("ombudsman", ("day",)),
    "survey_answers": ("surveys", ("day",)),
    "method_reports": ("participation", ("year",)),
    "games": ("games", ("day",)),
    "practices": ("practices", ("day",)),
    "reported_figures": ("reported", ("period_end",)),
}
"""By table which kind of figure its cells make, and which of their fields are days of it."""


class Pair(NamedTuple):
    """A cell of both sides; None where a side has no such cell."""

    key: str
    live: str | None
    rebuilt: str | None


@dataclass(slots=True)
class Compared:
    """How many cells of a table were compared, and how many of them differ."""

    cells: int = 0
    differing: int = 0


class Differing(NamedTuple):
    """A cell that differs, with its fields by name."""

    table: str
    key: Mapping[str, Any]
    live: Mapping[str, Any] | None
    rebuilt: Mapping[str, Any] | None

    @classmethod
    def of(cls, table: str, pair: Pair) -> Self:
        """A pair that is not equal, read."""
        live, rebuilt = (None if side is None else json.loads(side) for side in pair[1:])
        return cls(table, json.loads(pair.key), live, rebuilt)

    @property
    def sides(self) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        """What stands live and what was rebuilt; where both have the cell, what differs of it."""
        live, rebuilt = self.live, self.rebuilt
        if live is None or rebuilt is None:
            return live, rebuilt
        names = [name for name in live if live[name] != rebuilt[name]]
        return {name: live[name] for name in names}, {name: rebuilt[name] for name in names}

    def named(self, *names: str) -> list[Any]:
        """Everything that either side, or the key, has under these names."""
        sides = (self.key, self.live or {}, self.rebuilt or {})
        found = (side.get(name) for name in names for side in sides)
        return list(dict.fromkeys(value for value in found if value is not None))

    @property
    def days(self) -> list[date]:
        """The days on which figures count it; none for what is not of a day."""
        _, names = _TELLS.get(self.table, (None, ("day", "month", "period_end")))
        return [
            last_day(value) if isinstance(value, int) else date.fromisoformat(value)
            for value in self.named(*names)
        ]

    def changed(self) -> set[ChangedCell]:
        """Whose figures change where the rebuilt counts take the place of the live ones."""
        kind: Kind
        if self.table == "summaries":
            kind = "complaints" if "complaints" in self.named("measure") else "ombudsman"
        elif self.table in _TELLS:
            kind, _ = _TELLS[self.table]
        else:
            return set()
        return {
            ChangedCell(entity, day.toordinal(), kind)
            for entity in self.named("entity")
            for day in self.days
        }


def paired(live: Iterable[Row], rebuilt: Iterable[Row]) -> Iterator[Pair]:
    """Every cell of two sides, both in the order of their keys; holds one row of each."""
    both = merge(((*row, True) for row in live), ((*row, False) for row in rebuilt), key=_KEY)
    for key, sides in groupby(both, _KEY):
        found = {is_live: cell for _, cell, is_live in sides}
        yield Pair(key, found.get(True), found.get(False))


class Range(NamedTuple):
    """Offsets of a partition, both ends included."""

    topic_id: str
    partition: int
    first: int
    last: int


def beyond(lacking: Iterable[Range], known: Iterable[Range]) -> list[Range]:
    """The ranges that are not wholly within others."""
    others = sorted(known)
    found = []
    for one in lacking:
        at = one.first
        for other in others:
            if other[:2] == one[:2] and other.first <= at <= other.last:
                at = other.last + 1
        if at <= one.last:
            found.append(one)
    return found
