"""What the metrics API says: figures as they are now, the organisation tree, and the state.

The unrounded value of a figure is not even read, so that nothing here can print it.
"""

from datetime import date, datetime
from typing import Any

import msgspec

from reporting.domain.releases import Change, Number, Period, Range, Text


class LiveReported(msgspec.Struct, frozen=True):
    """What was published elsewhere of the same cell."""

    as_of: date
    source_document: str


class LiveVariation(msgspec.Struct, frozen=True):
    """Between which values a figure swings from day to day; never a confidence interval."""

    low: float
    high: float


class LiveFigure(msgspec.Struct, frozen=True):
    """A figure as the API gives it."""

    metric: str
    entity: str
    channel: str | None
    scale: str | None
    family: str | None
    period: Period
    rounded: Number | None
    n: int | None
    status: str
    dimension: dict[str, Any] = {}
    flags: list[str] = []
    bias_notes: list[str] = []
    definition: str | None = None
    range: Range | None = None
    change: Change | None = None
    reported: LiveReported | None = None
    pending: int | None = None
    """How many messages of the period may still be answered in time."""
    variation: LiveVariation | None = None
    follow_ups: int | None = None
    """How many of those who were asked for a reason gave one,"""
    answers: int | None = None
    """and how many were asked."""


class LiveValidity(msgspec.Struct, frozen=True):
    """Where an entity hung and what it was called, for a span of local days."""

    parent: str | None
    names: Text
    valid_from: date
    valid_to: date | None = None


class LiveBreak(msgspec.Struct, frozen=True):
    """A series break, of the entity and all below it."""

    entity: str
    date: date
    metric: str
    channel: str
    kind: str
    what: Text


class LiveDevice(msgspec.Struct, frozen=True):
    """A device in its place: since when it stands there, and when it was heard last, if ever."""

    source: str
    device_id: str
    since: date
    heard: date | None


class LiveEntity(msgspec.Struct, frozen=True):
    """An entity with all its validities."""

    id: str
    kind: str
    validities: list[LiveValidity]
    service_map_id: int | None = None


class TopicStatus(msgspec.Struct, frozen=True):
    """How far one topic is counted."""

    applied: int
    repeated: int
    dead: int
    pending: int | None
    watermark: datetime | None
    state: str
    why: str | None = None


class SourceStatus(msgspec.Struct, frozen=True):
    """When a source was polled last, what the poll read, and how that went."""

    source: str
    polled_at: datetime
    read: int
    error: str | None = None


class Status(msgspec.Struct, frozen=True):
    """How fresh and how whole the figures are."""

    settled: bool
    as_of: datetime | None
    unplaced: int
    topics: dict[str, TopicStatus]

    @property
    def counted_to(self) -> datetime | None:
        """Up to when all that came is counted, by the topics in which something still waits."""
        waiting = (one for one in self.topics.values() if one.pending != 0)
        return min((one.watermark for one in waiting if one.watermark), default=None)


class LiveMethod(msgspec.Struct, frozen=True):
    """A way of participation in use."""

    method: str


class LiveLevel(msgspec.Struct, frozen=True):
    """A level of the ladder with the ways in use on it."""

    level: int
    methods: list[LiveMethod]


class LiveReturn(msgspec.Struct, frozen=True):
    """What a service entity has returned for a year, by whatever way it came."""

    entity: str
    returned: bool
    levels: list[LiveLevel]

    @property
    def methods(self) -> list[str]:
        """The codes of all ways in use."""
        return [way.method for one in self.levels for way in one.methods]


class LiveParticipation(msgspec.Struct, frozen=True):
    """The returns of a year."""

    service_entities: list[LiveReturn]


class Unplaced(msgspec.Struct, frozen=True):
    """An id with counts that hangs nowhere in the tree."""

    id: str


class LiveMetric(msgspec.Struct, frozen=True):
    """A metric of the catalogue: what it is called, and what it says."""

    metric: str
    name: Text
    explanation: Text


class LiveNote(msgspec.Struct, frozen=True):
    """A bias note in words."""

    code: str
    text: Text


class LiveCatalogue(msgspec.Struct, frozen=True):
    """The definitions that the figures are computed by, in words."""

    metrics: list[LiveMetric]
    bias_notes: list[LiveNote] = []

    def texts(self) -> dict[str, Text]:
        """Names, explanations and notes by the keys under which a release freezes them."""
        return (
            {f"metric.{one.metric}": one.name for one in self.metrics}
            | {f"explain.{one.metric}": one.explanation for one in self.metrics}
            | {f"bias_note.{one.code}": one.text for one in self.bias_notes}
        )
