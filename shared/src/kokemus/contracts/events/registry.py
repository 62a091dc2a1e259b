"""`registry.v1`: the organisation tree, devices, questions and breaks, each with its validity."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Channel,
    Data,
    DeviceSource,
    Event,
    Family,
    Identifier,
    Translated,
)


class EntityValidity(Data, frozen=True, gc=False):
    """Where an entity hung and what it was called, from one local day to another, both included."""

    parent: Identifier | None
    names: Translated
    valid_from: date
    valid_to: date | None = None


class EntityDefinition(Data, frozen=True, gc=False):
    """A node of the organisation tree with its whole list of validities; the city has no parent.

    `valid_to` is the last day on which a validity holds; null: it still does.
    """

    kind: Literal["city", "division", "service_entity", "service", "unit"]
    validities: Annotated[list[EntityValidity], Meta(min_length=1, max_length=100)]
    service_map_id: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class DeviceValidity(Data, frozen=True, gc=False):
    """Under which entity a device stood, from one local day to another, both included."""

    entity: Identifier
    valid_from: date
    valid_to: date | None = None


class DevicePlacement(Data, frozen=True, gc=False):
    """The places of one device. The event's subject is `device.{source}.{device_id}`."""

    source: DeviceSource
    device_id: Identifier
    validities: Annotated[list[DeviceValidity], Meta(min_length=1, max_length=100)]


class QuestionDefinition(Data, frozen=True, gc=False):
    """A question: only family `overall` feeds index and shares, only `recommend` feeds NPS."""

    family: Family
    scale: Literal["smiley4", "smiley5", "nps", "likert5", "grade4_10"]
    wording: Translated | None = None


class SeriesBreak(Data, frozen=True, gc=False):
    """A dated mark that no comparison crosses (`breaks`) or that it carries (`caution`)."""

    break_id: Identifier
    date: date
    metric: Identifier
    channel: Channel
    kind: Literal["breaks", "caution"]
    what: Translated


class EntityDefined(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "entity.defined.v1"
):
    """An entity of the organisation tree is (re)defined."""

    data: EntityDefinition


class DevicePlaced(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "device.placed.v1"
):
    """A device is placed under units."""

    data: DevicePlacement


class QuestionDefined(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "question.defined.v1"
):
    """A question and its family are (re)defined."""

    data: QuestionDefinition


class SeriesBroken(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "series.broken.v1"
):
    """A series is broken for an entity (the subject; it may be a device)."""

    data: SeriesBreak
