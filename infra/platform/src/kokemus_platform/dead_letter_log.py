"""The dead letters on a cluster: found, read, put back where they came from, and ticked off."""

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError

from kokemus import dead_letters
from kokemus.contracts import topics, wire
from kokemus.contracts.events import Event
from kokemus.contracts.topics import Declaration
from kokemus.dead_letters import DeadLetter
from kokemus.errors import Refused

STALLED_SECONDS: Final = 30
"""A broker that gives nothing for so long, with records left to read, is away."""

TOGETHER: Final = 200
"""Records put back before they are ticked off: a kill in between repeats at most so many."""


class Entry(NamedTuple):
    """A dead letter that waits, without the bytes of its record."""

    key: str
    """`topic/partition/offset` of the record, which names the letter."""
    offset: int
    """Where the letter itself stands on its topic."""
    topic: str
    """Where the record came from."""
    reason: str
    error: str
    pointer: str
    attempt: int
    time: datetime


class Outcome(NamedTuple):
    """What became of a letter that was to be put back: done where `refused` is None."""

    entry: Entry
    refused: Refused | None
    superseded: bool = False
    """A newer event of the same key holds already, so the letter was only ticked off."""


class Mended(NamedTuple):
    """A record as it goes back to its topic."""

    key: bytes | None
    value: bytes
    event: Event


class DeadLetterLog:
    """The dead letters of a city's topics. A dead-letter topic has one partition."""

    def __init__(self, consumer: KafkaConsumer, producer: KafkaProducer, prefix: str) -> None:
        self._consumer = consumer
        self._producer = producer
        self._declared: dict[str, Declaration] = {
            prefix + name: declared
            for name, declared in topics.declarations().items()
            if name + dead_letters.SUFFIX in topics.declarations()
        }

    @classmethod
    @contextmanager
    def on(cls, bootstrap: str, prefix: str) -> Iterator[Self]:
        """The log on a cluster, for as long as the context lasts.

        Raises:
            KafkaError: no broker answers.
        """
        shared = {"bootstrap_servers": bootstrap, "bootstrap_timeout_ms": 10_000}
        consumer = KafkaConsumer(
            **shared,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=4 * topics.MAX_MESSAGE_BYTES,
        )
        try:
            producer = KafkaProducer(
                **shared, acks="all", max_request_size=2 * topics.MAX_MESSAGE_BYTES
            )
            try:
                yield cls(consumer, producer, prefix)
            finally:
                producer.close()
        finally:
            consumer.close()

    @property
    def topics(self) -> Sequence[str]:
        """The full names of all topics that have dead letters."""
        return list(self._declared)

    def waiting(self, names: Iterable[str]) -> list[Entry]:
        """The letters from these topics that nobody has ticked off, oldest first.

        Raises:
            KafkaError: the cluster is away.
        """
        found: dict[str, Entry] = {}
        for name in names:
            for record in self._records(name + dead_letters.SUFFIX, 0):
                key = (record.key or b"").decode(errors="backslashreplace")
                found.pop(key, None)
                if record.value is not None:
                    found[key] = _entry(key, name, record)
        return sorted(found.values(), key=lambda entry: entry.time)

    def read(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, DeadLetter]]:
        """The letters of these entries with their bytes, topic by topic in the order of the log.

        Records on a dead-letter topic that are no letters are passed over.

        Raises:
            KafkaError: the cluster is away.
        """
        for name in sorted({entry.topic for entry in entries}):
            wanted = {entry.offset: entry for entry in entries if entry.topic == name}
            last = max(wanted)
            for record in self._records(name + dead_letters.SUFFIX, min(wanted)):
                if record.offset in wanted:
                    with suppress(ValueError):
                        yield (
                            wanted[record.offset],
                            dead_letters.read(record.value or b"", record.headers),
                        )
                if record.offset >= last:
                    break

    def mend(self, dead: DeadLetter, mended: bytes | None) -> Mended:
        """The record that goes back: its own bytes, or mended ones in their canonical form.

        Raises:
            Refused: the contracts cannot read it either.
        """
        types = self._declared[dead.record.topic].event_types
        raw = dead.record.value or b"" if mended is None else mended
        event = wire.decode(raw, types)
        if mended is None:
            return Mended(dead.record.key, raw, event)
        return Mended(topics.key_of(event).encode(), wire.encode(event), event)

    def put_back(
        self, entries: Sequence[Entry], mended: bytes | None = None
    ) -> Generator[Outcome, None, None]:
        """Puts records back on their topics, then ticks their letters off.

        A letter that the contracts still refuse stays. Repeating it does no harm: a record that
        was put back twice is one event, and on a compacted topic an older event never comes to
        stand after a newer one of its key, where compaction would keep it instead.

        Raises:
            KafkaError: the cluster is away; what is not ticked off is still there.
        """
        newest = {
            topic: self._newest(topic)
            for topic in {entry.topic for entry in entries}
            if self._declared[topic].cleanup == "compact"
        }
        sent: list[tuple[Outcome, Any]] = []
        for entry, dead in self.read(entries):
            try:
                record = self.mend(dead, mended)
            except Refused as refused:
                yield Outcome(entry, refused)
                continue
            key, rank = topics.key_of(record.event), (record.event.time, record.event.id)
            known = newest.get(entry.topic)
            if known is not None and known.get(key, rank) > rank:
                sent.append((Outcome(entry, None, superseded=True), None))
            else:
                if known is not None:
                    known[key] = rank
                confirmation = self._producer.send(
                    entry.topic,
                    key=record.key,
                    value=record.value,
                    headers=dead_letters.redriven(dead),
                )
                sent.append((Outcome(entry, None), confirmation))
            if len(sent) == TOGETHER:
                yield from self._tick_off(sent)
                sent = []
        yield from self._tick_off(sent)

    def delete(self, entries: Sequence[Entry]) -> None:
        """Deletes letters with their bytes; what compaction has yet to remove is hidden at once.

        Raises:
            KafkaError: the cluster is away; what is not deleted is still there.
        """
        deleted = [
            self._producer.send(
                entry.topic + dead_letters.SUFFIX, key=entry.key.encode(), value=None
            )
            for entry in entries
        ]
        for confirmation in deleted:
            confirmation.get(timeout=STALLED_SECONDS)

    def _tick_off(self, sent: list[tuple[Outcome, Any]]) -> list[Outcome]:
        """Deletes letters after all their records are confirmed by the in-sync replicas."""
        for _, confirmation in sent:
            if confirmation is not None:
                confirmation.get(timeout=STALLED_SECONDS)
        self.delete([outcome.entry for outcome, _ in sent])
        return [outcome for outcome, _ in sent]

    def _newest(self, topic: str) -> dict[str, tuple[datetime, str]]:
        """By key the greatest (time, id) that a compacted topic holds."""
        newest: dict[str, tuple[datetime, str]] = {}
        types = self._declared[topic].event_types
        for record in self._records(topic, 0):
            try:
                event = wire.decode(record.value or b"", types)
            except Refused:
                continue
            key = topics.key_of(event)
            rank = (event.time, event.id)
            newest[key] = max(newest.get(key, rank), rank)
        return newest

    def _records(self, topic: str, start: int) -> Iterator[Any]:
        """A topic's records from an offset to its end; none if there is no such topic."""
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            return
        partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(partitions)
        beginnings = self._consumer.beginning_offsets(partitions)
        ends = self._consumer.end_offsets(partitions)
        for partition in partitions:
            self._consumer.seek(partition, max(start, beginnings[partition]))
        deadline = time.monotonic() + STALLED_SECONDS
        while not all(self._at_end(partition, ends[partition]) for partition in partitions):
            if time.monotonic() > deadline:
                raise KafkaTimeoutError(f"{topic}: nothing read for {STALLED_SECONDS} s")
            for records in self._consumer.poll(timeout_ms=500).values():
                deadline = time.monotonic() + STALLED_SECONDS
                yield from records

    def _at_end(self, partition: TopicPartition, listed: int) -> bool:
        """Whether all is read, up to the listed end and up to the one that the last fetch told.

        The embedded broker lists the offset after the first record of the last batch as the end.
        """
        fetched = self._consumer.highwater(partition) or 0
        return bool(self._consumer.position(partition) >= max(listed, fetched))


def _entry(key: str, topic: str, record: Any) -> Entry:
    try:
        dead = dead_letters.read(b"", record.headers)
    except ValueError as error:
        when = datetime.fromtimestamp(max(record.timestamp, 0) / 1000).astimezone()
        return Entry(key, record.offset, topic, "unreadable", str(error), "", 0, when)
    return Entry(
        key, record.offset, topic, dead.reason, dead.error, dead.pointer, dead.attempt, dead.time
    )
