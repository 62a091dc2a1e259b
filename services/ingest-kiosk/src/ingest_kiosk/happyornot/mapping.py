"""What the vendor's rows mean as events. Pure: the same row gives the same events, always.

A poller keeps no database, so nothing here may depend on what was sent before. A press is always
sent as unmarked under an id made of its `feedbackId`; when its row is marked as misuse, a
correction with an id of its own follows. Both count once by their ids, so marks that come early,
late or again, and rows that are read any number of times, end in the same figures.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Final, Literal, NamedTuple, TypedDict
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from kokemus.contracts import events, rules, wire
from kokemus.contracts.events import Event
from kokemus.errors import Reason, Refused

CHANNELS: Final[Mapping[str, events.PressChannel]] = {
    "physical": "kiosk",
    "touchless": "kiosk",
    "digital": "web_smiley",
    "qr": "link",
    "link": "link",
    "email": "link",
}
"""The channel of a row by its `ui`."""

CHANNELS_BY_DEVICE: Final[Mapping[str, events.PressChannel]] = {
    "SMILEY_TERMINAL": "kiosk",
    "SMILEY_TOUCH": "kiosk",
    "SMILEY_DIGITAL": "web_smiley",
}
"""The channel of a row without `ui`, which the vendor leaves optional, by its `smileyType`."""

NO_ANSWER: Final = frozenset({"exit", "skip", "timeout"})
"""What `ui` says when a follow-up was shown and nobody answered it."""

SCALES: Final[Mapping[str, events.Scale]] = {
    "four": "smiley4",
    "five": "smiley5",
    "five_reversed": "smiley5",
    "nps": "nps",
}
"""Only the buttons' order on the device is reversed: a small `buttonIndex` is always negative."""

POLARITIES: Final[Mapping[events.Scale, tuple[int, int]]] = {
    "smiley4": (1, 2),
    "smiley5": (1, 3),
    "nps": (6, 9),
}
"""The highest negative and the lowest positive value; what lies between is neither."""


class Survey(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What is read of a survey: never its texts."""

    survey_id: int
    question_id: int
    survey_type: Literal["CUSTOMER", "EMPLOYEE"]
    feedback_scale: Literal["four", "five", "five_reversed", "nps"]


class ButtonFeedback(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One press as the vendor has it."""

    feedback_id: Annotated[str, Meta(min_length=1, max_length=64)]
    smiley_id: Annotated[int, Meta(ge=0)]
    local_time: Annotated[datetime, Meta(tz=False)]
    survey_id: int
    experience_point_id: int
    button_index: Annotated[int, Meta(ge=0, le=10)]
    misuse: bool
    smiley_type: str
    ui: str | None = None


class FollowUpFeedback(ButtonFeedback, frozen=True, gc=False, rename="camel", kw_only=True):
    """One answer to a follow-up question; it shares the `feedbackId` of its press."""

    position: Annotated[int, Meta(ge=0, le=99)]
    followup_option_id: int | None = None


class LeftOut(Enum):
    """Why a sound row gives no event. A closed list: it labels metrics."""

    EMPLOYEE = "employee"
    """A survey of the staff: no resident pressed."""
    NO_ANSWER = "no_answer"
    """The follow-up was shown and not answered."""
    NEUTRAL = "neutral"
    """A follow-up of a press that was neither negative nor positive."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What a city says about the vendor's numbers, and the surveys as they are now.

    Attributes:
        source: the source id that every event carries.
        surveys: the vendor's surveys by id.
        zone_of: the time zone of an experience point.
        reasons: codes of the list `press_reason` by the vendor's follow-up option.
    """

    source: str
    surveys: Mapping[int, Survey]
    zone_of: Callable[[int], ZoneInfo]
    reasons: Mapping[int, str]


class Refusal(NamedTuple):
    """A row that cannot be used: its `feedbackId` (None if unreadable) and why."""

    feedback_id: str | None
    detail: str


@dataclass(kw_only=True)
class Translation:
    """What became of some rows.

    Attributes:
        events: in the rows' order, a correction after what it corrects.
        left_out: how many sound rows gave no event, by why.
        refused: the rows that could not be used.
    """

    events: list[Event] = field(default_factory=list)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)


def translate(
    rows: Iterable[msgspec.Raw],
    kind: type[ButtonFeedback] | type[FollowUpFeedback],
    words: Vocabulary,
) -> Translation:
    """Reads rows one by one, so that a bad one never takes its neighbours with it."""
    decoder = msgspec.json.Decoder(kind)
    done = Translation()
    for raw in rows:
        feedback_id = None
        try:
            row = decoder.decode(raw)
            wire.check_identifier(row.feedback_id, "/feedbackId")
            feedback_id = row.feedback_id
            found = events_of(row, words)
            if isinstance(found, LeftOut):
                done.left_out[found] += 1
                continue
            for event in found:
                wire.check(event)
            done.events += found
        except wire.NOT_JSON as error:
            done.refused.append(Refusal(None, _without_values(error)))
        except Refused as error:
            done.refused.append(Refusal(feedback_id, error.detail))
    return done


def events_of(row: ButtonFeedback, words: Vocabulary) -> Sequence[Event] | LeftOut:
    """The events of one row.

    Raises:
        Refused: the row says what neither the vendor's surveys nor the configuration explain.
    """
    if not rules.EARLIEST.year <= row.local_time.year < rules.LATEST.year:
        raise Refused(Reason.INVALID_TIME, "localTime must lie between 2000 and 2099")
    survey = words.surveys.get(row.survey_id)
    if survey is None:
        raise Refused(Reason.INVALID, f"survey {row.survey_id} is unknown")
    if survey.survey_type == "EMPLOYEE":
        return LeftOut.EMPLOYEE
    scale = SCALES[survey.feedback_scale]
    if row.button_index >= events.SCALE_SIZES[scale]:
        detail = f"buttonIndex is beyond the scale of survey {row.survey_id}"
        raise Refused(Reason.INVALID, detail)
    if isinstance(row, FollowUpFeedback):
        return _follow_up(row, scale, words)
    return _press(row, survey, scale, words)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock time, with an offset.

    The hour that autumn has twice is taken as its first: day and hour, by which figures are made,
    are the same, and identity comes from the id, so nothing is lost or doubled. An hour that
    spring skips can come only from a clock that was not yet moved, and is moved for it.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone)


def _press(
    row: ButtonFeedback, survey: Survey, scale: events.Scale, words: Vocabulary
) -> list[Event]:
    pressed = events.KioskPressed(
        **_envelope(row, words),
        id=row.feedback_id,
        data=events.Press(
            device_id=str(row.smiley_id),
            scale=scale,
            value=row.button_index,
            question_id=f"{words.source}.{survey.question_id}",
            channel=_channel(row),
        ),
    )
    if not row.misuse:
        return [pressed]
    misused = events.KioskMisused(
        **_envelope(row, words),
        id=f"{row.feedback_id}/misused",
        data=events.Misused(pressed.id, events.PressAt(pressed.time, pressed.data)),
    )
    return [pressed, misused]


def _follow_up(
    row: FollowUpFeedback, scale: events.Scale, words: Vocabulary
) -> list[Event] | LeftOut:
    if row.ui in NO_ANSWER:
        return LeftOut.NO_ANSWER
    polarity = _polarity(row.button_index, scale)
    if polarity is None:
        return LeftOut.NEUTRAL
    if row.followup_option_id is None:
        raise Refused(Reason.INVALID, "followupOptionId is missing")
    reason = words.reasons.get(row.followup_option_id)
    if reason is None:
        detail = f"follow-up option {row.followup_option_id} is mapped to no reason"
        raise Refused(Reason.INVALID, detail)
    given = events.KioskReasonGiven(
        **_envelope(row, words),
        id=f"{row.feedback_id}/{row.position}/{row.followup_option_id}",
        data=events.ReasonGiven(
            press_id=row.feedback_id,
            polarity=polarity,
            reason=reason,
            device_id=str(row.smiley_id),
            channel=_channel(row),
        ),
    )
    if not row.misuse:
        return [given]
    withdrawn = events.ObservationWithdrawn(
        **_envelope(row, words),
        id=f"{given.id}/withdrawn",
        data=events.Withdrawn(given.id, events.OriginalReason(given.time, given.data)),
    )
    return [given, withdrawn]


class _Envelope(TypedDict):
    specversion: Literal["1.0"]
    source: str
    subject: str
    time: datetime


def _envelope(row: ButtonFeedback, words: Vocabulary) -> _Envelope:
    return {
        "specversion": "1.0",
        "source": words.source,
        "subject": f"device.{words.source}.{row.smiley_id}",
        "time": instant(row.local_time, words.zone_of(row.experience_point_id)),
    }


def _channel(row: ButtonFeedback) -> events.PressChannel:
    known = CHANNELS_BY_DEVICE.get(row.smiley_type) if row.ui is None else CHANNELS.get(row.ui)
    if known is None:
        raise Refused(Reason.INVALID, "ui or smileyType names no known channel")
    return known


def _polarity(value: int, scale: events.Scale) -> Literal["negative", "positive"] | None:
    highest_negative, lowest_positive = POLARITIES[scale]
    if value <= highest_negative:
        return "negative"
    return "positive" if value >= lowest_positive else None


def _without_values(error: Exception) -> str:
    """Names the field that a row has wrong, never what it holds."""
    _, _, path = str(error).partition(" - at `$.")
    return f"{path.rstrip('`') or 'the row'} is not as the vendor's API describes it"
