"""CloudEvents as HTTP carries them, read into events: one, a batch, lines, or in headers.

Pure: bytes and headers in, events and refusals out. Memory stays within a few times the body:
large bodies are cut into events before any of them is decoded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from kokemus.contracts import wire
from kokemus.contracts.events import Event
from kokemus.contracts.strict import UnknownField, strict, unknown_fields
from kokemus.errors import Reason, Refused

MAX_EVENTS: Final = 10_000
MAX_EVENT_BYTES: Final = 1_000_000
"""One event must fit into one Kafka message of 1 MiB."""

_NOTHING: Final = msgspec.Raw(b"")
_IGNORED: Final = frozenset({"dataschema", "tracestate"})
"""Attributes of CloudEvents itself that say nothing to us: dropped, but never held against one."""
_SPEAKABLE: Final = re.compile(r"[A-Za-z_][A-Za-z_-]{0,63}")
"""Names of unknown fields that may be repeated: no digits, so no codes or numbers of people."""


class Form(StrEnum):
    """How a request carries events."""

    SINGLE = "application/cloudevents+json"
    BATCH = "application/cloudevents-batch+json"
    LINES = "application/x-ndjson"
    BINARY = "application/json"


class Rejection(NamedTuple):
    """One event that was refused; `position` counts the request's events from 0."""

    position: int
    id: str | None
    refused: Refused


class Received(NamedTuple):
    """The events of a request that could be read, where they stood, and those that could not."""

    events: list[Event]
    positions: Sequence[int]
    rejected: list[Rejection]
    dropped: list[UnknownField]
    """Fields and extensions that no contract names, passed over."""


class Malformed(Exception):  # noqa: N818 - the whole request, not an error of ours
    """The body as a whole is not what its content type says."""


class TooMany(Exception):  # noqa: N818 - the whole request, not an error of ours
    """More events than one request may carry."""


class EventReader:
    """Reads requests into events of the given types."""

    def __init__(self, types: Sequence[type[Event]], *, refuse_unknown: bool) -> None:
        """Prepares the decoders.

        Args:
            types: the event types that the service takes in.
            refuse_unknown: an event with an unknown field is refused; else the field is dropped.
        """
        self._types = tuple(types)
        self._refuse_unknown = refuse_unknown
        union: Any = wire.union(map(strict, types))
        self._one: msgspec.json.Decoder[Any] = msgspec.json.Decoder(union)
        self._many: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[union])

    def read(self, form: Form, body: bytes, headers: Mapping[str, str]) -> Received:
        """The events of a request.

        Raises:
            Malformed: the body is no JSON, or no array where a batch was announced.
            TooMany: it holds more than `MAX_EVENTS`.
        """
        match form:
            case Form.SINGLE:
                _must_be_json(body)
                return self._one_by_one([body])
            case Form.BINARY:
                return self._one_by_one([_structured(body, headers)])
            case Form.BATCH:
                return self._at_once(self._many.decode, body) or self._one_by_one(_items(body))
            case Form.LINES:
                return self._at_once(self._one.decode_lines, body) or self._one_by_one(_lines(body))

    def _at_once(self, decode: Any, body: bytes) -> Received | None:
        """The quick way for a request of bounded size without any fault; else None."""
        if len(body) > MAX_EVENT_BYTES:
            return None
        try:
            events = decode(body)
        except (msgspec.ValidationError, *wire.NOT_JSON):
            return None
        if len(events) > MAX_EVENTS:
            raise TooMany
        return Received(events, range(len(events)), [], [])

    def _one_by_one(self, raw_events: Sequence[bytes]) -> Received:
        received = Received([], [], [], [])
        positions: list[int] = []
        for position, raw in enumerate(raw_events):
            try:
                received.events.append(self._read_one(raw, received.dropped))
                positions.append(position)
            except Refused as refused:
                received.rejected.append(Rejection(position, readable_id(raw), refused))
        return received._replace(positions=positions)

    def _read_one(self, raw: bytes, dropped: list[UnknownField]) -> Event:
        if len(raw) > MAX_EVENT_BYTES:
            raise Refused(Reason.INVALID, f"an event may have {MAX_EVENT_BYTES} bytes at most")
        try:
            event: Event = self._one.decode(raw)
        except (msgspec.ValidationError, *wire.NOT_JSON):
            event = wire.decode(raw, self._types)
            unknown = unknown_fields(raw, type(event))
            if self._refuse_unknown:
                _refuse(unknown)
            dropped += unknown
        return event


def readable(found: str) -> str | None:
    """An event's id as it may be told to its sender; None for one that may be about a person."""
    try:
        wire.check_identifier(found, "/id")
    except Refused:
        return None
    return found


def readable_id(raw: bytes) -> str | None:
    """The id of an event that may be unreadable otherwise."""
    try:
        return readable(_id_decoder().decode(raw).id)
    except (msgspec.ValidationError, *wire.NOT_JSON):
        return None


def form_of(content_type: str, headers: Mapping[str, str]) -> Form | None:
    """How a request carries events by its media type, or None for one that we do not read."""
    media_type, _, parameters = content_type.partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "us-ascii"):
        return None
    try:
        form = Form(media_type.strip().lower())
    except ValueError:
        return None
    return None if form is Form.BINARY and "ce-specversion" not in headers else form


def _refuse(unknown: Sequence[UnknownField]) -> None:
    for parent, name in unknown:
        if parent == "" and name in _IGNORED:
            continue
        pointer = f"{parent}/{name}" if _SPEAKABLE.fullmatch(name) else parent
        raise Refused(Reason.UNKNOWN_FIELD, "a field that the contract does not name", pointer)


def _must_be_json(body: bytes) -> None:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except wire.NOT_JSON as error:
        raise Malformed("the body is no JSON, or nests too deep") from error


def _structured(body: bytes, headers: Mapping[str, str]) -> bytes:
    _must_be_json(body)
    event: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    event["data"] = msgspec.Raw(body)
    return msgspec.json.encode(event)


def _items(body: bytes) -> list[bytes]:
    try:
        items = msgspec.structs.astuple(_batch_decoder().decode(body))
    except msgspec.ValidationError as error:
        raise Malformed("a batch is a JSON array") from error
    except wire.NOT_JSON as error:
        raise Malformed("the body is no JSON, or nests too deep") from error
    if items[MAX_EVENTS] is not _NOTHING:
        raise TooMany
    return [bytes(item) for item in items if item is not _NOTHING]


def _lines(body: bytes) -> list[bytes]:
    found: list[bytes] = []
    for line in _split(body):
        if len(found) == MAX_EVENTS:
            raise TooMany
        found.append(line)
    return found


def _split(body: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        line = body[start:end].strip()
        if line:
            yield line
        start = end + 1


@cache
def _batch_decoder() -> msgspec.json.Decoder[Any]:
    """Cuts an array into at most one more item than is allowed, and passes over the rest.

    A list would be built whole before its length is looked at: 10 MiB of `0,` are five million.
    """
    fields = [(f"item_{index}", msgspec.Raw, _NOTHING) for index in range(MAX_EVENTS + 1)]
    return msgspec.json.Decoder(msgspec.defstruct("_Batch", fields, array_like=True, gc=False))


@cache
def _id_decoder() -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("_Id", [("id", str)]))
