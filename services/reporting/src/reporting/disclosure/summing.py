"""The sums in which counts of a table stand: over the tree, over breakdowns, over the year."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from reporting.disclosure.hanging import Hanging
from reporting.disclosure.tables import CountId, Equation, Tables
from reporting.domain.releases import Figure, Period

_MONTHS: Final = 12


class Inconsistent(Exception):  # noqa: N818 - the figures, not an error of ours
    """Counts that do not add up: they changed while they were read."""


class Counted(NamedTuple):
    """A count with the figure that prints it."""

    id: CountId
    figure: Figure
    number: int


_Where = tuple[Period, str | None, str | None, tuple[tuple[str, str], ...]]


class Sheet:
    """All counts of a table, and how they add up.

    A parent's own cell, a year that only months and units tell, and what came too late for its
    month are counts that nobody prints and everybody can work out: they are protected too.

    Args:
        hanging: the organisation tree.
        kinds: by grain the kinds of entities that are shown.
        least: how many persons must stand behind a count of an entity in a period.
        fresh: counts that this release prints for the first time.
        kept: counts as earlier releases had them.
        years: whole years of any entity, as they are now.

    Raises:
        Inconsistent: a parent counts less than what hangs under it.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that stands on a sheet
        self,
        hanging: Hanging,
        kinds: Mapping[str, frozenset[str]],
        least: Callable[[str, Period], int],
        fresh: Iterable[Counted],
        kept: Iterable[Counted],
        years: Iterable[Counted],
    ) -> None:
        self._hanging, self._kinds, self._least = hanging, kinds, least
        self._counts: dict[CountId, int] = {}
        self._k: dict[CountId, int] = {}
        self._equations: list[Equation] = []
        self.unprinted: set[CountId] = set()
        self._breakdowns: dict[CountId, list[CountId]] = {}
        self.parents: dict[CountId, CountId] = {}
        """By count the one that it adds up to, together with those beside it."""
        every = [*kept, *fresh]
        for one in every:
            self._add(one.id, one.number, one.figure.entity, one.figure.period)
        self._add_up_the_tree(every)
        self._add_up_breakdowns(every)
        self._add_up_years(every, list(years))

    def tables(self, published: Collection[CountId], hidden: Collection[CountId]) -> Tables:
        """The counts for `suppress`; what nobody prints costs nothing to hide.

        Args:
            published: counts that were printed before.
            hidden: counts that were hidden before.
        """
        known = self._counts.keys()
        return Tables(
            self._counts,
            self._equations,
            self._k,
            known & set(published),
            known & set(hidden),
            frozenset(self.unprinted),
        )

    def breakdown(self, name: CountId) -> Sequence[CountId]:
        """The parts of a count by its breakdown."""
        return self._breakdowns.get(name, ())

    def _add(self, name: CountId, count: int, entity: str, period: Period) -> CountId:
        self._counts[name] = count
        self._k[name] = self._least(entity, period)
        return name

    def _unprinted(self, name: CountId, count: int, like: Counted) -> CountId:
        if count < 0:
            raise Inconsistent(name)
        self.unprinted.add(name)
        return self._add(name, count, like.figure.entity, like.figure.period)

    def _add_up_the_tree(self, every: Iterable[Counted]) -> None:
        places: dict[_Where, dict[str, Counted]] = defaultdict(dict)
        for one in every:
            places[_where(one.figure)][one.figure.entity] = one
        for (period, *_), by_entity in places.items():
            kinds = self._kinds[period.grain]
            children: dict[str, list[Counted]] = defaultdict(list)
            for entity, one in by_entity.items():
                above = self._hanging.nearest(entity, period, kinds)
                if above in by_entity:
                    children[above].append(one)
            for above, below in children.items():
                parent = by_entity[above]
                own = parent.number - sum(one.number for one in below)
                parts = [self._unprinted(f"{parent.id}|own", own, parent)]
                parts += [one.id for one in below]
                self._equations.append(Equation(parent.id, tuple(parts)))
                self.parents.update(dict.fromkeys((one.id for one in below), parent.id))

    def _add_up_breakdowns(self, every: Iterable[Counted]) -> None:
        wholes: dict[tuple[str, _Where], Counted] = {}
        parts: dict[tuple[str, _Where], list[Counted]] = defaultdict(list)
        for one in every:
            period, scale, family, broken_down = _where(one.figure)
            place: tuple[str, _Where] = one.figure.entity, (period, scale, family, ())
            if broken_down:
                parts[place].append(one)
            else:
                wholes[place] = one
        for place, found in parts.items():
            if (whole := wholes.get(place)) is None:
                continue
            if whole.number != sum(one.number for one in found):
                raise Inconsistent(whole.id)
            self._breakdowns[whole.id] = [one.id for one in found]
            self._equations.append(Equation(whole.id, tuple(one.id for one in found)))

    def _add_up_years(self, every: Sequence[Counted], years: Sequence[Counted]) -> None:
        if not {"month", "year"} <= self._kinds.keys():
            return
        wholes = [one for one in every if not one.figure.dimension]
        months: dict[tuple[str, int], list[Counted]] = defaultdict(list)
        heard: dict[int, set[int]] = defaultdict(set)
        below: dict[tuple[str, Period], list[Counted]] = defaultdict(list)
        for one in wholes:
            period = one.figure.period
            if period.grain == "month":
                months[one.figure.entity, period.first.year].append(one)
                heard[period.first.year].add(period.first.month)
            elif above := self._hanging.nearest(one.figure.entity, period, self._kinds["month"]):
                below[above, period].append(one)
        known = {(one.figure.entity, one.figure.period): one for one in years}
        for (above, period), units in below.items():
            if len(heard[period.first.year]) < _MONTHS or (above, period) not in known:
                continue
            year = known[above, period]
            self._link(year, units, months[above, period.first.year])

    def _link(self, year: Counted, units: Sequence[Counted], months: Sequence[Counted]) -> None:
        own = year.number - sum(one.number for one in units)
        self._unprinted(year.id, year.number, year)
        parts = (self._unprinted(f"{year.id}|own", own, year), *(one.id for one in units))
        self._equations.append(Equation(year.id, parts))
        late = year.number - sum(one.number for one in months)
        less = self._unprinted(f"{year.id}|late", abs(late), year)
        told = tuple(one.id for one in months)
        if late >= 0:
            self._equations.append(Equation(year.id, (less, *told)))
            return
        sum_of_months = self._unprinted(f"{year.id}|months", year.number - late, year)
        self._equations.append(Equation(sum_of_months, told))
        self._equations.append(Equation(sum_of_months, (less, year.id)))


def _where(figure: Figure) -> _Where:
    return figure.period, figure.scale, figure.family, tuple(sorted(figure.dimension.items()))
