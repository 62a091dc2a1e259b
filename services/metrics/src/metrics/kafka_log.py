"""What the counting protocol asks of Kafka, over librdkafka."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from kokemus.contracts.topics import MAX_LETTER_BYTES
from kokemus.dead_letters import Letter
from kokemus.errors import Unavailable
from kokemus.log_ends import LogEnds, Place

ANSWER_SECONDS: Final = 5.0
"""How long a broker may take before it counts as away."""
MOST_REFUSED: Final = 3
"""Times in a row that a partition can't be sought in before it is taken anew; one that was only
just assigned needs a moment."""


class KafkaLog:
    """The log that one consumer reads, and the producer of its dead letters.

    Safe to use beside the thread that polls the consumer: librdkafka locks for itself.
    """

    def __init__(self, bootstrap: str) -> None:
        """Takes `host:port`, several by commas; connects on first use."""
        logger = logging.getLogger("librdkafka")
        self._admin = AdminClient({"bootstrap.servers": bootstrap}, logger=logger)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "allow.auto.create.topics": False,
                "delivery.timeout.ms": int(ANSWER_SECONDS * 1000),
                # Of librdkafka's own million, the largest record would block its partition.
                "message.max.bytes": MAX_LETTER_BYTES,
            },
            logger=logger,
        )
        self._ends = LogEnds(bootstrap)
        self._consumer: Consumer | None = None
        self._refused = 0

    def close(self) -> None:
        """Closes the connections that are its own."""
        self._ends.close()

    def follow(self, consumer: Consumer) -> None:
        """Takes over the consumer whose partitions are placed from now on."""
        self._consumer = consumer

    def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """See `counter.Log`."""
        futures = self._answered(
            lambda: self._admin.describe_topics(
                TopicCollection(list(topics)), request_timeout=ANSWER_SECONDS
            )
        )
        return {
            topic: str(self._answered(future.result).topic_id) for topic, future in futures.items()
        }

    def bounds(self, partitions: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """See `counter.Log`."""
        first = self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # the client's own gap
        last = self._ends.of(partitions)
        return {place: (first[place], last[place]) for place in partitions}

    def read_from(self, offsets: Mapping[Place, int]) -> None:
        """See `counter.Log`. An assignment that was lost meanwhile is passed over in silence."""
        consumer = self._consumer
        if consumer is None:
            raise Unavailable("the consumer has not started")
        for (topic, number), offset in offsets.items():
            try:
                consumer.seek(TopicPartition(topic, number, offset))
                consumer.resume([TopicPartition(topic, number)])
            except (KafkaException, RuntimeError) as error:
                self._refused += 1
                if self._refused % MOST_REFUSED == 0:
                    self._fetch_anew(consumer)
                raise Unavailable(f"a partition can't be read now: {_name(error)}") from error
        self._refused = 0

    @staticmethod
    def _fetch_anew(consumer: Consumer) -> None:
        """Takes the partitions again that it has, paused, to be placed like new ones.

        One that was read beyond the end of a topic made anew is fetched no more, and nobody can
        seek in it.
        """
        with suppress(KafkaException, RuntimeError):
            places = [(one.topic, one.partition) for one in consumer.assignment()]
            consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in places])
            consumer.pause([TopicPartition(*place) for place in places])

    def pause(self, partitions: Sequence[Place]) -> None:
        """See `counter.Log`."""
        if self._consumer is not None and partitions:
            try:
                self._consumer.pause([TopicPartition(*place) for place in partitions])
            except (KafkaException, RuntimeError):
                return  # not ours any more: there is nothing to pause

    def show(self, positions: Mapping[Place, int]) -> None:
        """Commits positions to the group in the background; a failure only delays a display."""
        consumer = self._consumer
        if consumer is not None:
            try:
                consumer.commit(
                    offsets=[TopicPartition(*place, at) for place, at in positions.items()],
                    asynchronous=True,
                )
            except (KafkaException, RuntimeError):
                return

    def keep(self, letters: Sequence[Letter]) -> None:
        """See `counter.Log`."""
        failed: list[KafkaError] = []

        def report(error: KafkaError | None, _message: Any) -> None:
            if error is not None:
                failed.append(error)

        for letter in letters:
            try:
                self._producer.produce(
                    letter.topic,
                    letter.value,
                    letter.key,
                    headers=list(letter.headers),
                    on_delivery=report,
                )
            except (BufferError, KafkaException) as error:
                raise Unavailable("dead letters can't be written now") from error
        if letters and (self._producer.flush(2 * ANSWER_SECONDS) or failed):
            raise Unavailable("dead letters are not confirmed")

    def _offsets(self, partitions: Sequence[Place], spec: OffsetSpec) -> dict[Place, int]:
        wanted = {TopicPartition(*place): spec for place in partitions}
        futures = self._answered(
            lambda: self._admin.list_offsets(wanted, request_timeout=ANSWER_SECONDS)
        )
        return {
            (asked.topic, asked.partition): int(self._answered(future.result).offset)
            for asked, future in futures.items()
        }

    @staticmethod
    def _answered(ask: Any) -> Any:
        try:
            return ask()
        except (KafkaException, TimeoutError) as error:
            raise Unavailable(f"Kafka does not answer: {_name(error)}") from error


def _name(error: Exception) -> str:
    """The error's name at Kafka, without what the message may quote."""
    cause = error.args[0] if error.args else None
    return str(cause.name()) if isinstance(cause, KafkaError) else type(error).__name__
