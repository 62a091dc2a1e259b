"""What becomes of feedback and of statutory cases: things with an id of their own, told in parts.

Of each field what the event with the greatest (`time`, `id`) said holds; of a first time the
earliest. So any order and any repetition of the events gives the same life.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from kokemus.contracts import events

LifeEvent = (
    events.FeedbackReceived
    | events.FeedbackAnswered
    | events.FeedbackUpdated
    | events.FeedbackWithdrawn
    | events.ComplaintRegistered
    | events.ComplaintDecided
)

FIRST: Final = frozenset({"reacted_day", "withdrawn_day"})
"""Fields that hold the first local day on which something happened, whoever tells of it last."""


class Mark(NamedTuple):
    """Which event said a field; the greatest holds."""

    time: datetime
    id: str


class LifeKey(NamedTuple):
    """Whose life it is. `id` is unique within the source."""

    kind: Literal["feedback", "complaints"]
    source: str
    id: str


@dataclass(frozen=True)
class Life:
    """What is known so far; fields that nobody told are missing."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """By field, but for those of `FIRST`."""

    def merged(self, told: Mapping[str, Any], mark: Mark) -> "Life":
        """The life with what one event told; itself where nothing is new."""
        fields, marks = dict(self.fields), dict(self.marks)
        for name, value in told.items():
            if name in FIRST:
                fields[name] = min(fields.get(name, value), value)
            elif name not in marks or marks[name] < mark:
                fields[name], marks[name] = value, mark
        return self if fields == self.fields and marks == self.marks else Life(fields, marks)


def key_of(event: LifeEvent) -> LifeKey:
    """Whose life an event tells of."""
    match event:
        case events.ComplaintRegistered() | events.ComplaintDecided():
            return LifeKey("complaints", event.source, event.data.case_id)
        case _:
            return LifeKey("feedback", event.source, event.data.feedback_id)


def lived(life: Life, event: LifeEvent, zone: ZoneInfo) -> Life:
    """The life after an event; itself where the event tells nothing new."""
    return life.merged(_told(event, zone), Mark(event.time, event.id))


def _told(event: LifeEvent, zone: ZoneInfo) -> dict[str, Any]:
    day = event.time.astimezone(zone).date()
    match event:
        case events.FeedbackReceived(data=data):
            return {
                "entity": event.subject,
                "received_at": event.time,
                "day": day,
                **_said(data, "feedback_id"),
            }
        case events.FeedbackUpdated(data=data):
            return {"entity": event.subject, **_said(data, "feedback_id")}
        case events.FeedbackAnswered(data=data):
            answered = data.answered_at.astimezone(zone).date()
            name = "answered_day" if data.state == "final_answer" else "reacted_day"
            return {name: answered}
        case events.FeedbackWithdrawn():
            return {"withdrawn_day": day}
        case events.ComplaintRegistered(data=data):
            return {"entity": event.subject, "day": day, **_said(data, "case_id")}
        case events.ComplaintDecided(data=data):
            return {"entity": event.subject, "decided_day": day, **_said(data, "case_id")}


def _said(data: msgspec.Struct, identity: str) -> dict[str, Any]:
    """What the data say besides the id; None says nothing."""
    fields = msgspec.structs.asdict(data)
    return {name: fields[name] for name in fields if name != identity and fields[name] is not None}
