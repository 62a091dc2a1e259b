"""Publishes events to their topics; done means that every in-sync replica has them."""

import asyncio
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from kokemus.contracts import events, topics, wire
from kokemus.errors import Unavailable
from kokemus.metric_names import PUBLISH_FAILED
from kokemus.settings import ServiceSettings
from kokemus.telemetry import Meters

CHUNK: Final = 10_000
"""Events handed to the producer at once; more are published chunk by chunk."""
DELIVERY_TIMEOUT_MS: Final = 10_000
"""How long the brokers may take to confirm before the sender is told to send again."""
POLL_INTERVAL: Final = 0.001
"""Seconds between looks for delivery reports while some are due."""
QUEUE_KBYTES: Final = 65_536
"""Memory for messages that wait in the producer."""

_log = structlog.get_logger()


class _Waiting:
    """The delivery reports of one chunk, counted rather than awaited one by one."""

    __slots__ = ("done", "failed", "left")

    def __init__(self, count: int, done: asyncio.Future[None]) -> None:
        self.left = count
        self.failed: dict[str, int] = {}
        self.done = done

    def report(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            topic = message.topic()
            self.failed[topic] = self.failed.get(topic, 0) + 1
        self.left -= 1
        if self.left == 0 and not self.done.done():
            self.done.set_result(None)


class Publisher:
    """One idempotent producer for a process. An async context manager.

    Delivery reports are served on the event loop: a thread of its own would fight it for the
    interpreter at each report.
    """

    def __init__(self, settings: ServiceSettings, meters: Meters) -> None:
        self._settings = settings
        self._meters = meters
        self._routes: dict[type[events.Event], tuple[str, bool]] = {}
        self._producer: Producer | None = None
        self._due = 0
        self._fatal = False
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._producer = self._new()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._serving is not None:
            self._serving.cancel()
        producer, self._producer = self._producer, None
        if producer is not None:
            await asyncio.to_thread(producer.flush, 5)

    async def publish(self, batch: Sequence[events.Event]) -> None:
        """Returns when every event is confirmed by all in-sync replicas.

        Raises:
            Unavailable: at least one is not; publishing all of them again does no harm.
        """
        for start in range(0, len(batch), CHUNK):
            await self._publish(batch[start : start + CHUNK])

    async def reachable(self) -> bool:
        """Whether a broker answers within two seconds."""
        producer = self._producer
        if producer is None:
            return False
        try:
            await asyncio.to_thread(producer.list_topics, timeout=2)
        except KafkaException:
            return False
        return True

    async def _publish(self, chunk: Sequence[events.Event]) -> None:
        producer = self._current()
        waiting = _Waiting(len(chunk), asyncio.get_running_loop().create_future())
        encode = wire.encode
        try:
            for event in chunk:
                topic, keyed_by_subject = self._route(type(event))
                key = event.subject if keyed_by_subject else topics.key_of(event)
                producer.produce(topic, encode(event), key, on_delivery=waiting.report)
        except (BufferError, KafkaException) as error:
            raise Unavailable(f"the producer takes no more: {type(error).__name__}") from error
        self._due += 1
        try:
            self._serve(producer)
            await waiting.done
        finally:
            self._due -= 1
        if waiting.failed:
            for topic, count in waiting.failed.items():
                self._meters.add(PUBLISH_FAILED, count, topic)
            raise Unavailable("Kafka did not confirm every event")

    def _serve(self, producer: Producer) -> None:
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve_reports(producer))

    async def _serve_reports(self, producer: Producer) -> None:
        while self._due:
            producer.poll(0)
            await asyncio.sleep(POLL_INTERVAL)

    def _route(self, kind: type[events.Event]) -> tuple[str, bool]:
        found = self._routes.get(kind)
        if found is None:
            declaration = topics.topic_of(topics.short_type(kind))
            name = self._settings.topic_prefix + declaration.name
            found = self._routes[kind] = (name, declaration.key == "subject")
        return found

    def _current(self) -> Producer:
        if self._producer is None:
            raise Unavailable("the publisher is closed")
        if self._fatal:
            _log.warning("producer replaced after a fatal error")
            self._producer, self._fatal = self._new(), False
        return self._producer

    def _new(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._settings.kafka_bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "batch.num.messages": CHUNK,
                "queue.buffering.max.messages": 500_000,
                "queue.buffering.max.kbytes": QUEUE_KBYTES,
                "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
                "allow.auto.create.topics": False,
                "error_cb": self._on_error,
                "logger": logging.getLogger("librdkafka"),
            }
        )

    def _on_error(self, error: KafkaError) -> None:
        _log.warning("kafka", error=error.name())
        if error.fatal():
            self._fatal = True
