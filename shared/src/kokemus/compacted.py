"""A compacted topic as a table in memory: read to its end, then followed."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from kokemus.contracts import wire
from kokemus.contracts.events import Event
from kokemus.contracts.topics import Declaration
from kokemus.errors import Refused
from kokemus.settings import ServiceSettings
from kokemus.tasks import crash

TOPIC_CHECK_SECONDS: Final = 5.0
"""How often the topic's id is compared: a topic that was made anew is read anew."""
POLL_SECONDS: Final = 0.25

_log = structlog.get_logger()


class CompactedTopic:
    """The newest event of each key: the greatest (`time`, `id`) wins, whatever came last.

    An async context manager. A thread reads; the table changes on the event loop only, so whoever
    runs there sees it at rest. While the broker is away the last table holds.
    """

    def __init__(self, settings: ServiceSettings, declaration: Declaration) -> None:
        self.name = settings.topic_prefix + declaration.name
        self.version = 0
        """Grows with each change of the table."""
        self._types = declaration.event_types
        self._bootstrap = settings.kafka_bootstrap
        self._table: dict[str, Event] = {}
        self._read_to_end = asyncio.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def table(self) -> Mapping[str, Event]:
        """The newest event by Kafka key."""
        return MappingProxyType(self._table)

    @property
    def complete(self) -> bool:
        """Whether the topic has been read to its end since the start."""
        return self._read_to_end.is_set()

    async def read_to_end(self) -> None:
        """Waits until the topic has been read to its end once."""
        await self._read_to_end.wait()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._follow, name=self.name, daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _apply(self, table: dict[str, Event]) -> None:
        self._table = table
        self.version += 1
        self._read_to_end.set()

    def _follow(self) -> None:
        try:
            self._follow_until_stopped()
        except Exception as error:  # noqa: BLE001 - a bug: the table would stay as it is for ever
            crash(error)

    def _follow_until_stopped(self) -> None:
        reader = _Reader(self.name, self._bootstrap, self._types)
        try:
            while not self._stop.is_set():
                table = reader.read()
                if table is not None and self._loop is not None and not self._stop.is_set():
                    self._loop.call_soon_threadsafe(self._apply, table)
        finally:
            reader.close()


class _Reader:
    """The thread's side: its own table, of which it gives a copy whenever it stands complete."""

    def __init__(self, topic: str, bootstrap: str, types: tuple[type[Event], ...]) -> None:
        config: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "logger": logging.getLogger("librdkafka"),
            "topic.metadata.refresh.interval.ms": 10_000,
        }
        self._topic = topic
        self._types = types
        self._admin = AdminClient(config)
        self._consumer = Consumer(
            {
                **config,
                # Partitions are assigned by hand: no group is joined, no offset is kept.
                "group.id": f"{topic}.table",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 250,
            }
        )
        self._topic_id = ""
        self._next_check = 0.0
        self._unread: set[int] = set()
        self._table: dict[str, Event] = {}

    def read(self) -> dict[str, Event] | None:
        """Waits a moment for news: the table where it is complete and has changed, else None."""
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + TOPIC_CHECK_SECONDS
            self._look_for_a_new_topic()
        changed = False
        for message in self._consumer.consume(1_000, POLL_SECONDS):
            error = message.error()
            if error is None:
                changed |= self._take(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its only name
                changed |= message.partition() in self._unread
                self._unread.discard(message.partition())
        if changed and self._topic_id and not self._unread:
            return dict(self._table)
        return None

    def close(self) -> None:
        """Leaves the broker."""
        self._consumer.close()

    def _look_for_a_new_topic(self) -> None:
        try:
            described = self._admin.describe_topics(
                TopicCollection([self._topic]), request_timeout=2
            )[self._topic].result()
        except KafkaException as error:
            if not self._topic_id:
                self._next_check = time.monotonic() + POLL_SECONDS
                _log.info("waiting for topic", topic=self._topic, error=error.args[0].name())
            return
        if str(described.topic_id) != self._topic_id:
            self._topic_id = str(described.topic_id)
            self._table = {}
            self._unread = {partition.id for partition in described.partitions}
            self._consumer.assign(
                [TopicPartition(self._topic, number, 0) for number in sorted(self._unread)]
            )

    def _take(self, message: Any) -> bool:
        key = (message.key() or b"").decode(errors="replace")
        value = message.value()
        if value is None:
            return self._table.pop(key, None) is not None
        try:
            event = wire.decode(value, self._types)
        except Refused as error:
            _log.error("unreadable event passed over", topic=self._topic, reason=error.reason)
            return False
        known = self._table.get(key)
        if known is not None and (known.time, known.id) >= (event.time, event.id):
            return False
        self._table[key] = event
        return True
