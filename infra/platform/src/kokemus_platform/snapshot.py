"""Keeps the compacted topics of a broker that forgets everything when it stops."""

import time
import uuid
from pathlib import Path
from typing import Final, cast

import msgspec
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)

from kokemus.contracts.topics import MAX_LETTER_BYTES, declarations
from kokemus_platform.processes import PartFailedError


class Record(msgspec.Struct, frozen=True, array_like=True):
    """The newest record of a key."""

    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes | None]]
    timestamp: int
    """Milliseconds, as the record had it."""


CLIENT: Final = {"log_level": 0, "reconnect.backoff.max.ms": 500}
"""A broker that is away is the supervisor's to notice, and no line in its log."""


def compacted(prefix: str) -> list[str]:
    """The full names of all compacted topics, the dead letters among them."""
    return [prefix + name for name, one in declarations().items() if one.cleanup == "compact"]


class CompactedSnapshot:
    """Follows compacted topics, keeps their newest records in files, and plays them back.

    One thread uses it. What the broker got since the last `follow` before it died is lost.
    """

    def __init__(self, bootstrap: str, topics: list[str], folder: Path) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._folder = folder
        self._changed: set[str] = set()
        self._kept: dict[str, dict[tuple[int, bytes], Record]] = {
            topic: {(record.partition, record.key): record for record in self._read(topic)}
            for topic in topics
        }
        self._consumer: Consumer | None = None
        self._ended: set[tuple[str | None, int | None]] = set()
        """The partitions whose end was reached since the last time somebody asked."""

    def restore(self) -> int:
        """Play everything kept into the broker's empty topics, then follow them from their start.

        Returns how many records there were.

        Raises:
            PartFailedError: the broker does not confirm them all.
        """
        self.close()
        producer = Producer(
            {
                **CLIENT,
                "bootstrap.servers": self._bootstrap,
                "enable.idempotence": True,
                "message.max.bytes": MAX_LETTER_BYTES,
            }
        )
        refused: list[str] = []

        def report(error: object, _message: Message) -> None:
            if error is not None:
                refused.append(str(error))

        count = 0
        for topic, records in self._kept.items():
            for record in records.values():
                producer.produce(
                    topic,
                    partition=record.partition,
                    key=record.key,
                    value=record.value,
                    headers=[*record.headers],
                    timestamp=record.timestamp,
                    on_delivery=report,
                )
                count += 1
                if count % 10_000 == 0:
                    producer.flush(30)
        if producer.flush(30) or refused:
            raise PartFailedError(f"The broker did not take the kept records back: {refused[:1]}")
        self._follow_from_start()
        return count

    def follow(self, seconds: float) -> None:
        """Take in what was published, for at most so long."""
        if self._consumer is None:
            raise RuntimeError("restore comes first")
        for message in self._consumer.consume(5_000, timeout=seconds):
            error = message.error()
            if error is None:
                self._take(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its only name
                self._ended.add((message.topic(), message.partition()))

    def drain(self, seconds: float) -> None:
        """Take in everything up to the topics' ends, if the broker tells them in time.

        The ends are those of the fetched records: the embedded broker's list of offsets counts a
        batch as one record.
        """
        if self._consumer is None:
            return
        places = self._consumer.position(self._consumer.assignment())
        for place in places:
            place.offset = max(place.offset, 0)
        self._consumer.assign(places)  # so that each end is told anew
        self._ended.clear()
        deadline = time.monotonic() + seconds
        while len(self._ended) < len(places) and time.monotonic() < deadline:
            self.follow(0.1)

    def save(self) -> None:
        """Write the topics that changed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for topic in self._changed:
            target = self._folder / f"{topic}.msgpack"
            unfinished = target.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=0o600)  # dead letters hold whatever was sent
            unfinished.write_bytes(msgspec.msgpack.encode(list(self._kept[topic].values())))
            unfinished.replace(target)
        self._changed.clear()

    def close(self) -> None:
        """Stop following."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _follow_from_start(self) -> None:
        self._consumer = Consumer(
            {
                **CLIENT,
                "bootstrap.servers": self._bootstrap,
                "group.id": f"kokemus-snapshot-{uuid.uuid4()}",  # required, and never used
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,
            }
        )
        known = self._consumer.list_topics(timeout=10).topics
        self._consumer.assign(
            [
                TopicPartition(topic, partition, OFFSET_BEGINNING)
                for topic in self._topics
                for partition in known[topic].partitions
            ]
        )

    def _take(self, message: Message) -> None:
        topic, partition, key = message.topic(), message.partition(), message.key()
        if topic is None or partition is None or not isinstance(key, bytes):
            return  # a compacted topic keeps nothing without a key
        kept, value = self._kept[topic], message.value()
        self._changed.add(topic)
        kept.pop((partition, key), None)  # so that records stay in the order of their offsets
        if isinstance(value, bytes):
            headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
            _, timestamp = message.timestamp()
            kept[partition, key] = Record(partition, key, value, headers, timestamp)

    def _read(self, topic: str) -> list[Record]:
        try:
            content = (self._folder / f"{topic}.msgpack").read_bytes()
        except FileNotFoundError:
            return []
        return msgspec.msgpack.decode(content, type=list[Record])
