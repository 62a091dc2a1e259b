"""From what was read to the dense rows of an answer."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from metrics.domain import statutory_cells
from metrics.domain.cell_readers import READERS, Context, Read, feeds
from metrics.domain.cells import WHOLE, Breakdown, Cells
from metrics.domain.comparison import Break, broken
from metrics.domain.definitions import Definition
from metrics.domain.figures import (
    FORMULAS,
    NOTHING,
    TOTAL,
    Answer,
    Dimension,
    Figure,
    Key,
    Place,
    Reported,
    counted,
    reported_for,
    taken_over,
)
from metrics.domain.found import Found
from metrics.domain.periods import Period, Span
from metrics.domain.query import Query, Target


def answer(context: Context) -> list[Figure]:
    """Every figure that was asked for, in the order of `Order`."""
    read = Read(context)
    order = Order(context.query, context.found.targets)
    figures: list[Figure] = []
    for definition in context.query.definitions:
        for target in context.found.targets:
            rows = list(_rows(read, definition, target))
            figures += rows if len(rows) == 1 else sorted(rows, key=order)
    return figures


class Order:
    """The place of a figure in its answer, as plain values: cursors are made of it."""

    def __init__(self, query: Query, targets: Sequence[Target]) -> None:
        self._metrics = {one.metric: place for place, one in enumerate(query.definitions)}
        self._observations = query.observations
        self._targets = {one.entity: (one.position, one.child) for one in targets}

    def __call__(self, figure: Figure) -> list[int | str]:
        """A list that sorts as the figures do."""
        place = figure.place
        return [
            self._metrics[figure.definition.metric],
            *self._targets[place.entity],
            place.key.channel or "",
            place.key.scale or "",
            place.key.family or "",
            "".join(f"{name}={value!s:>3};" for name, value in place.dimension.items()),
            figure.span.first.isoformat(),
            figure.span.last.isoformat(),
            f"{figure.as_of} {figure.reported.order if figure.reported else ''}"
            if self._observations
            else "",
        ]


def marks(found: Found, figure: Figure) -> list[Break]:
    """The marks on a figure's series."""
    of_entity = found.breaks.get(figure.place.entity)
    if not of_entity:
        return []
    series = figure.definition.metric, figure.place.key.channel
    return [one.mark for one in of_entity if (one.metric, one.channel) == series]


def _rows(read: Read, definition: Definition, target: Target) -> Iterator[Figure]:
    cells = READERS[definition.measure](read, definition, target.entity)
    reported = read.found.reported.get((target.entity, definition.metric), ())
    figures = list(_dense(read, definition, target.entity, cells, reported))
    for figure in figures or _nothing(read, definition, target.entity):
        flags = ("moved",) if target.moved else ()
        if broken(figure.span, marks(read.found, figure)):
            flags = (*flags, "series_break")
        yield msgspec.structs.replace(figure, flags=(*figure.flags, *flags)) if flags else figure


def _nothing(read: Read, definition: Definition, entity: str) -> Iterator[Figure]:
    key = Key(read.query.channel) if read.query.channel else NOTHING
    for period in read.periods:
        place = Place(entity, key, period, read.query.grain)
        yield counted(definition, place, Answer(None), read.context.catalogue)


def _dense(
    read: Read,
    definition: Definition,
    entity: str,
    cells: Cells,
    reported: Sequence[Reported],
) -> Iterator[Figure]:
    """The counted figures, each beside or instead of what was published elsewhere."""
    catalogue, grain = read.context.catalogue, read.query.grain
    if read.query.observations:
        for one in reported:
            place = Place(entity, Key(one.channel, one.scale), Period(one.span, one.span), "total")
            yield taken_over(definition, place, one, catalogue)
        reported = ()
        observed = _observed(read, definition, entity)
        for span, key, breakdown, told in observed:
            place = Place(entity, key, Period(span, span), "total", dict(breakdown))
            yield counted(definition, place, told, catalogue)
        cells = {} if observed else cells
    standing = _Standing(read.periods, reported, cells) if reported else None
    for (key, breakdown), by_period in cells.items():
        dimension: Dimension = dict(breakdown) if breakdown else TOTAL
        for number, period in enumerate(read.periods):
            found = by_period.get(number)
            published = standing.beside(key, number) if standing and not breakdown else None
            if published and (found is None or found.ratio is None or found.ratio.n == 0):
                continue
            heard = definition.additive and read.heard(entity, key.channel, number)
            figure = counted(
                definition,
                Place(entity, key, period, grain, dimension),
                found or Answer(None, heard=heard),
                catalogue,
            )
            yield msgspec.structs.replace(figure, reported=published) if published else figure
    for key, number, published in standing.alone() if standing else ():
        place = Place(entity, key, read.periods[number], grain)
        yield (
            taken_over(definition, place, published, catalogue)
            if published
            else counted(definition, place, Answer(None), catalogue)
        )


def _observed(
    read: Read, definition: Definition, entity: str
) -> list[tuple[Span, Key, Breakdown, Answer]]:
    """Every count for a period that was given of the entity itself."""
    if definition.measure == "presses":
        formula = FORMULAS[definition.metric]
        return [
            (one.span, one.key, WHOLE, Answer(formula(one.counts, 0), one.as_of))
            for one in read.found.counted.get(entity, ())
            if feeds(read, definition, one.key)
        ]
    return [
        (given.span, statutory_cells.KEY, breakdown, told)
        for given, breakdown, told in statutory_cells.observed(read.found, definition, entity)
    ]


class _Standing:
    """Which published figure stands for which period, and where it stands alone.

    One without a scale is the same cell as counted answers of any scale.
    """

    def __init__(
        self, periods: Sequence[Period], reported: Sequence[Reported], cells: Cells
    ) -> None:
        by_key: dict[Key, list[Reported]] = defaultdict(list)
        for one in reported:
            by_key[Key(one.channel, one.scale)].append(one)
        self._chosen = {
            key: {number: reported_for(period, listed) for number, period in enumerate(periods)}
            for key, listed in by_key.items()
        }
        self._counted: dict[Key, set[int]] = defaultdict(set)
        self._known = set[Key]()
        for (key, breakdown), by_period in cells.items():
            numbers = {
                number
                for number, one in by_period.items()
                if not breakdown and one.ratio and one.ratio.n
            }
            for cell in (Key(key.channel), Key(key.channel, key.scale)):
                self._known.add(cell)
                self._counted[cell] |= numbers

    def beside(self, key: Key, number: int) -> Reported | None:
        """What was published of a counted key's cell."""
        exact = self._chosen.get(Key(key.channel, key.scale), {}).get(number)
        return exact or self._chosen.get(Key(key.channel), {}).get(number)

    def alone(self) -> Iterator[tuple[Key, int, Reported | None]]:
        """Cells without counted answers: what was published of them, densely."""
        for key, by_period in self._chosen.items():
            if not any(by_period.values()):
                continue
            for number, published in by_period.items():
                if number in self._counted[key]:
                    continue
                if published or key not in self._known:
                    yield key, number, published
