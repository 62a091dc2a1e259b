"""Adds to figures how they swing from day to day, and what may be said of their change."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from metrics.domain.answering import marks
from metrics.domain.cell_readers import Context
from metrics.domain.comparison import Change, Side, compare, hold_back
from metrics.domain.daily import variation
from metrics.domain.figures import FORMULAS, Figure, Key
from metrics.domain.intervals import Variation

_NOT_COMPARABLE = Change(None, None, "not_comparable")

_Cell = tuple[str, str, Key, tuple[tuple[str, str | int], ...], int]


def varied(context: Context, figures: Iterable[Figure]) -> list[Figure]:
    """The figures with their variation; for the desk only, and never called an interval."""
    return [
        msgspec.structs.replace(figure, variation=figure.variation or variation_of(context, figure))
        for figure in figures
    ]


def variation_of(context: Context, figure: Figure) -> Variation | None:
    """How much a quality of answers swings between the days of its period."""
    formula = FORMULAS.get(figure.definition.metric)
    daily = context.found.by_day.get((figure.place.entity, figure.place.key))
    if formula is None or daily is None or figure.definition.additive or figure.place.dimension:
        return None
    return variation(daily.between(*(day.toordinal() for day in figure.span)), formula)


def changed(
    now: Context, figures: Sequence[Figure], before: Context, earlier: Iterable[Figure]
) -> list[Figure]:
    """The figures with their change; over a list of entities only those that stand together.

    Args:
        now: of the figures.
        figures: those to compare.
        before: of the earlier ones, whose periods correspond one to one.
        earlier: the figures to compare with.
    """
    known = {_cell(before, figure): figure for figure in earlier}
    changes = [_change(now, figure, before, known) for figure in figures]
    changes = _held_back(now, figures, changes)
    return [
        msgspec.structs.replace(figure, change=change)
        for figure, change in zip(figures, changes, strict=True)
    ]


def _held_back(now: Context, figures: Sequence[Figure], changes: Sequence[Change]) -> list[Change]:
    """Each metric's and period's list of entities is judged together.

    The children of one entity are a list, and so are the entities that were asked for: a parent
    is no unit of its children's list, so what is said of it is the same with and without them.
    """
    parents = {one.entity: one.position for one in now.found.targets if one.child}
    lists: dict[object, list[int]] = defaultdict(list)
    for number, figure in enumerate(figures):
        place = figure.place
        parent = parents.get(place.entity)
        lists[figure.definition.metric, place.key, place.period, parent].append(number)
    judged = list(changes)
    for numbers in lists.values():
        together = hold_back(changes[number] for number in numbers)
        for number, change in zip(numbers, together, strict=True):
            judged[number] = change
    return judged


def _cell(context: Context, figure: Figure) -> _Cell:
    place = figure.place
    number = next(
        (
            number
            for number, period in enumerate(context.query.periods)
            if period.whole == place.period.whole
        ),
        -1,
    )
    dimension = tuple(place.dimension.items())
    return figure.definition.metric, place.entity, place.key, dimension, number


def _change(now: Context, figure: Figure, before: Context, known: dict[_Cell, Figure]) -> Change:
    period = figure.place.period
    cell = _cell(now, figure)
    if cell[-1] < 0 or figure.span != period.span:
        return _NOT_COMPARABLE
    if period.partial and now.query.grain != "total":
        return _NOT_COMPARABLE
    other = known.get(cell) or known.get((*cell[:2], Key(cell[2].channel), *cell[3:]))
    if other is None:
        return Change(None, None, "no_baseline")
    if other.span != other.place.period.span:
        return _NOT_COMPARABLE
    return compare(
        figure.definition,
        _side(now, figure, cell[-1]),
        _side(before, other, cell[-1]),
        marks(now.found, figure),
        hampered=other.status != "no_data",
    )


def _side(context: Context, figure: Figure, number: int) -> Side:
    place = figure.place
    devices = context.found.by_device.get((place.entity, place.key, number), {})
    return Side(figure.span, figure.rounded, variation_of(context, figure), devices)
