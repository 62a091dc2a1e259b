"""From Kafka to the counter: decodes one batch while the one before is being committed."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec
import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from opentelemetry.trace import SpanKind

from kokemus import telemetry
from kokemus.errors import Unavailable
from kokemus.metric_names import COUNTING_SECONDS
from kokemus.telemetry import Meters
from metrics.counter import Counter
from metrics.domain.batches import Batch, BatchDecoder, by_topic
from metrics.kafka_log import KafkaLog

CHECK_SECONDS: Final = 5.0
"""How often positions are compared with the database, for partitions that get no batch."""
LOOK_SECONDS: Final = 0.2
"""How soon a new assignment or a failure is taken up."""
LONGEST_WAIT_SECONDS: Final = 5.0
"""The longest pause between two tries while database or broker are away."""

log = structlog.get_logger()


class CountingConsumer:
    """The subscriber of all topics that metrics counts. One a process.

    The thread that decodes and the thread that counts work side by side: while PostgreSQL is busy
    with one batch, the next is decoded. The counter is touched by its own thread only.
    """

    def __init__(
        self,
        counter: Counter,
        kafka: KafkaLog,
        decoders: Mapping[str, BatchDecoder],
        meters: Meters,
        crash: Callable[[BaseException], None],
    ) -> None:
        """Takes the decoders by full topic name, and what ends the process on a bug."""
        self._counter = counter
        self._kafka = kafka
        self._decoders = decoders
        self._meters = meters
        self._crash = crash
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="counter")
        self._assignment: list[tuple[str, int]] | None = None
        self._committed: dict[tuple[str, int], int] = {}
        self._previous: asyncio.Future[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._away = "joining the group"
        self._joined = False

    @property
    def missing(self) -> dict[str, str]:
        """What keeps the consumer from counting, by part; empty: it counts or waits for events."""
        missing = {"counting": self._away} if self._away else {}
        missing.update({f"{topic}/{number}": "stopped" for topic, number in self._counter.stopped})
        return missing

    def on_assign(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Called by librdkafka within a poll: takes the partitions over, but reads nothing yet."""
        self._kafka.follow(consumer)
        consumer.assign(
            [TopicPartition(p.topic, p.partition, OFFSET_BEGINNING) for p in partitions]
        )
        consumer.pause(list(partitions))
        self._assignment = [(p.topic, p.partition) for p in partitions]
        self._joined = True

    def on_revoke(self, consumer: Consumer, _partitions: Sequence[TopicPartition]) -> None:
        """Called by librdkafka within a poll: nothing is ours until the next assignment."""
        self._assignment = []
        consumer.unassign()

    async def on_messages(self, messages: Any) -> None:
        """Takes one poll's messages. Never raises: what cannot be counted now is read again."""
        try:
            batches = [
                self._decoders[topic].decode(of_topic)
                for topic, of_topic in by_topic(messages).items()
            ]
        except Exception as error:  # noqa: BLE001 - a bug: FastStream would only log it
            self._crash(error)
            return
        if self._previous is not None:
            await self._previous
        parent = _traceparent(messages[0]) if telemetry.tracing() else None
        self._previous = self._run(self._count, batches, parent)

    async def start(self) -> None:
        """Begins to keep the positions right; called once the subscriber has started."""
        self._keeper = asyncio.create_task(self._keep_placed())

    async def stop(self) -> None:
        """Finishes the batch at hand."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._previous is not None:
            await self._previous
        self._thread.shutdown()

    def _run(self, work: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def _count(self, batches: Sequence[Batch], parent: str | None) -> None:
        started = time.perf_counter()
        try:
            self._take_assignment()
            with telemetry.start_span("count", SpanKind.CONSUMER, parent):
                self._counter.count(batches)
        except Unavailable as error:
            self._wait(error)
        except BaseException as error:  # noqa: BLE001 - a bug: FastStream would only log it
            self._crash(error)
        self._meters.observe(COUNTING_SECONDS, time.perf_counter() - started)

    def _take_assignment(self) -> None:
        assignment, self._assignment = self._assignment, None
        if assignment is not None:
            self._counter.assign(assignment)

    def _wait(self, error: Unavailable) -> None:
        if self._away != str(error):
            log.warning("waiting", why=str(error))
        self._away = str(error)

    async def _keep_placed(self) -> None:
        """Places partitions after an assignment or a failure at once, and all now and then."""
        checked, tries = 0.0, 0
        while True:
            await asyncio.sleep(min(LOOK_SECONDS * 2**tries, LONGEST_WAIT_SECONDS))
            due = time.monotonic() - checked > CHECK_SECONDS
            if due or self._assignment is not None or self._counter.lost or self._away:
                placed = await self._run(self._place)
                tries = 0 if placed else min(tries + 1, 5)
                checked = time.monotonic()

    def _place(self) -> bool:
        try:
            self._take_assignment()
            self._counter.place()
            self._show_positions()
        except Unavailable as error:
            self._wait(error)
            return False
        except BaseException as error:  # noqa: BLE001 - a bug must not end this task in silence
            self._crash(error)
            return False
        if self._joined:
            self._away = ""
        return True

    def _show_positions(self) -> None:
        """Tells Kafka's group where it is, for lag displays and autoscaling; it is never read."""
        positions = self._counter.positions()
        new = {place: at for place, at in positions.items() if self._committed.get(place) != at}
        if new:
            self._kafka.show(new)
            self._committed = positions


class _Traced(msgspec.Struct):
    traceparent: str | None = None


_read_trace: Final = msgspec.json.Decoder(_Traced).decode


def _traceparent(message: Any) -> str | None:
    """The trace that a batch goes on with: that of its first event."""
    try:
        return telemetry.valid_traceparent(_read_trace(message.value() or b"").traceparent)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
