"""`kiosk-presses.v1`: presses, their follow-ups, and counts for a period."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Count,
    Data,
    Event,
    Identifier,
    Instant,
    PressChannel,
    Scale,
    code,
)

Touchpoint = Literal["before", "during", "after"]
PressReason = Annotated[str, code("press_reason")]


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
