"""Ways of participation: what is in use, who returned, how much is covered, and the change.

A return is of a whole year, and is counted by the tree of that year's last day.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final, NamedTuple

from kokemus.contracts.events import NO_METHODS
from metrics.domain.rounding import rounded_share

LEVELS: Final = (1, 2, 3, 4)

Ways = Mapping[str, int | None]
"""Methods in use with their volumes; None: not counted."""


class Report(NamedTuple):
    """The newest report of a method of an entity's year."""

    entity: str
    year: int
    level: int
    method: str
    volume: int | None
    time: datetime
    id: str
    as_of: datetime


class Return(NamedTuple):
    """What was returned for a year: each level that was, with its ways in use; none: nothing."""

    levels: Mapping[int, Ways]
    as_of: datetime

    def plus(self, other: "Return") -> "Return":
        """Both together: each method once, volumes added."""
        levels = {
            level: _together(self.levels.get(level, {}), other.levels.get(level, {}))
            for level in sorted(self.levels.keys() | other.levels.keys())
        }
        return Return(levels, max(self.as_of, other.as_of))

    def covers(self, required: Iterable[int]) -> bool:
        """Whether each of the levels has at least one way."""
        return all(self.levels.get(level) for level in required)


def _together(one: Ways, other: Ways) -> Ways:
    ways = dict(one)
    for method, volume in other.items():
        known = ways.get(method)
        ways[method] = volume if known is None else known + (volume or 0)
    return ways


def returned(reports: Iterable[Report]) -> dict[tuple[int, str], Return]:
    """By year and entity, what its own reports say.

    In use is a method that was reported after its level was last reported to have none.
    """
    listed = list(reports)
    none = {
        (one.year, one.entity, one.level): (one.time, one.id)
        for one in listed
        if one.method in NO_METHODS
    }
    levels: dict[tuple[int, str], dict[int, dict[str, int | None]]] = {}
    as_of: dict[tuple[int, str], datetime] = {}
    for one in listed:
        place = one.year, one.entity
        as_of[place] = max(as_of.get(place, one.as_of), one.as_of)
        ways = levels.setdefault(place, {}).setdefault(one.level, {})
        cleared = none.get((*place, one.level))
        if one.method not in NO_METHODS and (cleared is None or cleared < (one.time, one.id)):
            ways[one.method] = one.volume
    return {place: Return(found, as_of[place]) for place, found in levels.items()}


Round = Mapping[str, Return | None]
"""What each service entity of a part of the city returned for a year; None: nothing yet."""


class Coverage(NamedTuple):
    """How many service entities are covered, of how many, and who has not returned."""

    covered: int
    valid: int
    missing: tuple[str, ...]

    @property
    def low(self) -> Fraction:
        """Per cent if nobody who is missing is covered."""
        return Fraction(100 * self.covered, self.valid)

    @property
    def high(self) -> Fraction:
        """Per cent if everybody who is missing is covered."""
        return Fraction(100 * (self.covered + len(self.missing)), self.valid)


def coverage(of: Round, required: Iterable[int]) -> Coverage:
    """The coverage of a round by a rule."""
    levels = tuple(required)
    return Coverage(
        sum(one is not None and one.covers(levels) for one in of.values()),
        len(of),
        tuple(sorted(entity for entity, one in of.items() if one is None)),
    )


class CoverageChange(NamedTuple):
    """Percentage points between the printed coverages of the entities of both years."""

    low: int
    high: int
    entities: int
    """How many were valid in both years."""


def coverage_change(now: Round, base: Round, required: Iterable[int]) -> CoverageChange | None:
    """How coverage changed among the entities valid in both years; None: there is none."""
    both = now.keys() & base.keys()
    if not both:
        return None
    levels = tuple(required)
    newer = coverage({one: now[one] for one in both}, levels)
    older = coverage({one: base[one] for one in both}, levels)
    return CoverageChange(
        int(rounded_share(newer.low, 0) - rounded_share(older.high, 0)),
        int(rounded_share(newer.high, 0) - rounded_share(older.low, 0)),
        len(both),
    )


def last_day(year: int) -> date:
    """The day whose tree holds for a year's returns."""
    return date(year, 12, 31)


@dataclass(frozen=True)
class Returns:
    """The returns of some years, with the trees of their last days."""

    kinds: Mapping[str, str]
    """The kind of each entity that is asked about or returned."""
    valid: Mapping[int, AbstractSet[str]]
    """By year, the service entities valid on its last day."""
    below: Mapping[tuple[int, str], AbstractSet[str]]
    """By year and entity, who stands under it on the last day; with itself, or missing."""
    own: Mapping[tuple[int, str], Return]
    """By year and entity, what it reported itself."""

    def sums_up(self, entity: str) -> bool:
        """Whether an entity is counted by its service entities, never by methods."""
        return self.kinds.get(entity) in {"city", "division"}

    def of(self, entity: str, year: int) -> Return | None:
        """What an entity and those under it returned, each method once."""
        whole: Return | None = None
        for one in sorted(self.below.get((year, entity), set()) | {entity}):
            own = self.own.get((year, one))
            if own is not None:
                whole = own if whole is None else whole.plus(own)
        return whole

    def round(self, entity: str, year: int) -> Round:
        """What each service entity valid under an entity, itself included, returned."""
        under = self.below.get((year, entity), set()) | {entity}
        return {one: self.of(one, year) for one in sorted(self.valid.get(year, set()) & under)}

    def base_year(self) -> int | None:
        """The first year whose round is complete: every valid service entity returned."""
        for year in sorted(self.valid):
            everyone = self.valid[year]
            if everyone and all(self.of(one, year) is not None for one in everyone):
                return year
        return None
