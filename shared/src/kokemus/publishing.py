"""Publishes events to their topics; done means that every in-sync replica has them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
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
LINGER_MS: Final = 10
"""How long an event may wait for others to its partition.

With 2 ms, requests of 100 events make batches so small that the producer's own threads need a third
more processor time.
"""
BUSY_SECONDS: Final = 0.001
"""Between looks for delivery reports while some are due."""
IDLE_SECONDS: Final = 0.25
"""Between looks for news of the brokers while nothing is due."""
PROBE_SECONDS: Final = 1.0
ANY_PARTITION: Final = -1
"""The partitioner chooses. Given by position: keywords cost a tenth of the call."""
QUEUE_KBYTES: Final = 32_768
"""Memory for messages that wait in the producer."""

_SAID_BY_THE_PROBE: Final = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)  # noqa: SLF001

_Route = tuple[str, Callable[[events.Event], str]]
"""A topic's full name, and what gives an event's key."""

_log = structlog.get_logger()


class _Waiting:
    """The delivery reports of one chunk, counted rather than awaited one by one."""

    __slots__ = ("done", "failed", "left")

    def __init__(self, count: int, done: asyncio.Future[None]) -> None:
        self.left = count
        self.failed: dict[str, int] = {}
        self.done = done
        if not count:
            done.set_result(None)

    def report(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            topic = message.topic()
            self.failed[topic] = self.failed.get(topic, 0) + 1
        self.left -= 1
        if self.left == 0 and not self.done.done():
            self.done.set_result(None)

    def give_up(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class Publisher:
    """One idempotent producer for a process. An async context manager.

    Delivery reports are served on the event loop: a thread of its own would fight it for the
    interpreter at each report. While no broker answers, whoever publishes is told at once.
    """

    def __init__(self, settings: ServiceSettings, meters: Meters) -> None:
        self._settings = settings
        self._meters = meters
        self._loop: asyncio.AbstractEventLoop  # asking for the running one costs a system call
        self._routes: dict[type[events.Event], _Route] = {}
        self._producer: Producer | None = None
        self._waiting: set[_Waiting] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._probe: asyncio.Task[None] | None = None
        self._away = False
        self._retired: list[Producer] = []

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._producer = self._new()
        self._serve_reports()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        producer, self._producer = self._producer, None
        if self._timer is not None:
            self._timer.cancel()
        if self._probe is not None:
            self._probe.cancel()
        if producer is not None:
            await asyncio.to_thread(producer.flush, 5)

    async def publish(self, batch: Sequence[events.Event]) -> None:
        """Returns when every event is confirmed by all in-sync replicas.

        Raises:
            Unavailable: at least one is not; publishing all of them again does no harm.
        """
        for start in range(0, len(batch), CHUNK):
            await self.hand_over(batch[start : start + CHUNK])

    async def ready(self) -> bool:
        """Whether events may be published: a broker answers, and what is sent now goes to it."""
        return not self._away and await self._reachable()

    async def _reachable(self) -> bool:
        """Whether a broker answers within a second."""
        producer = self._producer
        if producer is None:
            return False
        try:
            await asyncio.to_thread(producer.list_topics, timeout=PROBE_SECONDS)
        except KafkaException:
            return False
        return True

    def hand_over(self, chunk: Sequence[events.Event]) -> Awaitable[None]:
        """Gives the producer `CHUNK` events at most; await what it returns as `publish`.

        The events need not be kept until then: the producer has its own copy.

        Raises:
            Unavailable: at once, or when awaited.
        """
        producer = self._current()
        waiting = _Waiting(len(chunk), self._loop.create_future())
        report = waiting.report
        produce = producer.produce
        try:
            kinds: set[type[events.Event]] = set(map(type, chunk))
            for kind in kinds:
                same = [event for event in chunk if type(event) is kind]
                if issubclass(kind, events.ObservationWithdrawn):
                    for event in same:
                        topic = self._settings.topic_prefix + topics.topic_of(event).name
                        produce(topic, wire.encode(event), event.subject, ANY_PARTITION, report)
                    continue
                topic, key_of = self._routes.get(kind) or self._route(kind)
                for value, key in zip(map(wire.encode, same), map(key_of, same), strict=True):
                    produce(topic, value, key, ANY_PARTITION, report)
        except (BufferError, KafkaException) as error:
            raise Unavailable("the producer takes no more") from error
        return self._confirmed(producer, waiting)

    async def _confirmed(self, producer: Producer, waiting: _Waiting) -> None:
        self._waiting.add(waiting)
        try:
            if len(self._waiting) == 1:
                self._serve_reports()
            await waiting.done
        finally:
            self._waiting.discard(waiting)
        if waiting.failed or waiting.left:
            self._replace(producer)
            for topic, count in waiting.failed.items():
                self._meters.add(PUBLISH_FAILED, count, topic)
            raise Unavailable("Kafka did not confirm every event")

    def _serve_reports(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._producer is None:
            return
        for producer in (self._producer, *self._retired):
            try:
                producer.poll(0)
            except KafkaException as error:  # a fatal error: only raised here, told to no callback
                _log.error("kafka", error=error.args[0].name())
                self._replace(producer)
        self._retired = [producer for producer in self._retired if len(producer)]
        delay = BUSY_SECONDS if self._waiting else IDLE_SECONDS
        self._timer = self._loop.call_later(delay, self._serve_reports)

    async def _probe_until_it_answers(self) -> None:
        while not await self._reachable():
            if not self._away:
                self._away = True
                _log.error("no broker answers")
            for waiting in self._waiting:
                waiting.give_up()
            await asyncio.sleep(PROBE_SECONDS / 2)
        if self._away:
            self._away = False
            _log.info("a broker answers again")
            self._replace(self._producer)

    def _replace(self, failed: Producer | None) -> None:
        """Goes on with a new producer: the brokers may have forgotten the id of the old one.

        An idempotent producer waits for ever on brokers that lost its id, such as a memory broker
        that was started anew. What the old one still has is served until it is done.
        """
        if failed is not None and failed is self._producer:
            self._retired.append(failed)
            self._producer = self._new()

    def _route(self, kind: type[events.Event]) -> _Route:
        (declaration,) = topics.topics_of(str(kind.__struct_config__.tag))
        name = self._settings.topic_prefix + declaration.name
        by_subject = declaration.key == "subject"
        self._routes[kind] = (name, attrgetter("subject") if by_subject else topics.key_of)
        return self._routes[kind]

    def _current(self) -> Producer:
        if self._producer is None:
            raise Unavailable("the publisher is closed")
        if self._away:
            raise Unavailable("no broker answers")
        return self._producer

    def _new(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._settings.kafka_bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": LINGER_MS,
                "batch.num.messages": CHUNK,
                "queue.buffering.max.messages": 500_000,
                "queue.buffering.max.kbytes": QUEUE_KBYTES,
                "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
                "reconnect.backoff.max.ms": 1_000,
                "allow.auto.create.topics": False,
                "error_cb": self._on_error,
                "logger": logging.getLogger("librdkafka"),
            }
        )

    def _on_error(self, error: KafkaError) -> None:
        if self._producer is None:
            return  # closing, and no longer on the event loop
        if error.code() not in _SAID_BY_THE_PROBE:
            _log.warning("kafka", error=error.name())
        if error.code() == KafkaError._ALL_BROKERS_DOWN and (  # noqa: SLF001 - its only name
            self._probe is None or self._probe.done()
        ):
            self._probe = self._loop.create_task(self._probe_until_it_answers())
