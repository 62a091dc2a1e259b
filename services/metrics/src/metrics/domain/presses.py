"""From decoded kiosk events to what changes in the counts: pure, and by columns, not by rows.

A press adds one to the value of its cell, a press marked as misuse one to the marked ones. A later
mark moves one, a withdrawal takes one back. Additions commute, so the order of events is free.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kokemus.contracts import events
from kokemus.contracts.wire import check_data, check_identifier
from kokemus.errors import Reason, Refused
from metrics.domain.local_time import REFUSED, LocalHours, day_of

VALUES: Final = 11
"""Room for the longest scale (0 to 10); shorter scales leave the rest at 0."""


class Press(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="type",
    tag=events.TYPE_PREFIX + "kiosk.pressed.v1",
):
    """`events.KioskPressed` as the counting path reads it: the time stays text.

    Making a datetime of every time would cost as much as all other decoding together.
    """

    specversion: Literal["1.0"]
    id: events.Identifier
    source: events.Identifier
    subject: events.Identifier
    time: str
    data: events.Press
    traceparent: str | None = None


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
    def series(self) -> tuple[str, str, str, str]:
        """Entity, channel, scale and question: what a figure is for."""
        return (self.entity, self.channel, self.scale, self.question)


_NO_STREAM: Final = Stream("", "", "", "", "", "", "")
"""Stands for a stream that is refused; nothing that is counted has it."""


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

    `stream` holds indices into `streams`. All arrays have the same length.
    """

    streams: list[Stream]
    stream: NDArray[np.int64]
    hour: NDArray[np.int64]
    value: NDArray[np.int64]
    marked: NDArray[np.bool_]
    amount: NDArray[np.int64]

    def kept(self, which: NDArray[np.bool_]) -> "Columns":
        """The same with only some indices."""
        return Columns(
            self.streams,
            self.stream[which],
            self.hour[which],
            self.value[which],
            self.marked[which],
            self.amount[which],
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


class Tally(NamedTuple):
    """Counts by cell.

    `cells` has two columns (row id and time), `counts` first the unmarked answers by value, then
    the marked ones.
    """

    cells: NDArray[np.int64]
    counts: NDArray[np.int64]


class PressReader:
    """Checks and translates presses; remembers which streams it has checked before."""

    def __init__(self, hours: LocalHours) -> None:
        self._hours = hours
        self._known: dict[tuple[Any, ...], Stream | Refused] = {}

    def columns(self, presses: Sequence[Press]) -> tuple[Columns, list[tuple[int, Refused]]]:
        """The columns of presses (index for index) and which of them are refused, and why.

        A refused press keeps its index, with hour REFUSED; the caller drops it.
        """
        keys = [
            (p.subject, p.source, d.device_id, d.channel, d.scale, d.question_id, d.touchpoint)
            for p in presses
            for d in (p.data,)
        ]
        number: dict[tuple[Any, ...], int] = {}
        stream = [number.setdefault(key, len(number)) for key in keys]
        hour = np.array(self._hours.of([p.time for p in presses]), dtype=np.int64)
        value = np.array([p.data.value for p in presses], dtype=np.int64)
        marked = np.array([p.data.misuse for p in presses], dtype=np.bool_)
        checked = [self._checked(key) for key in number]
        sizes = np.array([events.SCALE_SIZES[key[4]] for key in number], dtype=np.int64)
        which = np.array(stream, dtype=np.int64)
        refused = self._refused(presses, checked, which, hour, value >= sizes[which])
        streams = [_NO_STREAM if isinstance(s, Refused) else s for s in checked]
        amount = np.ones(len(keys), dtype=np.int64)
        return Columns(streams, which, hour, value, marked, amount), refused

    def _checked(self, key: tuple[Any, ...]) -> Stream | Refused:
        known = self._known.get(key)
        if known is None:
            known = Stream(*key[:6], key[6] or "")  # type: ignore[call-arg]  # six of seven
            try:
                for value, pointer in zip(
                    (key[0], key[1], key[2], key[5]),
                    ("/subject", "/source", "/data/device_id", "/data/question_id"),
                    strict=True,
                ):
                    check_identifier(value, pointer)
            except Refused as refusal:
                known = refusal
            if len(self._known) > 200_000:
                self._known.clear()
            self._known[key] = known
        return known

    def _refused(
        self,
        presses: Sequence[Press],
        checked: Sequence[Stream | Refused],
        stream: NDArray[np.int64],
        hour: NDArray[np.int64],
        beyond: NDArray[np.bool_],
    ) -> list[tuple[int, Refused]]:
        bad_streams = np.array([isinstance(s, Refused) for s in checked], dtype=np.bool_)
        suspects = (hour == REFUSED) | beyond | bad_streams[stream]
        if not _all_identifiers([p.id for p in presses]):
            suspects[:] = True
        refused = []
        for index in np.flatnonzero(suspects):
            press, known = presses[int(index)], checked[stream[index]]
            try:
                if isinstance(known, Refused):
                    raise known
                if hour[index] == REFUSED:
                    raise Refused(
                        Reason.INVALID_TIME,
                        "time must be RFC 3339 with an offset, between 2000 and 2099",
                        "/time",
                    )
                check_identifier(press.id, "/id")
                check_data(press.data, "/data")
            except Refused as refusal:
                refused.append((int(index), refusal))
        return refused


_IDENTIFIER_BYTES: Final = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._:/-"


def _all_identifiers(ids: Sequence[str]) -> bool:
    """Whether all ids have identifier characters only; one pass in C over the whole batch."""
    joined = "\n".join(ids)
    if not joined.isascii() or joined.encode().translate(None, _IDENTIFIER_BYTES).strip(b"\n"):
        return False
    return not any(identity[0] in "._:/-" for identity in ids)


def correction(event: events.Event, hours: LocalHours) -> list[Move]:
    """What a later mark or a withdrawal of a press changes; nothing for any other event."""
    match event:
        case events.KioskMisused(data=events.Misused(press=named)):
            if named.data.misuse:
                return []  # it came marked: nothing is left to move
            stream, hour = _cell(event, named.time, named.data, hours)
            value = named.data.value
            return [Move(stream, hour, value, False, -1), Move(stream, hour, value, True, 1)]
        case events.ObservationWithdrawn(
            data=events.Withdrawn(original=events.OriginalPress() as o)
        ):
            stream, hour = _cell(event, o.time, o.data, hours)
            return [Move(stream, hour, o.data.value, o.data.misuse, -1)]
        case _:
            return []


def _cell(
    event: events.Event, time: Any, press: events.Press, hours: LocalHours
) -> tuple[Stream, int]:
    (hour,) = hours.of([time.isoformat()])
    stream = Stream(
        event.subject,
        event.source,
        press.device_id,
        press.channel,
        press.scale,
        press.question_id,
        press.touchpoint or "",
    )
    return stream, hour


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
    (hour,) = hours.of([time.isoformat()])
    cell = Reasoned(
        event.subject,
        event.source,
        data.device_id,
        data.channel,
        day_of(hour),
        data.polarity,
        data.reason,
    )
    return cell, amount


def tally(
    rows: NDArray[np.int64], times: NDArray[np.int64], columns: Columns, *, values: int = VALUES
) -> Tally:
    """Sums single counts by (row, time), sorted, so that every consumer locks in the same order.

    Args:
        rows: the row id of each index.
        times: the day or month of each index, a number.
        columns: the single counts.
        values: how many values a half of the counts has.
    """
    order = np.lexsort((times, rows))
    rows, times = rows[order], times[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(rows) != 0) | (np.diff(times) != 0)
    inverse = np.cumsum(first) - 1
    counts = np.zeros((int(first.sum()), 2 * values), dtype=np.int64)
    column = columns.value[order] + values * columns.marked[order]
    np.add.at(counts, (inverse, column), columns.amount[order])
    return Tally(np.stack((rows[first], times[first]), axis=1), counts)
