"""Reads and writes events as bytes, one by one or many at once, with a clear refusal for each.

Topics carry the canonical form that `encode` writes: structured CloudEvents JSON made from the
model, never the bytes that were received.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from kokemus.contracts import events
from kokemus.contracts.fields import identifier_fields, moment_fields, text_fields
from kokemus.contracts.rules import EARLIEST, FIRST_DAY, LAST_DAY, LATEST, check_data
from kokemus.contracts.topics import EVENT_TYPES, Declaration, topic_of
from kokemus.errors import Reason, Refused

_IDENTIFIER: Final = re.compile(events.IDENTIFIER_PATTERN[1:-1])
_DEVICE_SOURCE: Final = re.compile(events.DEVICE_SOURCE_PATTERN[1:-1])
_IDENTIFIERS: Final = re.compile(rf"(?>{events.IDENTIFIER_PATTERN[1:-1]}\n)*+")
_IDENTITY_CODE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![A-Za-z0-9])",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_PHONE: Final = re.compile(r"(?<![\w.])(?:\+\d{1,3}[ -]?|0)\d{1,3}[ -]?\d{3,4}[ -]?\d{2,5}(?!\w)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""No text has these, and PostgreSQL stores no NUL."""
_SEPARATORS: Final = bytes.maketrans(b"._:/-", b"\n" * 5)
_MAYBE_IDENTITY_CODE: Final = re.compile(rb"\n[0-3]\d[01]\d{3}[\nA-FU-Ya-fu-y]\d{3}")
"""Finds every identity code in identifiers whose separators are line ends, and a little more.

A pattern that starts with one fixed byte costs a third of the exact one.
"""
MAX_PASSED: Final = 20_000
_passed: Final[set[str | events.Data]] = set()
"""Subjects, sources and flat data that have passed before: the same few hundred come all day."""
_TYPE: Final = msgspec.json.Decoder(msgspec.defstruct("_Type", [("type", str)]))


NOT_JSON: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What msgspec raises for bytes that are no JSON, or nest too deep."""


class _NoEvent(msgspec.Struct, tag_field="type", tag="-"):
    """Never decoded: msgspec demands the field `type` only where there is a choice of types."""

    impossible: Annotated[int, msgspec.Meta(ge=1, le=0)]


class Batch(NamedTuple):
    """Decoded records beside the refusals, each with its index in what was given."""

    events: list[tuple[int, events.Event]]
    refused: list[tuple[int, Refused]]


encode: Final[Callable[[events.Event], bytes]] = msgspec.json.Encoder().encode
"""The canonical bytes of an event."""


def union(types: Iterable[type[events.Event]]) -> Any:
    """The annotation for any of these event types, told apart by `type`."""
    found: Any = _NoEvent
    for kind in types:
        found = found | kind
    return found


@cache
def decoder(types: tuple[type[events.Event], ...]) -> msgspec.json.Decoder[Any]:
    """A decoder for any of these event types."""
    return msgspec.json.Decoder(union(types))


def decode(raw: bytes, types: tuple[type[events.Event], ...]) -> events.Event:
    """Reads one event and checks all that its contract says.

    Raises:
        Refused: with the reason and the JSON pointer of the field; never with the value.
    """
    try:
        event: events.Event = decoder(types).decode(raw)
    except msgspec.ValidationError as error:
        raise _refusal(raw, types, str(error)) from None
    except NOT_JSON as error:
        raise _not_json(error) from None
    check(event)
    return event


def check(event: events.Event) -> None:
    """What the types cannot say: identifiers, the span of time, values within their scale.

    Raises:
        Refused: naming the first field that is wrong.
    """
    for name in ("id", "source", "subject"):
        check_identifier(getattr(event, name), f"/{name}")
    if not EARLIEST <= event.time < LATEST:
        raise Refused(Reason.INVALID_TIME, "time must lie between 2000 and 2099", "/time")
    for path, name, value in identifiers(event.data, "/data"):
        check_identifier(value, f"{path}/{name}")
    _check_moments(event.data, "/data")
    _check_subject(event)
    check_data(event.data, "/data")


def check_topic(event: events.Event, topic: Declaration) -> None:
    """Holds an event of a type that stands on a topic against what that topic carries.

    Raises:
        Refused: what is withdrawn stands on another topic.
    """
    if isinstance(event, events.ObservationWithdrawn) and topic_of(event) != topic:
        raise Refused(
            Reason.UNKNOWN_TYPE, "what is withdrawn belongs elsewhere", "/data/original/type"
        )


def _check_subject(event: events.Event) -> None:
    match event:
        case events.DevicePlaced(data=device):
            if not _DEVICE_SOURCE.fullmatch(device.source):
                raise Refused(
                    Reason.INVALID_IDENTIFIER,
                    "must hold no . or /, else two devices might share one leaf",
                    "/data/source",
                )
            if event.subject != f"device.{device.source}.{device.device_id}":
                raise Refused(
                    Reason.INVALID, "must be device.{source}.{device_id} of the data", "/subject"
                )
        case events.SurveyDefined(data=survey):
            if event.subject != survey.survey_id:
                raise Refused(Reason.INVALID, "must be the survey_id of the data", "/subject")
        case _:
            pass


def check_all(batch: Sequence[events.Event], latest: datetime = LATEST) -> dict[int, Refused]:
    """What `check` says of many events, and what only the edge asks; by position.

    At the edge neither an event nor an answer is later than `latest`, and no text is about a
    person.

    A batch of flat events without fault is checked as a whole, at a fraction of the cost.
    """
    if _faultless(batch, latest):
        return {}
    refused: dict[int, Refused] = {}
    for position, event in enumerate(batch):
        try:
            check(event)
            _check_not_after(event.time, latest, "time", "/time")
            if isinstance(event, events.FeedbackAnswered):
                answered = event.data.answered_at
                _check_not_after(answered, latest, "answered_at", "/data/answered_at")
            _check_texts(event.data, "/data")
        except Refused as error:
            refused[position] = error
    return refused


def _check_not_after(moment: datetime, latest: datetime, name: str, pointer: str) -> None:
    if moment > latest:
        raise Refused(Reason.INVALID_TIME, f"{name} lies in the future", pointer)


def names_a_person(text: str) -> bool:
    """Whether a text holds an identity code, an e-mail address or a phone number."""
    return any(about.search(text) for about in (_IDENTITY_CODE, _EMAIL, _PHONE))


def _check_texts(data: Any, pointer: str) -> None:
    struct: Any = type(data)
    for name in text_fields(struct):
        value, where = getattr(data, name), f"{pointer}/{name}"
        if isinstance(value, str):
            if _CONTROL.search(value):
                raise Refused(Reason.INVALID, "must not hold control characters", where)
            if names_a_person(value):
                raise Refused(
                    Reason.INVALID,
                    "must not hold an identity code, an e-mail address or a phone number",
                    where,
                )
        elif isinstance(value, list):
            for index, item in enumerate(value):
                _check_texts(item, f"{where}/{index}")
        elif value is not None:
            _check_texts(value, where)


def _faultless(batch: Sequence[events.Event], latest: datetime) -> bool:
    if not all(map(_is_flat, set(map(type, batch)))):
        return False
    data = {event.data for event in batch} - _passed
    names = {event.source for event in batch}
    names.update([event.subject for event in batch])
    names = names - _passed  # `-=` would walk through all that has passed
    texts = [*names, *[event.id for event in batch]]
    for one in data:
        texts += [value for _, _, value in identifiers(one, "")]
    joined = "\n".join(["", *texts, ""])
    times = [event.time for event in batch]
    faultless = (
        joined.count("\n") == len(texts) + 1
        and bool(_IDENTIFIERS.fullmatch(joined, 1))
        and not _holds_identity_code(joined)
        and min(times, default=EARLIEST) >= EARLIEST
        and max(times, default=EARLIEST) <= latest
        and all(map(_fits, data))
    )
    if faultless:
        if len(_passed) + len(names) + len(data) > MAX_PASSED:
            _passed.clear()
        _passed.update(names, data)
    return faultless


def _holds_identity_code(lines: str) -> bool:
    maybe = _MAYBE_IDENTITY_CODE.search(lines.encode().translate(_SEPARATORS))
    return maybe is not None and _IDENTITY_CODE.search(lines) is not None


def _fits(data: Any) -> bool:
    try:
        check_data(data, "")
    except Refused:
        return False
    return True


@cache
def _is_flat(kind: Any) -> bool:
    """Whether a type's data holds identifiers and plain values only, so that it can be hashed."""
    data = kind.__annotations__.get("data") or kind.__base__.__annotations__["data"]
    fields = identifier_fields(data)
    nested = any(nested for _, nested in fields)
    return bool(fields) and not (nested or moment_fields(data) or text_fields(data))


def _check_moments(data: Any, pointer: str) -> None:
    struct: Any = type(data)
    for name in moment_fields(struct):
        value = getattr(data, name)
        if isinstance(value, datetime):
            if not EARLIEST <= value < LATEST:
                raise Refused(
                    Reason.INVALID_TIME, "must lie between 2000 and 2099", f"{pointer}/{name}"
                )
        elif isinstance(value, date):
            if not FIRST_DAY <= value <= LAST_DAY:
                raise Refused(
                    Reason.INVALID_TIME, "must lie between 1500 and 2199", f"{pointer}/{name}"
                )
        elif isinstance(value, list):
            for index, item in enumerate(value):
                _check_moments(item, f"{pointer}/{name}/{index}")
        elif value is not None:
            _check_moments(value, f"{pointer}/{name}")


def check_identifier(value: str, pointer: str) -> None:
    """Holds an identifier against its pattern, which has no room for an e-mail address.

    Raises:
        Refused: the identifier is malformed, or holds a personal identity code.
    """
    if not _IDENTIFIER.fullmatch(value):
        raise Refused(
            Reason.INVALID_IDENTIFIER,
            "must start with a letter or digit and hold at most 128 of A-Z a-z 0-9 . _ : / -",
            pointer,
        )
    if _IDENTITY_CODE.search(value):
        raise Refused(Reason.INVALID_IDENTIFIER, "must not hold a personal identity code", pointer)


def identifiers(data: Any, path: str) -> list[tuple[str, str, str]]:
    """Every identifier within a struct as (path of its parent, field, value)."""
    found: list[tuple[str, str, str]] = []
    struct: Any = type(data)
    for name, nested in identifier_fields(struct):
        value = getattr(data, name)
        if value is None:
            continue
        if not nested:
            found.append((path, name, value))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, msgspec.Struct):
                    found += identifiers(item, f"{path}/{name}/{index}")
                elif isinstance(item, str):
                    found.append((f"{path}/{name}", str(index), item))
        elif isinstance(value, msgspec.Struct):
            found += identifiers(value, f"{path}/{name}")
    return found


def decode_many(raw: Sequence[bytes], topic: Declaration) -> Batch:
    """Reads a batch record by record, so that a bad one never takes its neighbours with it."""
    good: list[tuple[int, events.Event]] = []
    refused: list[tuple[int, Refused]] = []
    types = topic.event_types
    for index, value in enumerate(raw):
        try:
            event = decode(value, types)
            check_topic(event, topic)
        except Refused as error:
            refused.append((index, error))
        else:
            good.append((index, event))
    return Batch(good, refused)


def _refusal(raw: bytes, types: tuple[type[events.Event], ...], message: str) -> Refused:
    try:
        msgspec.json.decode(raw)
    except NOT_JSON as error:
        return _not_json(error)
    detail, _, path = message.partition(" - at `$")
    pointer = path.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
    known = {str(kind.__struct_config__.tag) for kind in types}
    try:
        given = _TYPE.decode(raw).type  # type: ignore[attr-defined]  # defstruct is dynamic
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return Refused(Reason.INVALID, _without_values(detail), pointer)
    if given not in known:
        hint = "known elsewhere" if given in EVENT_TYPES else "unknown, or of an unknown version"
        return Refused(Reason.UNKNOWN_TYPE, f"this type is {hint}", "/type")
    of_time = "RFC3339" in detail or "timezone component" in detail
    reason = Reason.INVALID_TIME if of_time else Reason.INVALID
    return Refused(reason, _without_values(detail), pointer)


def _not_json(error: Exception) -> Refused:
    return Refused(Reason.NOT_JSON, f"not valid JSON: {_without_values(str(error))}")


def _without_values(message: str) -> str:
    """A parser's message without anything that it quotes from the input."""
    return re.sub(r"(Invalid (?:enum )?value) .*", r"\1", message)
