"""Whoever corrects a press, how often and in whatever order: the counts end the same."""

from collections import Counter as Sums
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus import dead_letters
from kokemus.contracts import events, topics, wire
from kokemus.telemetry import Meters
from metrics.counter import Counter, TopicPartition
from metrics.domain.batches import BatchDecoder
from metrics.domain.local_time import LocalHours, day_of
from metrics.domain.presses import PressReader
from metrics.storage.counting import Chunk, CountingStore, PartitionState, Work
from support.counting import TOPIC, Cell, count_by_hand, misused, press, withdrawn

HELSINKI = ZoneInfo("Europe/Helsinki")


class Message(msgspec.Struct):
    """A message as librdkafka's client has it."""

    event: events.Event
    at: int

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes:
        return wire.encode(self.event)

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return 1, 0


class Log:
    """A Kafka that nothing is asked of but one partition."""

    def topic_ids(self, names: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(names, "id")

    def bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        return dict.fromkeys(partitions, (0, 1_000))

    def read_from(self, offsets: Mapping[TopicPartition, int]) -> None:
        pass

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        pass

    def keep(self, letters: Sequence[dead_letters.Letter]) -> None:
        assert not letters


class Store:
    """What a database keeps of one partition."""

    def __init__(self) -> None:
        self.done: list[Work] = []
        self.log: dict[int, list[Chunk]] = {}

    def forget(self) -> None:
        pass

    def hash_key(self) -> bytes:
        return b"key"

    def states(self, partitions: Mapping[tuple[str, int], str]) -> dict[Any, PartitionState]:
        end = self.done[-1].slices["id", 0].end if self.done else 0
        return dict.fromkeys(partitions, PartitionState(end, 0, None, 1))

    def chunks(self, _topic: str, known: Mapping[int, int]) -> Iterator[tuple[int, list[Chunk]]]:
        for shard, first in known.items():
            yield shard, [chunk for chunk in self.log.get(shard, []) if chunk.seq >= first]

    def commit(self, work: Work) -> None:
        for chunk in work.chunks:
            log = self.log.setdefault(chunk.shard, [])
            assert chunk.seq == len(log) + 1
            log.append(chunk)
        self.done.append(work)

    def cells(self) -> Sums[Cell]:
        cells: Sums[Cell] = Sums()
        for columns in (work.presses for work in self.done if work.presses is not None):
            for stream, hour, value, marked, amount in zip(
                columns.stream.tolist(), columns.hour.tolist(), columns.value.tolist(),
                columns.marked.tolist(), columns.amount.tolist(), strict=True,
            ):  # fmt: skip
                s = columns.streams[stream]
                cells[(s.entity, s.source, s.device, day_of(hour), s.channel, s.scale, s.question,
                       s.touchpoint, value, marked)] += amount  # fmt: skip
        return Sums({cell: number for cell, number in cells.items() if number})


class Consumers:
    """Consumers of one partition, one after the other, with one database."""

    def __init__(self) -> None:
        self.store = Store()
        self._hours = LocalHours(HELSINKI)
        self._decoder = BatchDecoder(topics.declarations()[TOPIC], PressReader(self._hours))
        self._next = 0
        self.another()

    def another(self) -> None:
        """Another process takes the partition over, and knows only what the database does."""
        store = cast("CountingStore", self.store)
        self._counter = Counter(store, Log(), self._hours, Meters())
        self._counter.assign([(TOPIC, 0)])
        self._counter.place()

    def count(self, batch: Sequence[events.Event]) -> None:
        messages = [Message(event, self._next + at) for at, event in enumerate(batch)]
        self._next += len(batch)
        self._counter.count([self._decoder.decode(messages)])

    def sums(self, name: str) -> int:
        """The whole of a slice's field."""
        return sum(getattr(work.slices["id", 0], name) for work in self.store.done)


PLAIN, MARKED = press(id="plain", value=1), press(id="marked", value=2, misuse=True)
OTHERS = msgspec.structs.replace(PLAIN, source="another")
"""Another source's press under the same id."""

AS_IT_STANDS = msgspec.structs.replace(PLAIN, data=msgspec.structs.replace(PLAIN.data, misuse=True))
"""The press as its source has it after marking it."""

ALL: list[events.Event] = [
    *(PLAIN, MARKED, OTHERS),
    *(misused(one, again=again) for one in (PLAIN, MARKED, OTHERS) for again in ("", ".2")),
    *(withdrawn(one, again=again) for one in (PLAIN, MARKED, OTHERS) for again in ("", ".2")),
]


@given(st.data())
def test_corrections_end_the_same_whatever_their_order_number_and_batches(
    data: st.DataObject,
) -> None:
    sent = data.draw(st.lists(st.sampled_from(ALL), max_size=24))
    consumers = Consumers()
    at = 0
    while at < len(sent):
        size = data.draw(st.integers(1, len(sent)))
        consumers.count(sent[at : at + size])
        at += size
        if data.draw(st.booleans()):
            consumers.another()
    assert consumers.store.cells() == count_by_hand(sent)
    assert consumers.sums("applied") + consumers.sums("repeated") == len(sent)


WAYS: dict[str, list[events.Event]] = {
    "withdrawn twice": [PLAIN, withdrawn(PLAIN), withdrawn(PLAIN, again=".2")],
    "marked, withdrawn twice": [
        *(PLAIN, misused(PLAIN)),
        *(withdrawn(PLAIN), withdrawn(PLAIN, again=".2")),
    ],
    "marked, withdrawn as it was": [PLAIN, misused(PLAIN), withdrawn(PLAIN)],
    "marked twice, withdrawn as it stands": [
        *(PLAIN, misused(PLAIN), misused(PLAIN, again=".2")),
        withdrawn(AS_IT_STANDS),
    ],
    "came marked, withdrawn": [MARKED, misused(MARKED), withdrawn(MARKED)],
}


@pytest.mark.parametrize("whole", [True, False], ids=["in one batch", "one by one"])
@pytest.mark.parametrize("way", WAYS)
def test_a_press_that_is_withdrawn_is_gone_marked_or_not_in_every_order(
    way: str, *, whole: bool
) -> None:
    for order in permutations(WAYS[way]):
        consumers = Consumers()
        for batch in [order] if whole else [(one,) for one in order]:
            consumers.count(batch)
        assert not consumers.store.cells(), order


def test_a_press_marked_twice_is_moved_once_and_the_second_mark_is_a_repeat() -> None:
    consumers = Consumers()
    consumers.count([PLAIN, misused(PLAIN), misused(PLAIN, again=".2")])
    assert [(cell[-1], n) for cell, n in consumers.store.cells().items()] == [(True, 1)]
    assert (consumers.sums("applied"), consumers.sums("repeated")) == (2, 1)


def test_a_follow_up_withdrawn_under_two_ids_is_taken_back_once() -> None:
    given = events.KioskReasonGiven(
        specversion="1.0",
        id="reason-1",
        source=PLAIN.source,
        subject=PLAIN.subject,
        time=PLAIN.time,
        data=events.ReasonGiven(PLAIN.id, "negative", "waiting", "1", "kiosk"),
    )
    original = events.OriginalReason(given.time, given.data)
    taken = msgspec.structs.replace(
        withdrawn(PLAIN), data=events.Withdrawn(given.id, original), id="taken-1"
    )
    consumers = Consumers()
    consumers.count([taken])
    consumers.another()
    consumers.count([given, msgspec.structs.replace(taken, id="taken-2")])
    reasons: Sums[Any] = Sums()
    for work in consumers.store.done:
        reasons.update(work.effects.reasons)
    assert list(reasons.values()) == [0]


def test_presses_alone_add_one_hash_each() -> None:
    consumers = Consumers()
    consumers.count([press(id=str(number)) for number in range(10)])
    assert sum(len(chunk.hashes) for chunk in consumers.store.done[0].chunks) == 10 * 16
    assert np.array_equal(consumers.store.done[0].presses.amount, np.ones(10))  # type: ignore[union-attr]
