"""From decoded kiosk events to what changes in the counts: pure, and by columns, not by rows.

A press adds one to the value of its cell, a press marked as misuse one to the marked ones; what
corrections move is beside (`corrections`). Additions commute, so the order of events is free.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kokemus.contracts import events
from kokemus.contracts.rules import check_data
from kokemus.contracts.wire import check_identifier
from kokemus.errors import Reason, Refused
from metrics.domain.contacts import Contacted, Contacts
from metrics.domain.local_time import REFUSED, LocalHours, day_of
from metrics.domain.seen import shard_of
from metrics.domain.surveys import Answered

VALUES: Final = 11
"""Room for the longest scale (0 to 10); shorter scales leave the rest at 0."""


class Press(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="type",
    tag=events.TYPE_PREFIX + "kiosk.pressed.v1",
):
    """`events.KioskPressed` as the counting path reads it.

    The time stays text, and the data bytes: the same few come again and again, so each is read
    and checked once. Making objects of both would cost as much as all other decoding.
    """

    specversion: Literal["1.0"]
    id: events.Identifier
    source: events.Identifier
    subject: events.Identifier
    time: str
    data: msgspec.Raw


class Stream(NamedTuple):
    """What a row of day counts is for."""

    entity: str
    source: str
    device: str
    channel: str
    scale: str
    question: str
    touchpoint: str

    @property
    def asker(self) -> str:
        """Whose question it is: the survey's source, or nobody's, where the registry knows it."""
        return self.source if self.channel == "survey" else ""


class Reasoned(NamedTuple):
    """The cell of a follow-up."""

    entity: str
    source: str
    device: str
    channel: str
    day: date
    polarity: str
    reason: str


class PeriodCount(NamedTuple):
    """One observation of counts for a period."""

    entity: str
    source: str
    event_id: str
    data: events.Counted


@dataclass(frozen=True, slots=True)
class Columns:
    """Single counts, one an index: which stream, when, which value, marked or not, plus or minus.

    `stream` holds indices into `streams`, `hour` local hours, `shard` the shards of the subjects.
    All arrays have the same length.
    """

    streams: list[Stream]
    stream: NDArray[np.int64]
    hour: NDArray[np.int64]
    value: NDArray[np.int64]
    marked: NDArray[np.bool_]
    amount: NDArray[np.int64]
    shard: NDArray[np.int64]

    @property
    def column(self) -> NDArray[np.int64]:
        """Where each count is added in a row of 2 * VALUES: unmarked answers first, then marked."""
        columns: NDArray[np.int64] = self.value + VALUES * self.marked
        return columns

    def kept(self, which: NDArray[np.bool_]) -> "Columns":
        """The same with only some indices."""
        return Columns(
            self.streams,
            self.stream[which],
            self.hour[which],
            self.value[which],
            self.marked[which],
            self.amount[which],
            self.shard[which],
        )

    def joined(self, others: "Columns") -> "Columns":
        """The same with those of another topic at the end."""
        return Columns(
            [*self.streams, *others.streams],
            np.append(self.stream, others.stream + len(self.streams)),
            np.append(self.hour, others.hour),
            np.append(self.value, others.value),
            np.append(self.marked, others.marked),
            np.append(self.amount, others.amount),
            np.append(self.shard, others.shard),
        )

    def extended(self, moves: Sequence["Move"]) -> "Columns":
        """The same with further single counts at the end."""
        streams = list(self.streams)
        number = {stream: index for index, stream in enumerate(streams)}
        where = [number.setdefault(move.stream, len(number)) for move in moves]
        streams += list(number)[len(streams) :]
        return Columns(
            streams,
            np.append(self.stream, where),
            np.append(self.hour, [move.hour for move in moves]),
            np.append(self.value, [move.value for move in moves]),
            np.append(self.marked, [move.marked for move in moves]),
            np.append(self.amount, [move.amount for move in moves]),
            np.append(self.shard, [shard_of(move.stream.entity) for move in moves]),
        )


class Move(NamedTuple):
    """One count that a correction adds or takes back."""

    stream: Stream
    hour: int
    value: int
    marked: bool
    amount: int


@dataclass(slots=True)
class Effects:
    """What the fresh events of a batch change, besides the columns of presses."""

    reasons: dict[Reasoned, int] = field(default_factory=dict)
    periods: list[PeriodCount] = field(default_factory=list)
    contacts: dict[Contacted, Contacts] = field(default_factory=dict)
    answers: dict[Answered, int] = field(default_factory=dict)


class Tally(NamedTuple):
    """Counts by cell.

    `cells` has two columns (row id and day), `counts` one row of sums a cell.
    """

    cells: NDArray[np.int64]
    counts: NDArray[np.int64]


class Shape(NamedTuple):
    """All of a press but its id and time: what is counted where."""

    stream: int
    shard: int
    value: int
    marked: bool


_MOST_SHAPES: Final = 500_000
_read_press: Final = msgspec.json.Decoder(events.Press).decode


class PressReader:
    """Checks and translates presses; remembers the shapes that it has checked before."""

    def __init__(self, hours: LocalHours) -> None:
        self._hours = hours
        self._forget()

    def _forget(self) -> None:
        self._numbers: dict[tuple[str, str, bytes], int] = {}
        self._shapes = np.zeros((1024, len(Shape._fields)), dtype=np.int64)
        self._streams: dict[Stream, int] = {}

    def columns(self, presses: Sequence[Press]) -> tuple[Columns, list[tuple[int, Refused]]]:
        """The columns of presses (index for index) and which of them are refused, and why.

        A refused press keeps its index; the caller drops it.
        """
        if len(self._numbers) > _MOST_SHAPES:
            self._forget()
        numbers: list[int] = []
        refused: dict[int, Refused] = {}
        known = self._numbers
        for press in presses:
            key = (press.subject, press.source, bytes(press.data))
            number = known.get(key)
            if number is None:
                try:
                    number = self._learn(key)
                except Refused as refusal:
                    refused[len(numbers)] = refusal
                    number = 0
            numbers.append(number)
        shapes = self._shapes[numbers]
        hour = self._hours.of([press.time for press in presses])
        self._refuse(presses, hour, refused)
        stream, inverse = np.unique(shapes[:, 0], return_inverse=True)
        streams = list(self._streams)
        columns = Columns(
            [streams[number] for number in stream.tolist()] if streams else [],
            inverse,
            hour,
            shapes[:, 2],
            shapes[:, 3].astype(np.bool_),
            np.ones(len(numbers), dtype=np.int64),
            shapes[:, 1],
        )
        return columns, sorted(refused.items())

    def _learn(self, key: tuple[str, str, bytes]) -> int:
        subject, source, raw = key
        try:
            data = _read_press(raw)
        except msgspec.MsgspecError:
            raise Refused(Reason.INVALID, "data is not that of a press", "/data") from None
        check_identifier(subject, "/subject")
        check_identifier(source, "/source")
        check_identifier(data.device_id, "/data/device_id")
        check_identifier(data.question_id, "/data/question_id")
        check_data(data, "/data")
        stream = self._streams.setdefault(stream_of(subject, source, data), len(self._streams))
        number = len(self._numbers)
        if number == len(self._shapes):
            self._shapes = np.concatenate((self._shapes, np.zeros_like(self._shapes)))
        self._shapes[number] = (stream, shard_of(subject), data.value, data.misuse)
        self._numbers[key] = number
        return number

    @staticmethod
    def _refuse(
        presses: Sequence[Press], hour: NDArray[np.int64], refused: dict[int, Refused]
    ) -> None:
        for index in np.flatnonzero(hour == REFUSED).tolist():
            refused[index] = Refused(
                Reason.INVALID_TIME,
                "time must be RFC 3339 with an offset, between 2000 and 2099",
                "/time",
            )
        if _all_identifiers([press.id for press in presses]):
            return
        for index, press in enumerate(presses):
            try:
                check_identifier(press.id, "/id")
            except Refused as refusal:
                refused[index] = refusal


def stream_of(subject: str, source: str, press: events.Press) -> Stream:
    """The stream that a press belongs to."""
    return Stream(
        subject,
        source,
        press.device_id,
        press.channel,
        press.scale,
        press.question_id,
        press.touchpoint or "",
    )


_IDENTIFIER_BYTES: Final = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._:/-"


def _all_identifiers(ids: Sequence[str]) -> bool:
    """Whether all ids have identifier characters only; one pass in C over the whole batch."""
    joined = "\n".join(ids)
    if not joined.isascii() or joined.encode().translate(None, _IDENTIFIER_BYTES).strip(b"\n"):
        return False
    return not any(identity[0] in "._:/-" for identity in ids)


def reasoned(event: events.Event, hours: LocalHours) -> tuple[Reasoned, int] | None:
    """The follow-up that an event adds or takes back, if it is about one."""
    match event:
        case events.KioskReasonGiven(time=time, data=data):
            amount = 1
        case events.ObservationWithdrawn(
            data=events.Withdrawn(original=events.OriginalReason(time=time, data=data))
        ):
            amount = -1
        case _:
            return None
    cell = Reasoned(
        event.subject,
        event.source,
        data.device_id,
        data.channel,
        day_of(hours.of_moment(time)),
        data.polarity,
        data.reason,
    )
    return cell, amount


def tally(
    rows: NDArray[np.int64],
    days: NDArray[np.int64],
    column: NDArray[np.int64],
    amount: NDArray[np.int64],
    width: int,
) -> Tally:
    """Sums single counts by row and day, sorted, so that every consumer locks in the same order.

    Args:
        rows: the row id of each index, below 2^31.
        days: the ordinal of the day (or of the month's first) of each index.
        column: which of the `width` sums of the cell it adds to.
        amount: how much.
        width: how many sums a cell has.
    """
    keys, cell = np.unique(rows << 32 | days, return_inverse=True)
    # Sums of whole numbers below 2^53 are exact in floating point.
    sums = np.bincount(cell * width + column, weights=amount, minlength=len(keys) * width)
    cells = np.stack((keys >> 32, keys & 0xFFFFFFFF), axis=1)
    return Tally(cells, sums.astype(np.int64).reshape(len(keys), width))
