"""What one poll of Kafka gave of one topic, decoded record by record.

Record by record, so that a bad one never takes its neighbours with it; by columns, so that a good
one costs next to nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from kokemus.contracts import events, wire
from kokemus.contracts.topics import Declaration
from kokemus.errors import Reason, Refused
from metrics.domain.presses import Columns, Press, PressReader


class Forgotten(NamedTuple):
    """A tombstone on a compacted topic: what stands under the key is gone."""

    key: str


Record = events.Event | Forgotten


class Message(Protocol):
    """A message as librdkafka's Python client has it."""

    def topic(self) -> str | None: ...  # noqa: D102
    def partition(self) -> int | None: ...  # noqa: D102
    def offset(self) -> int | None: ...  # noqa: D102
    def key(self) -> Any: ...  # noqa: D102
    def value(self) -> Any: ...  # noqa: D102
    def headers(self) -> Any: ...  # noqa: D102
    def timestamp(self) -> tuple[int, int]: ...  # noqa: D102


@dataclass(slots=True)
class Batch:
    """One topic's part of a poll.

    `partition` and `offset` have one entry a message; `at` gives the message of each event. The
    presses come first among the events, `columns` describes them index for index.
    """

    topic: Declaration
    messages: Sequence[Message]
    partition: NDArray[np.int64]
    offset: NDArray[np.int64]
    presses: list[Press]
    others: list[Record]
    at: NDArray[np.int64]
    columns: Columns
    refused: dict[int, Refused]

    def refuse(self, message: int, refusal: Refused) -> None:
        """Moves the record of a message, which is no press, to the refused."""
        index = int(np.flatnonzero(self.at == message)[0])
        del self.others[index - len(self.presses)]
        self.at = np.delete(self.at, index)
        self.refused[message] = refusal


def by_topic(messages: Sequence[Message]) -> dict[str, list[Message]]:
    """Messages by full topic name, in their order."""
    names = {message.topic() for message in messages}
    if len(names) == 1:
        return {names.pop() or "": list(messages)}
    found: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        found[message.topic() or ""].append(message)
    return found


class BatchDecoder:
    """Decodes one topic's messages; knows the contracts of that topic only."""

    def __init__(self, topic: Declaration, reader: PressReader) -> None:
        self._topic = topic
        self._reader = reader
        read: list[Any] = [
            Press if kind is events.KioskPressed else kind for kind in topic.event_types
        ]
        self._decode = msgspec.json.Decoder(wire.union(read)).decode

    @property
    def compacted(self) -> bool:
        """Whether the topic drops records that newer ones of their keys replace."""
        return self._topic.cleanup == "compact"

    def decode(self, messages: Sequence[Message]) -> Batch:
        """Reads every message; what cannot be read is among the refused, by its index."""
        decode = self._decode
        presses: list[Press] = []
        press_at: list[int] = []
        others: list[Record] = []
        other_at: list[int] = []
        refused: dict[int, Refused] = {}
        for index, value in enumerate([message.value() for message in messages]):
            try:
                event = decode(value)
            except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
                self._carefully(index, messages[index], others, other_at, refused)
                continue
            if type(event) is Press:
                presses.append(event)
                press_at.append(index)
            else:
                try:
                    wire.check(event)
                    wire.check_topic(event, self._topic)
                except Refused as refusal:
                    refused[index] = refusal
                else:
                    others.append(event)
                    other_at.append(index)
        columns, bad = self._reader.columns(presses)
        if bad:
            refused.update({press_at[index]: refusal for index, refusal in bad})
            kept = np.ones(len(presses), dtype=np.bool_)
            kept[[index for index, _ in bad]] = False
            presses = [press for press, keep in zip(presses, kept, strict=True) if keep]
            press_at = [index for index, keep in zip(press_at, kept, strict=True) if keep]
            columns = columns.kept(kept)
        return Batch(
            self._topic,
            messages,
            np.array([message.partition() for message in messages], dtype=np.int64),
            np.array([message.offset() for message in messages], dtype=np.int64),
            presses,
            others,
            np.array(press_at + other_at, dtype=np.int64),
            columns,
            refused,
        )

    def _carefully(
        self,
        index: int,
        message: Message,
        others: list[Record],
        other_at: list[int],
        refused: dict[int, Refused],
    ) -> None:
        """Finds out what is wrong with a message that did not decode."""
        value, key = message.value(), message.key()
        if value is None and self._topic.cleanup == "compact" and key:
            others.append(Forgotten(key.decode(errors="replace")))
            other_at.append(index)
            return
        try:
            wire.decode(value or b"", self._topic.event_types)
        except Refused as refusal:
            refused[index] = refusal
        else:
            refused[index] = Refused(Reason.INVALID_TIME, "time must be RFC 3339", "/time")


REFUSALS_IN_A_ROW: Final = 50
"""Stop rather than drain a topic: one faulty kiosk firmware sends at most about 20 in a row."""


def first_too_many(refused: Sequence[int], count: int, in_a_row: int) -> tuple[int | None, int]:
    """Where refusals follow each other too long.

    Args:
        refused: the refused among a partition's records, ascending, as positions 0 to count - 1.
        count: how many records there are.
        in_a_row: how many were refused right before the first.

    Returns:
        The position at which the run reaches REFUSALS_IN_A_ROW (None: nowhere), and how many stand
        refused in a row at the end.
    """
    before = -1
    for position in refused:
        in_a_row = in_a_row + 1 if position == before + 1 else 1
        before = position
        if in_a_row >= REFUSALS_IN_A_ROW:
            return position, in_a_row
    if before == count - 1:
        return None, in_a_row
    return None, 0 if count else in_a_row
