"""Every event type as a msgspec struct: CloudEvents 1.0 in structured JSON.

One class a type; its `tag` is the CloudEvents `type`. `id` + `source` identify an event, `subject`
is the entity (or the thing the event defines), `time` is when it happened, with an offset.
Fields that a contract does not name are dropped when an event is read, and counted at the edge.
"""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, NewType

from msgspec import Meta, Struct

TYPE_PREFIX: Final = "fi.hel.kokemus."

EntityId = NewType("EntityId", str)

IDENTIFIER_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$"

DEVICE_SOURCE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_:-]{0,127}$"
"""A source with devices: no dot or slash, which divide it from the device in ids and keys."""

CODE_LIST: Final = "x-code-list"
"""The schema keyword that names the closed list from which a field's codes come."""

# The pattern stands in the schema but is enforced by `kokemus.contracts.wire`: a regular
# expression a field would cost more than decoding the whole event.
Identifier = Annotated[
    str,
    Meta(min_length=1, max_length=128, extra_json_schema={"pattern": IDENTIFIER_PATTERN}),
]
DeviceSource = Annotated[
    str,
    Meta(min_length=1, max_length=128, extra_json_schema={"pattern": DEVICE_SOURCE_PATTERN}),
]


def _code(code_list: str) -> Meta:
    schema = {"pattern": IDENTIFIER_PATTERN, CODE_LIST: code_list}
    return Meta(min_length=1, max_length=128, extra_json_schema=schema)


# Codes from a closed list of `kokemus.contracts.codes`, which a city can extend: the edges hold
# them against it, topics only against the pattern of an identifier.
PressReason = Annotated[str, _code("press_reason")]
Theme = Annotated[str, _code("theme")]
ComplaintReason = Annotated[str, _code("reason")]
Authority = Annotated[str, _code("authority")]

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]

Scale = Literal["smiley4", "smiley5", "nps"]
PressChannel = Literal["kiosk", "mobile", "web_smiley", "link"]
Channel = Literal["kiosk", "mobile", "web_smiley", "link", "web_feedback", "survey", "statutory"]
Touchpoint = Literal["before", "during", "after"]
Family = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

SCALE_SIZES: Final[dict[str, int]] = {"smiley4": 4, "smiley5": 5, "nps": 11}
"""How many values each press scale has; value 0 is the most negative."""


class Data(Struct, frozen=True, gc=False, omit_defaults=True):
    """What an event says, by type."""


class Event(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type"):
    """The CloudEvents envelope that every type shares."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    subject: Identifier
    time: Instant
    data: Any
    datacontenttype: Literal["application/json"] = "application/json"
    traceparent: Annotated[str, Meta(max_length=55)] | None = None


class Translated(Data, frozen=True, gc=False):
    """A text in the three languages of the city; Finnish is the source language."""

    fi: Text
    sv: Text | None = None
    en: Text | None = None


# --- kiosk-presses.v1 ---------------------------------------------------------------------------


class Press(Data, frozen=True, gc=False):
    """One answer on a device, a link or a page. `value` 0 is the most negative of its scale."""

    device_id: Identifier
    scale: Scale
    value: Annotated[int, Meta(ge=0, le=10)]
    question_id: Identifier
    channel: PressChannel
    touchpoint: Touchpoint | None = None
    misuse: bool = False


class PressAt(Data, frozen=True, gc=False):
    """A press named again by a correction: its time and its data, so that its cell is known."""

    time: Instant
    data: Press


class ReasonGiven(Data, frozen=True, gc=False):
    """The follow-up of a press: why it was negative or positive."""

    press_id: Identifier
    polarity: Literal["negative", "positive"]
    reason: PressReason
    device_id: Identifier
    channel: PressChannel


class Misused(Data, frozen=True, gc=False):
    """A press that its source deems misuse afterwards: moves one count to the marked ones."""

    press_id: Identifier
    press: PressAt


class Counted(Data, frozen=True, gc=False):
    """Counts by value for a period, from a source that gives no single presses."""

    channel: PressChannel
    scale: Scale
    question_id: Identifier
    counts: Annotated[list[Count], Meta(min_length=4, max_length=11)]
    period_start: date
    period_end: date
    as_of: Instant


class OriginalPress(
    Data, frozen=True, gc=False, tag_field="type", tag=TYPE_PREFIX + "kiosk.pressed.v1"
):
    """The press that is withdrawn, in full, so that exactly its count is taken back."""

    time: Instant
    data: Press


class OriginalReason(
    Data, frozen=True, gc=False, tag_field="type", tag=TYPE_PREFIX + "kiosk.reason-given.v1"
):
    """The follow-up that is withdrawn, in full."""

    time: Instant
    data: ReasonGiven


class Withdrawn(Data, frozen=True, gc=False):
    """Takes back one observation, whichever of the two comes first."""

    original_id: Identifier
    original: OriginalPress | OriginalReason


class KioskPressed(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "kiosk.pressed.v1"
):
    """A resident pressed a smiley or gave a number."""

    data: Press


class KioskReasonGiven(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "kiosk.reason-given.v1"
):
    """A resident said why."""

    data: ReasonGiven


class KioskMisused(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "kiosk.misused.v1"
):
    """A press is marked as misuse after it was sent."""

    data: Misused


class KioskCounted(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "kiosk.counted.v1"
):
    """A source reports counts for a period instead of presses."""

    data: Counted


class ObservationWithdrawn(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "observation.withdrawn.v1"
):
    """An observation is taken back by its sender."""

    data: Withdrawn


# --- registry.v1 (compacted) --------------------------------------------------------------------


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


# --- sources.v1 (compacted) ---------------------------------------------------------------------


class Poll(Data, frozen=True, gc=False):
    """What the last poll of a source read, and where the next one starts."""

    source: Identifier
    window_from: Instant
    window_to: Instant
    read: Count
    sent: Count
    dropped: Count = 0
    error: Annotated[str, Meta(max_length=200)] | None = None
    next: Annotated[str, Meta(max_length=2000)] | None = None


class SourcePolled(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "source.polled.v1"
):
    """A source was polled; the newest one is the poller's place. The subject is the source."""

    data: Poll


# --- feedback.v1, complaints.v1, reported-figures.v1 --------------------------------------------


class Feedback(Data, frozen=True, gc=False):
    """A message to the city, as codes: its free text never leaves the source."""

    feedback_id: Identifier
    kind: Literal["moite", "kiitos", "kysymys", "ehdotus", "vikailmoitus", "muu"]
    answer_requested: bool
    contact_left: bool
    answer_possible: bool
    language: Literal["fi", "sv", "en", "other"]
    themes: Annotated[list[Theme], Meta(max_length=20)] = []


class FeedbackReceived(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "feedback.received.v1"
):
    """Web feedback came in."""

    data: Feedback


class Complaint(Data, frozen=True, gc=False):
    """A statutory case, as codes. `case_id` is a keyed hash whose key stays at the source."""

    case_id: Identifier
    kind: Literal["muistutus", "kantelu", "unspecified"]
    authority: Authority
    reasons: Annotated[list[ComplaintReason], Meta(max_length=20)] = []


class ComplaintRegistered(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "complaint.registered.v1"
):
    """An objection or a complaint was registered."""

    data: Complaint


class ReportedFigure(Data, frozen=True, gc=False):
    """A figure that was published elsewhere and has no events behind it.

    `value` is the figure as printed, null for not reported; `decimals` how many were printed.
    """

    metric: Identifier
    channel: Channel
    period_start: date
    period_end: date
    as_of: date
    decimals: Annotated[int, Meta(ge=0, le=4)]
    source_document: Text
    value: float | None
    scale: Scale | Literal["likert5", "grade4_10"] | None = None
    n: Count | None = None
    approx: bool = False
    range_low: float | None = None
    range_high: float | None = None


class FigureReported(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "figure.reported.v1"
):
    """A figure published elsewhere is taken over, never into a sum."""

    data: ReportedFigure


# --- metrics-changed.v1, releases.v1 (compacted) ------------------------------------------------


class Change(Data, frozen=True, gc=False):
    """A hint without values: figures of the subject changed for these local days."""

    metrics: Annotated[list[Identifier], Meta(min_length=1)]
    period_start: date
    period_end: date
    watermark: Instant


class MetricsChanged(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "metrics.changed.v1"
):
    """Figures changed for an entity (the subject)."""

    data: Change


class Publication(Data, frozen=True, gc=False):
    """A frozen release: its content hash and where its bytes are served."""

    release_id: Identifier
    kind: Literal["public-monthly", "internal-weekly", "round-yearly"]
    period_start: date
    period_end: date
    hash: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
    url: Annotated[str, Meta(max_length=500)]
    state: Literal["published", "superseded", "withdrawn"] = "published"


class ReleasePublished(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "release.published.v1"
):
    """A release was published, superseded or withdrawn. The subject is the release id."""

    data: Publication
