"""Writes what the topics hold to the archive: first the file, then the offset at Kafka."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from kokemus.errors import Unavailable
from kokemus.metric_names import RECORDS_ARCHIVED
from kokemus.telemetry import Meters
from metrics.archive.files import ArchiveFiles, Place, Record
from metrics.domain.batches import BatchDecoder, Message
from metrics.kafka_log import KafkaLog

MOST_BYTES: Final = 32 * 1024 * 1024
"""Keys and values that are held before all of them are written."""
POLL_RECORDS: Final = 5_000
POLL_SECONDS: Final = 0.5

_FORBIDDEN: Final = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
)
"""These don't pass by themselves: somebody has to give the archive its rights."""

TopicNumber = tuple[str, int]

log = structlog.get_logger()


class Archiver:
    """One member of the archive's group; a thread of its own runs it.

    Offsets are committed at Kafka after the file stands under its name: what was read but not
    written when it died is read again. A partition that another member takes over meanwhile may
    be written twice, in files that overlap.

    Args:
        bootstrap: of the brokers.
        group: at Kafka.
        decoders: by full topic name; they tell which records no contract can read.
        files: where to.
        seconds: how long a record may wait for others.
        meters: of the process.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        *,
        bootstrap: str,
        group: str,
        decoders: Mapping[str, BatchDecoder],
        files: ArchiveFiles,
        seconds: float,
        meters: Meters,
    ) -> None:
        self._kafka = KafkaLog(bootstrap)
        self._decoders = decoders
        self._files = files
        self._seconds = seconds
        self._meters = meters
        self._held: dict[TopicNumber, list[Record]] = {}
        self._bytes = 0
        self._oldest = 0.0
        self._ids: dict[str, str] = {}
        self._stop = threading.Event()
        self.missing: dict[str, str] = {"archive": "joining the group"}
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 6_000,
                "heartbeat.interval.ms": 1_000,
                "queued.max.messages.kbytes": 16_384,
                "fetch.max.bytes": 8_388_608,
                "topic.metadata.refresh.interval.ms": 10_000,
                "allow.auto.create.topics": False,
            },
            logger=logging.getLogger("librdkafka"),
        )

    def stop(self) -> None:
        """Asks the thread to write what it holds and to end."""
        self._stop.set()

    def run(self) -> None:
        """Archives until it is asked to stop; waits while broker or storage are away."""
        self._consumer.subscribe(
            list(self._decoders), on_assign=self._on_assign, on_revoke=self._on_revoke
        )
        try:
            while not self._stop.is_set():
                self._learn_ids()
                self._take(self._consumer.consume(POLL_RECORDS, POLL_SECONDS))
                due = self._held and time.monotonic() - self._oldest >= self._seconds
                if due or self._bytes >= MOST_BYTES:
                    self._write_patiently()
            self._write()
        except (Unavailable, OSError) as error:
            log.warning("archive_ended_unwritten", why=type(error).__name__)
        finally:
            self._consumer.close()
            self._kafka.close()

    def _learn_ids(self) -> None:
        """Whose records are read from now on: a topic that is made anew meanwhile is noticed."""
        if not self._ids and not self.missing:
            with suppress(Unavailable):
                self._ids = self._kafka.topic_ids(sorted(self._decoders))

    def _on_assign(self, _consumer: Consumer, _partitions: Sequence[TopicPartition]) -> None:
        self._forget()
        self.missing = {}

    def _on_revoke(self, _consumer: Consumer, _partitions: Sequence[TopicPartition]) -> None:
        self._forget()  # the next one reads it again from what is committed

    def _forget(self) -> None:
        self._held, self._bytes, self._ids = {}, 0, {}

    def _take(self, messages: Sequence[Any]) -> None:
        by_topic: dict[str, list[Any]] = {}
        for message in messages:
            error = message.error()
            if error is None:
                by_topic.setdefault(message.topic(), []).append(message)
            else:
                log.warning("archive_waits", error=error.name())
                if error.code() in _FORBIDDEN:
                    self.missing = {"kafka": error.name()}
        if by_topic and not self._held:
            self._oldest = time.monotonic()
        for topic, of_topic in by_topic.items():
            dead = self._decoders[topic].decode(of_topic).refused
            for index, message in enumerate(of_topic):
                record = _record(message, dead=index in dead)
                self._held.setdefault((topic, record.number), []).append(record)
                self._bytes += len(record.raw_key or b"") + len(record.raw_value or b"")

    def _write_patiently(self) -> None:
        """Writes; while the storage is away it keeps what it holds, and its place in the group."""
        while self._held and not self._stop.is_set():
            try:
                self._write()
            except (Unavailable, OSError) as error:
                if not self.missing:
                    log.warning("archive_not_written", why=type(error).__name__)
                self.missing = {"storage": type(error).__name__}
                self._consumer.pause(self._consumer.assignment())
                self._take(self._consumer.consume(1, 2 * POLL_SECONDS))
        if self.missing and not self._held:
            self._consumer.resume(self._consumer.assignment())
            self.missing = {}

    def _write(self) -> None:
        held = self._held
        if not held:
            return
        ids = self._kafka.topic_ids(sorted({topic for topic, _ in held}))
        if any(self._ids.get(topic, known) != known for topic, known in ids.items()):
            self._read_again()  # a topic was made anew: whose records these are is not known
            return
        for (topic, number), records in sorted(held.items()):
            self._files.write(Place(ids[topic], number), records)
            self._meters.add(RECORDS_ARCHIVED, len(records), topic)
        ends = {place: records[-1].at + 1 for place, records in held.items()}
        try:
            self._consumer.commit(
                offsets=[TopicPartition(*place, end) for place, end in ends.items()],
                asynchronous=False,
            )
        except KafkaException as error:  # written again by whoever reads it again
            log.info("archive_offsets_not_committed", why=error.args[0].name())
        self._held, self._bytes = {}, 0

    def _read_again(self) -> None:
        for topic, number in self._held:
            self._consumer.seek(TopicPartition(topic, number, OFFSET_BEGINNING))
        self._forget()


def _record(message: Message, *, dead: bool) -> Record:
    topic, number, at = message.topic(), message.partition(), message.offset()
    if topic is None or number is None or at is None:
        raise RuntimeError("a record without a place")
    return Record(
        topic,
        number,
        at,
        message.timestamp()[1],
        None if dead else message.key(),
        None if dead else message.value(),
        [] if dead else [(name, value or b"") for name, value in message.headers() or ()],
        dead,
    )
