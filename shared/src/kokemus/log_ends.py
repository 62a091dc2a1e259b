"""Where partitions end: by reading on from the end that the broker lists until nothing is left.

The embedded broker lists the offset after the *first* record of the last batch as the end. Whoever
took that for the end would call a topic read to its end that is not, or a database ahead of its
log. A fetch tells the truth on every broker, and reads at most the rest of one batch here.
"""

import threading
import time
from collections.abc import Iterable
from typing import Final, Self, TypeAlias

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from kokemus.errors import Unavailable

ANSWER_SECONDS: Final = 3.0
"""How long the brokers may take before they count as away."""

Place: TypeAlias = tuple[str, int]
"""A full topic name and a partition."""


class LogEnds:
    """Asks for ends, one caller at a time. Blocks: call it in a thread. Close it."""

    def __init__(self, bootstrap: str) -> None:
        """Takes `host:port`, several by commas; connects on first use."""
        self._asking = threading.Lock()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "kokemus-log-ends",  # librdkafka wants one; it is never joined
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "allow.auto.create.topics": False,
                "fetch.wait.max.ms": 5,
                "log_level": 0,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._consumer.close()

    def of(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offset after the last record of each partition, as it is after this call began.

        Raises:
            Unavailable: a broker does not answer, or a partition does not exist.
        """
        waiting = set(places)
        ends: dict[Place, int] = {}
        deadline = time.monotonic() + ANSWER_SECONDS
        with self._asking:
            try:
                self._consumer.assign([TopicPartition(*place, OFFSET_END) for place in waiting])
                while waiting:
                    place, end = self._next_end(deadline)
                    ends[place] = end
                    waiting.discard(place)
            except KafkaException as error:
                raise Unavailable("Kafka does not tell where a topic ends") from error
            finally:
                self._consumer.unassign()
        return ends

    def _next_end(self, deadline: float) -> tuple[Place, int]:
        """Waits for the next partition that is read to its end, and passes over its records."""
        while time.monotonic() < deadline:
            message = self._consumer.poll(0.1)
            error = message.error() if message is not None else None
            if message is None or error is None:
                continue
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                topic, partition, offset = message.topic(), message.partition(), message.offset()
                return (topic or "", partition or 0), offset or 0
        raise Unavailable("Kafka does not tell in time where a topic ends")
