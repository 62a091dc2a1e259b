"""Rows of a table as events of a kind, each with an id that it gets again in every export."""

from array import array
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from hashlib import blake2b
from itertools import islice
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import structs

from kokemus.contracts import events, wire
from kokemus.contracts.events import Event, Identifier, Instant
from kokemus.errors import Refused
from kokemus.imports.columns import Columns, Field, Unmatched, fields_of, normal
from kokemus.imports.tables import Cell, Row, Rows, Unreadable

KINDS: Final[dict[str, tuple[type[Event], ...]]] = {
    "press": (events.KioskPressed,),
    "count": (events.KioskCounted,),
    "feedback": (
        events.FeedbackReceived,
        events.FeedbackAnswered,
        events.FeedbackUpdated,
        events.FeedbackWithdrawn,
    ),
    "survey": (events.SurveyAnswered, events.SurveyResulted, events.SurveyDefined),
    "method": (events.MethodReported,),
    "game": (events.GamePlayed,),
    "practice": (events.PracticeReported,),
    "reported": (events.FigureReported,),
    "ombudsman": (events.OmbudsmanContacted, events.OmbudsmanSummarised),
    "complaint": (
        events.ComplaintRegistered,
        events.ComplaintDecided,
        events.ComplaintSummarised,
    ),
}
"""The kinds of files, and the events that their rows become; the header tells which of them.

Counts are never made into presses.
"""

ONLY_BY_NAME: Final = (events.FeedbackUpdated, events.FeedbackWithdrawn)
"""No header tells these: received feedback whose table lacks a column looks like an update."""

CHUNK: Final = 1_000
"""Rows that are handed on together; the first so many tell whether the table has shifted."""
_NAMELESS: Final = "unnamed"
_TIMES: Final = ("as_of", "answered_at")
"""Fields that say when an event is from."""


class Envelope(msgspec.Struct):
    """The columns that every kind has besides its data."""

    subject: Identifier
    time: Instant
    id: Identifier | None = None


class Rejection(NamedTuple):
    """A row, or a column of it, that could not be used; `refused` never holds a value."""

    line: int
    column: str | None
    refused: Refused


class Chunk(NamedTuple):
    """Some rows: the events with their lines, and the rows that became none."""

    rows: int
    events: list[tuple[int, Event]]
    rejected: list[Rejection]
    broken: Unreadable | None = None
    """Why the file could not be read further."""


def fields(kind: type[Event]) -> dict[str, Field]:
    """The columns of a kind by name, in the order of a template.

    Where the data say when they are from, `time` may be left out: it is then the same.
    """
    data = kind.__annotations__["data"]
    found = fields_of(Envelope) | fields_of(data)
    if not found.keys().isdisjoint(_TIMES):
        found["time"] = found["time"]._replace(required=False)
    return {"subject": found.pop("subject"), "time": found.pop("time"), **found}


def chosen(kinds: Sequence[type[Event]], header: Sequence[Cell]) -> type[Event]:
    """The event that rows under a header become: it has all that one needs, and most of it.

    Where it fits none of them, the one that it is most like, so that what is missing can be told.
    """
    kinds = [kind for kind in kinds if kind not in ONLY_BY_NAME] or kinds
    names = set(map(normal, header))
    fitting = [
        kind
        for kind in kinds
        if all(name in names for name, field in fields(kind).items() if field.required)
    ]
    return max(fitting or kinds, key=lambda kind: len(names & fields(kind).keys()))


class Ordinals:
    """How often each digest was met: an open table of its first 64 bits and a number.

    A digest takes 18 to 36 bytes, in a dictionary 130; and a workbook has a million rows. Two rows
    that share 64 bits count as equal, which only makes the second one's ordinal 1.
    """

    def __init__(self) -> None:
        self._size = 0
        self._keys = array("Q", [0]) * 1024
        self._times = array("I", [0]) * 1024

    def of(self, digest: bytes) -> int:
        """How often the digest was met before this time."""
        key = int.from_bytes(digest[:8]) or 1  # 0 is an empty place
        at = self._place(key)
        times = self._times[at]
        self._keys[at] = key
        self._times[at] = times + 1
        if times == 0:
            self._size += 1
            if 3 * self._size > 2 * len(self._keys):
                self._grow()
        return times

    def _place(self, key: int) -> int:
        keys = self._keys
        last = len(keys) - 1
        at = key & last
        while keys[at] not in (0, key):
            at = (at + 1) & last
        return at

    def _grow(self) -> None:
        keys, times = self._keys, self._times
        self._keys = array("Q", [0]) * (2 * len(keys))
        self._times = array("I", [0]) * (2 * len(keys))
        for key, number in zip(keys, times, strict=True):
            if key:
                at = self._place(key)
                self._keys[at], self._times[at] = key, number


class RowReader:
    """Makes events of the rows under one header."""

    def __init__(
        self, kind: type[Event], source: str, header: Sequence[Cell], zone: ZoneInfo
    ) -> None:
        """Matches the header.

        Args:
            kind: of the events.
            source: their CloudEvents source.
            header: the first row.
            zone: whose clocks times without an offset are by.

        Raises:
            Unmatched: it does not fit the kind.
        """
        self.columns = Columns.match(header, fields(kind))
        self._header = header
        self._kind = kind
        self._source = source
        self._zone = zone
        self._ordinals = Ordinals()

    @property
    def unknown(self) -> list[str]:
        """The columns that name no field, as they may be told to the sender."""
        return [self.columns.named(self._header, index) for index in self.columns.unknown]

    def event(self, row: Row) -> Event:
        """The event of a row.

        Raises:
            Refused: the pointer is the column.
        """
        values = self.columns.values(row, self._zone)
        given = values.pop("id", None)
        subject, time = values.pop("subject"), values.pop("time", None)
        message = {
            "specversion": "1.0",
            "type": self._kind.__struct_config__.tag,
            "id": given or _NAMELESS,
            "source": self._source,
            "subject": subject,
            "time": time or _beginning(next(filter(None, map(values.get, _TIMES))), self._zone),
            "data": values,
        }
        try:
            event = wire.decode(msgspec.json.encode(message), (self._kind,))
        except Refused as error:
            column = error.pointer.removeprefix("/data").strip("/").partition("/")[0]
            raise Refused(error.reason, error.detail, column) from None
        return event if given else structs.replace(event, id=self._id(event))

    def _id(self, event: Event) -> str:
        """A hash of what the row says, its source included, and its ordinal among its equals."""
        content = blake2b(wire.encode(event), digest_size=16)
        digest = content.digest()
        content.update(b"%d" % self._ordinals.of(digest))
        return f"row-{content.hexdigest()}"


def chunks(rows: Rows, reader: RowReader) -> Iterator[Chunk]:
    """Reads all rows, some at a time.

    Raises:
        Unmatched: the first of them show that the table has shifted against its header.
    """
    first = _chunk(rows, reader, check=True)
    yield first
    while first.rows == CHUNK:
        first = _chunk(rows, reader, check=False)
        yield first


def _chunk(rows: Rows, reader: RowReader, *, check: bool) -> Chunk:
    taken: list[Row] = []
    broken = None
    try:
        for row in islice(rows, CHUNK):
            taken.append(row)  # noqa: PERF402 - those before a failure are kept
    except Unreadable as error:
        broken = error
    made: list[tuple[int, Event]] = []
    rejected: list[Rejection] = []
    for row in taken:
        try:
            made.append((row.line, reader.event(row)))
        except Refused as error:
            # Not the error itself: its traceback would hold on to all of these rows.
            told = Refused(error.reason, error.detail)
            rejected.append(Rejection(row.line, error.pointer or None, told))
    if check:
        _check_alignment(taken, reader.columns, len(rejected))
    return Chunk(len(taken), made, rejected, broken)


def _check_alignment(taken: Sequence[Row], columns: Columns, rejected: int) -> None:
    """Raises Unmatched where most rows show that their cells stand under the wrong headers."""
    most = len(taken) // 2
    misfits = [why for why in map(columns.misfit, taken) if why]
    if len(misfits) > most:
        raise Unmatched(f"the table does not fit its header: {misfits[0]}, in most rows")
    nothing_last = all(map(columns.last_is_empty, taken))
    if nothing_last and len(taken) > 1 and columns.last_is_a_mark:
        raise Unmatched(
            "the table seems shifted: no row says anything under the last header; check for a "
            "header too many or a column too few, or write 0 where there is no mark"
        )
    if rejected > most and nothing_last:
        raise Unmatched(
            "the table seems shifted: nothing stands under the last header, and most rows cannot "
            "be read under the others; check for a header too many or a column too few"
        )


def _beginning(as_of: date | str, zone: ZoneInfo) -> datetime:
    if isinstance(as_of, str):
        written = datetime.fromisoformat(as_of)
        return written if written.tzinfo else written.replace(tzinfo=zone)
    if isinstance(as_of, datetime):
        return as_of
    return datetime(as_of.year, as_of.month, as_of.day, tzinfo=zone)
