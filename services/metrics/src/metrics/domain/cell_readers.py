"""From what was read to the cells of one metric and entity, by what the metric is made of."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from metrics.domain import (
    drivers,
    feedback_cells,
    participation_cells,
    profiles,
    statutory_cells,
    survey_cells,
)
from metrics.domain.cells import WHOLE, Breakdown, Cells, Counts
from metrics.domain.definitions import Catalogue, Definition, Measure
from metrics.domain.figures import FORMULAS, Answer, Key
from metrics.domain.found import Found
from metrics.domain.intervals import Ratio
from metrics.domain.query import Query


@dataclass(frozen=True)
class Context:
    """What every row of an answer shares."""

    query: Query
    found: Found
    catalogue: Catalogue
    zone: ZoneInfo


class Read:
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


def feeds(read: Read, definition: Definition, key: Key) -> bool:
    """Whether answers of a key count into a metric."""
    return definition.feeds(*key, asked=bool(read.query.question))


def _press_cells(read: Read, definition: Definition, entity: str) -> Cells:
    formula = FORMULAS[definition.metric]
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = {}
    for key in read.found.series.get(entity, ()):
        if not feeds(read, definition, key):
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


def _hour_cells(read: Read, definition: Definition, entity: str) -> Cells:
    formula = FORMULAS[definition.metric]
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = defaultdict(dict)
    totals: dict[tuple[Key, int], tuple[tuple[int, ...], datetime]] = {}
    for cell in read.found.hours.get(entity, ()):
        if not feeds(read, definition, cell.key):
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


def _record_cells(read: Read, definition: Definition, entity: str) -> Cells:
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


def _reason_cells(read: Read, definition: Definition, entity: str) -> Cells:
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


def _of_polarity(read: Read, entity: str, key: Key, polarity: str, number: int) -> int:
    """The smiley answers of which the follow-ups of a polarity are a part."""
    part = slice(2) if polarity == "negative" else slice(-2, None)
    return sum(
        sum(by_period[number].counts[part])
        for (of, series), by_period in read.found.presses.items()
        if (of, series.channel, series.family) == (entity, key.channel, "overall")
        and number in by_period
    )


def _driver_cells(read: Read, definition: Definition, entity: str) -> Cells:
    """The differences of each channel, scale and family; five of each at most."""
    (name,) = definition.dimensions
    arms: Sequence[str | int] = range(24) if name == "hour" else drivers.TOUCHPOINTS
    names: list[Breakdown] = [((name, arm),) for arm in arms]
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = defaultdict(dict)
    for (measure, of, key, number), one in read.found.arms.items():
        if (measure, of) == (definition.measure, entity) and feeds(read, definition, key):
            for breakdown, found in drivers.answers(one, names).items():
                cells[key, breakdown][number] = found
    return cells


def _profile_cells(read: Read, _definition: Definition, entity: str) -> Cells:
    known = read.found.profiles.get(entity, {})
    return profiles.cells(known, whole=read.query.channel is None)


def _device_cells(read: Read, entity: str) -> Cells:
    tallies = read.found.devices.get(entity, ())
    by_period = {
        tally.period: Answer(Ratio(Fraction(tally.devices), tally.devices), tally.as_of, heard=True)
        for tally in tallies
    }
    return {(Key("kiosk"), WHOLE): by_period} if by_period else {}


def _feedback_cells(read: Read, definition: Definition, entity: str) -> Cells:
    if definition.additive:
        return _record_cells(read, definition, entity)
    if definition.metric == "share_of_city":
        return feedback_cells.share_of_city(read.found, entity, read.periods)
    return feedback_cells.shares(read.found, definition, entity)


def _answer_cells(read: Read, definition: Definition, entity: str) -> Cells:
    return feedback_cells.answers(read.found, definition, entity)


def _overdue_cells(read: Read, _definition: Definition, entity: str) -> Cells:
    return feedback_cells.overdue(read.found, entity, len(read.periods))


def _rate_cells(read: Read, definition: Definition, entity: str) -> Cells:
    return survey_cells.rates(read.found, definition, entity)


def _statutory_cells(read: Read, definition: Definition, entity: str) -> Cells:
    return statutory_cells.cells(read.found, definition, entity, read.periods)


def _participation_cells(read: Read, definition: Definition, entity: str) -> Cells:
    return participation_cells.returned(read.found, definition, entity, read.periods)


READERS: Final[Mapping[Measure, Callable[[Read, Definition, str], Cells]]] = {
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
