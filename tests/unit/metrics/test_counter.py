"""What the protocol does between a poll and a commit, without a broker and a database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from kokemus import dead_letters
from kokemus.contracts import events, topics, wire
from kokemus.telemetry import Meters
from metrics.counter import Counter, TopicPartition
from metrics.domain.batches import BatchDecoder, Record
from metrics.domain.local_time import LocalHours
from metrics.domain.presses import PressReader
from metrics.storage.counting import Chunk, CountingStore, PartitionState, RefusedByDatabase, Work
from support.counting import HELSINKI, press

TOPIC = "registry.v1"


class FakeLog:
    """Kafka as the protocol needs it; remembers where it was told to read on."""

    def __init__(self) -> None:
        self.read: list[Mapping[TopicPartition, int]] = []
        self.letters: list[dead_letters.Letter] = []

    def topic_ids(self, names: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(names, "id")

    def bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        return dict.fromkeys(partitions, (0, 100))

    def read_from(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.read.append(offsets)

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        pass

    def keep(self, letters: Sequence[dead_letters.Letter]) -> None:
        self.letters += letters


class FakeStore:
    """A database that refuses the questions of one id."""

    def __init__(self, refused: str) -> None:
        self.refused = refused
        self.next_offset = 0
        self.done: list[Work] = []

    def forget(self) -> None:
        pass

    def hash_key(self) -> bytes:
        return b"key"

    def states(self, partitions: Mapping[tuple[str, int], str]) -> dict[Any, PartitionState]:
        return dict.fromkeys(partitions, PartitionState(self.next_offset, 0, None, 1))

    def chunks(self, _topic: str, known: Mapping[int, int]) -> list[tuple[int, list[Chunk]]]:
        return [(shard, []) for shard in known]

    def would_store(self, some: Sequence[Record]) -> bool:
        return all(cast("events.Event", one).subject != self.refused for one in some)

    def commit(self, work: Work) -> None:
        if not self.would_store([record for _, record in work.records]):
            raise RefusedByDatabase("22P05")
        self.done.append(work)
        self.next_offset = max(piece.end for piece in work.slices.values())


class FakeMessage:
    """A message as librdkafka's client has it."""

    def __init__(self, offset: int, event: events.Event, place: TopicPartition) -> None:
        self._offset = offset
        self._value = wire.encode(event)
        self._place = place

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes:
        return self._value

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return 1, 0


def asked(offset: int, subject: str) -> FakeMessage:
    event = events.QuestionDefined(
        specversion="1.0",
        id=subject,
        source="registry",
        subject=subject,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        data=events.QuestionDefinition("overall", "smiley4"),
    )
    return FakeMessage(offset, event, (TOPIC, 0))


def test_a_record_that_the_database_refuses_behind_a_hole_is_set_aside() -> None:
    """A compacted log has holes, and only a second look tells them from a batch that was lost."""
    store, log, hours = FakeStore("poison"), FakeLog(), LocalHours(HELSINKI)
    counter = Counter(cast("CountingStore", store), log, hours, Meters())
    decoder = BatchDecoder(topics.declarations()[TOPIC], PressReader(hours))
    counter.assign([(TOPIC, 0)])
    counter.place()
    assert log.read == [{(TOPIC, 0): 0}]
    for _ in range(2):  # what is read again after a hole is the same
        counter.count([decoder.decode([asked(7, "poison"), asked(9, "good")])])
    assert log.read == [{(TOPIC, 0): 0}] * 2
    assert [letter.key for letter in log.letters] == [b"registry.v1/0/7"]
    assert counter.positions() == {(TOPIC, 0): 10}
    assert [len(work.records) for work in store.done] == [1]


def test_answers_of_several_topics_in_one_poll_all_count() -> None:
    store, hours = FakeStore(""), LocalHours(HELSINKI)
    answer = events.SurveyAnswer("survey", "2026", "response-1", "q", "likert5", 5)
    answered = events.SurveyAnswered(
        specversion="1.0",
        id="answer-1",
        source="surveys",
        subject="library",
        time=datetime(2026, 3, 2, 10, tzinfo=UTC),
        data=answer,
    )
    given = {("kiosk-presses.v1", 0): press(subject="library"), ("surveys.v1", 1): answered}
    counter = Counter(cast("CountingStore", store), FakeLog(), hours, Meters())
    counter.assign(list(given))
    counter.place()
    reader = PressReader(hours)
    counter.count(
        [
            BatchDecoder(topics.declarations()[place[0]], reader).decode(
                [FakeMessage(0, event, place)]
            )
            for place, event in given.items()
        ]
    )
    (work,) = store.done
    assert work.presses is not None
    scales = [work.presses.streams[at].scale for at in work.presses.stream]
    assert (scales, work.presses.amount.tolist()) == (["smiley4", "likert5"], [1, 1])
