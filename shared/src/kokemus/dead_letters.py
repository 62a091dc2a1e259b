"""The form of a dead letter: a record that no contract could read, complete, and why.

A letter lies on `<topic>.dead` under the place it came from, so that writing it twice keeps one.
Its value is the record's value, byte for byte; everything else stands in headers. Pure: who builds
a letter publishes it, and moves no offset before the broker has confirmed it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from kokemus.errors import Refused

SUFFIX: Final = ".dead"

ORIGIN_TOPIC: Final = "origin-topic"
ORIGIN_PARTITION: Final = "origin-partition"
ORIGIN_OFFSET: Final = "origin-offset"
ORIGIN_KEY: Final = "origin-key"
"""The record's raw key; the header is missing where the record had none."""
ORIGIN_NULL: Final = "origin-value-null"
"""Set where the record had no value: a letter with a null value would delete itself."""
ORIGIN_HEADER: Final = "origin-header-"
"""Stands before the name of each of the record's own headers."""
REASON: Final = "reason"
ERROR: Final = "error"
POINTER: Final = "pointer"
SERVICE: Final = "service"
ATTEMPT: Final = "attempt"
TIME: Final = "time"
TRACE: Final = "trace"

REDRIVEN: Final = "kokemus-attempt"
"""Header of a record that was put back on its topic: which attempt its next reading is."""

ATTEMPT_DIGITS: Final = re.compile(rb"[0-9]{1,9}")

MAX_ERROR_BYTES: Final = 1000
"""A detail is one sentence; the bound keeps a letter within `<topic>.dead`'s message size."""

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]


class Record(NamedTuple):
    """A record as Kafka has it. `topic` is the full name, with the city's prefix."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Letter(NamedTuple):
    """A dead letter as it goes to Kafka."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes | None]]


class DeadLetter(NamedTuple):
    """A dead letter read back. `reason` may be of a newer version than `kokemus.errors.Reason`."""

    record: Record
    reason: str
    error: str
    pointer: str
    service: str
    attempt: int
    time: datetime
    trace: str | None

    @property
    def key(self) -> str:
        """Where the record stood, which names the letter."""
        return place(self.record)


def place(record: Record) -> str:
    """The key of the record's dead letter: `topic/partition/offset`."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def letter(
    record: Record, refused: Refused, *, service: str, time: datetime, trace: str | None = None
) -> Letter:
    """The dead letter of a record. The same record gives the same key, whenever it is refused.

    Args:
        record: what could not be used, as it was read.
        refused: why; its detail never holds a value of the record.
        service: who refused it.
        time: when, with an offset.
        trace: the `traceparent` of the reading, where there is one.
    """
    headers: list[tuple[str, bytes | None]] = [
        (ORIGIN_TOPIC, record.topic.encode()),
        (ORIGIN_PARTITION, str(record.partition).encode()),
        (ORIGIN_OFFSET, str(record.offset).encode()),
        (REASON, refused.reason.encode()),
        (ERROR, _bounded(refused.detail)),
        (POINTER, _bounded(refused.pointer)),
        (SERVICE, service.encode()),
        (ATTEMPT, str(_attempt(record)).encode()),
        (TIME, time.isoformat().encode()),
    ]
    if trace is not None:
        headers.append((TRACE, trace.encode()))
    if record.key is not None:
        headers.append((ORIGIN_KEY, record.key))
    if record.value is None:
        headers.append((ORIGIN_NULL, b"true"))
    headers += [(ORIGIN_HEADER + name, value) for name, value in record.headers]
    return Letter(record.topic + SUFFIX, place(record).encode(), record.value or b"", headers)


def read(value: bytes, headers: Headers) -> DeadLetter:
    """Reads a dead letter back, the record in it as it was.

    Raises:
        ValueError: this is no dead letter: a header is missing or malformed.
    """
    named: Mapping[str, bytes] = {name: content or b"" for name, content in headers}
    try:
        record = Record(
            topic=named[ORIGIN_TOPIC].decode(),
            partition=int(named[ORIGIN_PARTITION]),
            offset=int(named[ORIGIN_OFFSET]),
            key=named.get(ORIGIN_KEY),
            value=None if ORIGIN_NULL in named else value,
            headers=[
                (name.removeprefix(ORIGIN_HEADER), content)
                for name, content in headers
                if name.startswith(ORIGIN_HEADER)
            ],
        )
        return DeadLetter(
            record=record,
            reason=named[REASON].decode(),
            error=named[ERROR].decode(),
            pointer=named[POINTER].decode(),
            service=named[SERVICE].decode(),
            attempt=int(named[ATTEMPT]),
            time=datetime.fromisoformat(named[TIME].decode()),
            trace=named[TRACE].decode() if TRACE in named else None,
        )
    except KeyError as missing:
        raise ValueError(f"no dead letter: the header {missing} is missing") from None


def redriven(dead: DeadLetter) -> list[tuple[str, bytes | None]]:
    """The headers with which a record goes back to its topic: its own, and the next attempt."""
    own = [(name, value) for name, value in dead.record.headers if name != REDRIVEN]
    return [*own, (REDRIVEN, str(dead.attempt + 1).encode())]


def _attempt(record: Record) -> int:
    """Which reading of the record this is: the first, unless it was put back."""
    for name, value in record.headers:
        if name == REDRIVEN and value is not None and ATTEMPT_DIGITS.fullmatch(value):
            return int(value)
    return 1


def _bounded(text: str) -> bytes:
    return text.encode()[:MAX_ERROR_BYTES].decode(errors="ignore").encode()
