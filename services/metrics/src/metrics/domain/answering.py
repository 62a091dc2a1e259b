"""From what was read to the dense rows of an answer."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.domain import (
    drivers,
    feedback_cells,
    participation_cells,
    profiles,
    statutory_cells,
    survey_cells,
)
from metrics.domain.cells import WHOLE, Breakdown, Cells, Counts
from metrics.domain.comparison import Break, broken
from metrics.domain.definitions import Catalogue, Definition, Measure
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
from metrics.domain.intervals import Ratio
from metrics.domain.periods import Period, Span
from metrics.domain.query import Query, Target


@dataclass(frozen=True)
class Context:
    """What every row of an answer shares."""

    query: Query
    found: Found
    catalogue: Catalogue
    zone: ZoneInfo


def answer(context: Context) -> list[Figure]:
    """Every figure that was asked for, in the order of `Order`."""
    read = _Read(context)
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


class _Read:
    """What was read, with what every row needs worked out once."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.query = context.query
        self.found = context.found
        self.periods = context.query.periods
        self._ends = [
            datetime.combine(period.span.last + timedelta(days=1), time(), context.zone)
            for period in self.periods
        ]

    def heard(self, entity: str, channel: str | None, period: int) -> bool:
        """Whether every expected source was heard to the period's end."""
        until = self.found.heard.get((entity, channel or ""))
        return until is not None and until >= self._ends[period]


def marks(found: Found, figure: Figure) -> list[Break]:
    """The marks on a figure's series."""
    of_entity = found.breaks.get(figure.place.entity)
    if not of_entity:
        return []
    series = figure.definition.metric, figure.place.key.channel
    return [one.mark for one in of_entity if (one.metric, one.channel) == series]


def _rows(read: _Read, definition: Definition, target: Target) -> Iterator[Figure]:
    cells = _cells(read, definition, target.entity)
    reported = read.found.reported.get((target.entity, definition.metric), ())
    figures = list(_dense(read, definition, target.entity, cells, reported))
    for figure in figures or _nothing(read, definition, target.entity):
        flags = ("moved",) if target.moved else ()
        if broken(figure.span, marks(read.found, figure)):
            flags = (*flags, "series_break")
        yield msgspec.structs.replace(figure, flags=(*figure.flags, *flags)) if flags else figure


def _nothing(read: _Read, definition: Definition, entity: str) -> Iterator[Figure]:
    key = Key(read.query.channel) if read.query.channel else NOTHING
    for period in read.periods:
        place = Place(entity, key, period, read.query.grain)
        yield counted(definition, place, Answer(None), read.context.catalogue)


def _dense(
    read: _Read,
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
    read: _Read, definition: Definition, entity: str
) -> list[tuple[Span, Key, Breakdown, Answer]]:
    """Every count for a period that was given of the entity itself."""
    if definition.measure == "presses":
        formula = FORMULAS[definition.metric]
        return [
            (one.span, one.key, WHOLE, Answer(formula(one.counts, 0), one.as_of))
            for one in read.found.counted.get(entity, ())
            if _feeds(read, definition, one.key)
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


def _cells(read: _Read, definition: Definition, entity: str) -> Cells:
    return _READERS[definition.measure](read, definition, entity)


def _feeds(read: _Read, definition: Definition, key: Key) -> bool:
    return definition.feeds(*key, asked=bool(read.query.question))


def _press_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    formula = FORMULAS[definition.metric]
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = {}
    for key in read.found.series.get(entity, ()):
        if not _feeds(read, definition, key):
            continue
        by_period = {
            number: Answer(
                formula(one.counts, one.misuse),
                one.as_of,
                counts=one.counts,
                sampling=read.found.samplings.get((entity, key, number), "self_selected"),
            )
            for number, one in read.found.presses.get((entity, key), {}).items()
        }
        zeros = definition.additive and (entity, key.channel) in read.found.heard
        if zeros or any(one.ratio and one.ratio.n for one in by_period.values()):
            cells[key, WHOLE] = {
                number: one._replace(heard=read.heard(entity, key.channel, number))
                if zeros
                else one
                for number, one in by_period.items()
            }
    return cells


def _hour_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    formula = FORMULAS[definition.metric]
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = defaultdict(dict)
    totals: dict[tuple[Key, int], tuple[tuple[int, ...], datetime]] = {}
    for cell in read.found.hours.get(entity, ()):
        if not _feeds(read, definition, cell.key):
            continue
        by_hour = (("weekday", cell.weekday), ("hour", cell.hour))
        cells[cell.key, by_hour][cell.period] = Answer(formula(cell.counts, 0), cell.as_of)
        known, newest = totals.get((cell.key, cell.period), ((0,) * len(cell.counts), cell.as_of))
        totals[cell.key, cell.period] = (
            tuple(map(int.__add__, known, cell.counts)),
            max(newest, cell.as_of),
        )
    for (key, period), (counts, as_of) in totals.items():
        cells[key, WHOLE][period] = Answer(formula(counts, 0), as_of)
    return cells


def _record_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    """Counts of records: the total and each value of the dimension."""
    counts = Counts()
    for tally in read.found.tallies.get((definition.measure, entity), ()):
        key = Key(tally.channel)
        for values in (WHOLE, tuple(zip(definition.dimensions, tally.breakdown, strict=True))):
            counts.add((key, values), tally.period, tally.records, tally.as_of)
    channel = definition.channels[0]
    if (entity, channel) in read.found.heard:
        counts.cells.setdefault((Key(channel), WHOLE), {})
    return counts.answers(Fraction(1), {})


def _reason_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    """Follow-ups by polarity and reason; shares are within the polarity."""
    counts, within = Counts(), Counts()
    for tally in read.found.tallies.get((definition.measure, entity), ()):
        key = Key(tally.channel)
        polarity: Breakdown = (("polarity", tally.breakdown[0]),)
        both: Breakdown = (*polarity, ("reason", tally.breakdown[1]))
        for values in (both,) if definition.unit == "percent" else (WHOLE, polarity, both):
            counts.add((key, values), tally.period, tally.records, tally.as_of)
        within.add((key, polarity), tally.period, tally.records, tally.as_of)
    if definition.additive:
        return counts.answers(Fraction(1), {})
    shares = counts.answers(Fraction(100), within.cells)
    return {
        (key, breakdown): {
            number: one._replace(
                beside={
                    "follow_ups": one.ratio.n if one.ratio else 0,
                    "answers": _of_polarity(read, entity, key, str(breakdown[0][1]), number),
                }
            )
            for number, one in by_period.items()
        }
        for (key, breakdown), by_period in shares.items()
    }


def _of_polarity(read: _Read, entity: str, key: Key, polarity: str, number: int) -> int:
    """The smiley answers of which the follow-ups of a polarity are a part."""
    part = slice(2) if polarity == "negative" else slice(-2, None)
    return sum(
        sum(by_period[number].counts[part])
        for (of, series), by_period in read.found.presses.items()
        if (of, series.channel, series.family) == (entity, key.channel, "overall")
        and number in by_period
    )


def _driver_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    """The differences of each channel, scale and family; five of each at most."""
    (name,) = definition.dimensions
    arms: Sequence[str | int] = range(24) if name == "hour" else drivers.TOUCHPOINTS
    names: list[Breakdown] = [((name, arm),) for arm in arms]
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = defaultdict(dict)
    for (measure, of, key, number), one in read.found.arms.items():
        if (measure, of) == (definition.measure, entity) and _feeds(read, definition, key):
            for breakdown, found in drivers.answers(one, names).items():
                cells[key, breakdown][number] = found
    return cells


def _profile_cells(read: _Read, _definition: Definition, entity: str) -> Cells:
    known = read.found.profiles.get(entity, {})
    return profiles.cells(known, whole=read.query.channel is None)


def _device_cells(read: _Read, entity: str) -> Cells:
    tallies = read.found.devices.get(entity, ())
    by_period = {
        tally.period: Answer(Ratio(Fraction(tally.devices), tally.devices), tally.as_of, heard=True)
        for tally in tallies
    }
    return {(Key("kiosk"), WHOLE): by_period} if by_period else {}


def _feedback_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    if definition.additive:
        return _record_cells(read, definition, entity)
    if definition.metric == "share_of_city":
        return feedback_cells.share_of_city(read.found, entity, read.periods)
    return feedback_cells.shares(read.found, definition, entity)


def _answer_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    return feedback_cells.answers(read.found, definition, entity)


def _overdue_cells(read: _Read, _definition: Definition, entity: str) -> Cells:
    return feedback_cells.overdue(read.found, entity, len(read.periods))


def _rate_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    return survey_cells.rates(read.found, definition, entity)


def _statutory_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    return statutory_cells.cells(read.found, definition, entity, read.periods)


def _participation_cells(read: _Read, definition: Definition, entity: str) -> Cells:
    return participation_cells.returned(read.found, definition, entity, read.periods)


_READERS: Final[Mapping[Measure, Callable[[_Read, Definition, str], Cells]]] = {
    "presses": _press_cells,
    "hours": _hour_cells,
    "reasons": _reason_cells,
    "devices": lambda read, _definition, entity: _device_cells(read, entity),
    "feedback": _feedback_cells,
    "answers": _answer_cells,
    "overdue": _overdue_cells,
    "complaints": _statutory_cells,
    "decisions": _statutory_cells,
    "contacts": _statutory_cells,
    "matters": _statutory_cells,
    "rates": _rate_cells,
    "statements": lambda read, _definition, entity: survey_cells.statements(read.found, entity),
    "methods": _participation_cells,
    "volumes": _participation_cells,
    "coverage": _participation_cells,
    "coverage_change": _participation_cells,
    "games": lambda read, definition, entity: participation_cells.games(
        read.found, definition, entity
    ),
    "practices": lambda read, definition, entity: participation_cells.practices(
        read.found, definition, entity, read.periods
    ),
    "hour_drivers": _driver_cells,
    "touchpoint_drivers": _driver_cells,
    "profile": _profile_cells,
    "reported": lambda _read, _definition, _entity: {},
}
"""How the cells of a metric are put together, by what it is made of."""
