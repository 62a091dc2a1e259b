"""Reads a range of a partition from the brokers, for what the archive does not have (yet)."""

import logging
import time
from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from kokemus.errors import Unavailable
from metrics.kafka_log import KafkaLog

STALLED_SECONDS: Final = 30.0
"""A broker that gives nothing for so long, with records left to read, is away."""
ROWS_AT_ONCE: Final = 5_000


class TopicReader:
    """One reader of any partition, in no group. Connects on first use; close it.

    Args:
        bootstrap: of the brokers.
    """

    def __init__(self, bootstrap: str) -> None:
        self._kafka = KafkaLog(bootstrap)
        self.ended: int | None = None
        """Where the last partition read ended, if that was before what was asked for."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "kokemus-rebuild",  # librdkafka wants one; it is never joined
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "allow.auto.create.topics": False,
                "queued.max.messages.kbytes": 16_384,
                "fetch.max.bytes": 8_388_608,
                "fetch.wait.max.ms": 50,
            },
            logger=logging.getLogger("librdkafka"),
        )

    def close(self) -> None:
        """Closes the connections."""
        self._consumer.close()
        self._kafka.close()

    def begins(self, topic: str, topic_id: str, partition: int) -> int | None:
        """The first offset that a partition still has; None: the topic was made anew since.

        Raises:
            Unavailable: the brokers are away.
        """
        if self._kafka.topic_ids([topic])[topic] != topic_id:
            return None
        place = topic, partition
        return self._kafka.bounds([place])[place][0]

    def read(self, topic: str, partition: int, first: int, end: int) -> Iterator[list[Any]]:
        """The messages from `first` on and before `end`, some at a time.

        Raises:
            Unavailable: the brokers are away.
        """
        self.ended = None
        self._consumer.assign([TopicPartition(topic, partition, first)])
        try:
            deadline = time.monotonic() + STALLED_SECONDS
            while time.monotonic() < deadline:
                found = self._consumer.consume(ROWS_AT_ONCE, 1.0)
                messages = [one for one in found if one.error() is None]
                wanted = [one for one in messages if first <= (one.offset() or 0) < end]
                if wanted:
                    yield wanted
                    deadline = time.monotonic() + STALLED_SECONDS
                if len(wanted) < len(messages):
                    return
                if (ended := _ended(found)) is not None:
                    self.ended = ended if ended < end else None
                    return
                if wanted and wanted[-1].offset() == end - 1:
                    return
        except KafkaException as error:
            raise Unavailable(f"{topic} can't be read now") from error
        finally:
            self._consumer.unassign()
        raise Unavailable(f"{topic} can't be read now")


def _ended(found: list[Any]) -> int | None:
    """Where the partition ends, once that is reached; what follows was not there when asked."""
    for one in found:
        error = one.error()
        if error is None:
            continue
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            raise Unavailable(f"the broker says {error.name()}")
        return int(one.offset())
    return None
