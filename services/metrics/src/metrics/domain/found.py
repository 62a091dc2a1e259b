"""What was read for a query, before it becomes figures."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from metrics.domain.answer_times import Fate
from metrics.domain.comparison import Break
from metrics.domain.daily import Daily
from metrics.domain.definitions import Measure
from metrics.domain.drivers import Arms
from metrics.domain.figures import Key, Reported, Sampling, Sums
from metrics.domain.participation import Returns
from metrics.domain.periods import Span
from metrics.domain.practices import PracticeTally
from metrics.domain.profiles import Profile
from metrics.domain.query import Target
from metrics.domain.statutory import Told

SumsByPeriod = dict[int, Sums]
"""By the number of the period, from 0."""


class Tally(NamedTuple):
    """How many records of an entity and one breakdown fell into a period."""

    channel: str
    breakdown: tuple[str, ...]
    """The values of the metric's dimensions, in their order."""
    period: int
    records: int
    as_of: datetime


class HourCell(NamedTuple):
    """Answers of one weekday (1 is Monday) and local hour."""

    key: Key
    period: int
    weekday: int
    hour: int
    counts: tuple[int, ...]
    as_of: datetime


class DeviceTally(NamedTuple):
    """Devices placed under an entity on the last day of a period."""

    period: int
    devices: int
    as_of: datetime


class City(NamedTuple):
    """The whole of which a division's feedback is a share."""

    entity: str
    divisions: Sequence[tuple[str, Span]]
    """With the days on which each was a division of it."""


class FateTally(NamedTuple):
    """How many messages of a kind, received in a period, share a fate."""

    kind: str
    period: int
    fate: Fate
    messages: int
    as_of: datetime


class Overdue(NamedTuple):
    """How many messages of a kind were overdue at the ends of the periods `start` to `end` - 1."""

    kind: str
    known: int
    """The first period at whose end they had been received."""
    start: int
    end: int
    messages: int
    as_of: datetime


class Wave(NamedTuple):
    """A wave of a survey, whose first answer lies in a period."""

    source: str
    wave: str
    period: int
    responses: int
    offered: int | None
    customers: int | None
    as_of: datetime


class Statement(NamedTuple):
    """How many respondents gave one answer to a statement and one to the recommend question."""

    source: str
    question: str
    scale: str
    period: int
    value: int
    recommended: int
    responses: int
    as_of: datetime


class Counted(NamedTuple):
    """Answers by value that a source counted for a period, as it told them at one time."""

    key: Key
    span: Span
    counts: tuple[int, ...]
    as_of: datetime


class DatedBreak(NamedTuple):
    """A mark on a series, seen from an entity that is wanted."""

    metric: str
    channel: str
    mark: Break


@dataclass
class Found:
    """All of it, read in one transaction; mappings by entity where they say nothing else."""

    version: str
    """Changes with every event that is applied and every change of the registry."""
    targets: Sequence[Target] = ()
    series: Mapping[str, AbstractSet[Key]] = field(default_factory=dict)
    """The keys of which an entity has a series, whether or not answered in the period."""
    presses: Mapping[tuple[str, Key], SumsByPeriod] = field(default_factory=dict)
    hours: Mapping[str, Sequence[HourCell]] = field(default_factory=dict)
    tallies: Mapping[tuple[Measure, str], Sequence[Tally]] = field(default_factory=dict)
    city: City | None = None
    devices: Mapping[str, Sequence[DeviceTally]] = field(default_factory=dict)
    fates: Mapping[str, Sequence[FateTally]] = field(default_factory=dict)
    overdue: Mapping[str, Sequence[Overdue]] = field(default_factory=dict)
    statutory: Mapping[tuple[Measure, str], Told] = field(default_factory=dict)
    counted: Mapping[str, Sequence[Counted]] = field(default_factory=dict)
    """Every count for a period of the entity itself, where all observations are asked for."""
    samplings: Mapping[tuple[str, Key, int], Sampling] = field(default_factory=dict)
    """How those were chosen who answered surveys: by entity, key and number of the period."""
    waves: Mapping[str, Sequence[Wave]] = field(default_factory=dict)
    statements: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    returns: Returns | None = None
    practices: Mapping[str, Sequence[PracticeTally]] = field(default_factory=dict)
    reported: Mapping[tuple[str, str], Sequence[Reported]] = field(default_factory=dict)
    """By entity and metric."""
    heard: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """By entity and channel: until when every expected source was heard."""
    breaks: Mapping[str, Sequence[DatedBreak]] = field(default_factory=dict)
    by_day: Mapping[tuple[str, Key], Daily] = field(default_factory=dict)
    """Answers by local day, where variation is asked for."""
    by_device: Mapping[tuple[str, Key, int], Mapping[str, int]] = field(default_factory=dict)
    """Answers by device in each period, where a comparison is asked for."""
    arms: Mapping[tuple[Measure, str, Key, int], Arms] = field(default_factory=dict)
    """By measure, entity, key and number of the period: answers by hour or touchpoint."""
    profiles: Mapping[str, Mapping[int, Profile]] = field(default_factory=dict)
    """By division or city and number of the period; made of figures of their own."""
