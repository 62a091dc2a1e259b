"""Puts a period of the archive back on its topic: the same records, which count nothing twice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from kokemus.contracts.topics import MAX_MESSAGE_BYTES
from kokemus.errors import Unavailable
from metrics.archive.files import ArchiveFiles, Record

MOST_UNDER_WAY: Final = 50_000
"""Records that the producer holds before the next are read."""
EVER: Final = 2**62


def archived(
    files: ArchiveFiles, topic: str, first: datetime, end: datetime
) -> Iterator[list[Record]]:
    """What the archive has of a topic, appended from `first` on and before `end`, some at a time.

    Records that no contract could read are left out: they lie among the dead letters.

    Args:
        files: the archive.
        topic: its full name; a topic that was made anew is one with the one before.
        first: with an offset.
        end: with an offset.

    Raises:
        OSError: the storage is away.
    """
    lowest, after = (int(moment.astimezone(UTC).timestamp() * 1000) for moment in (first, end))
    for place in files.places():
        for records in files.read(place, 0, EVER):
            if records[0].name != topic:
                break
            chosen = [one for one in records if not one.dead and lowest <= one.timestamp_ms < after]
            if chosen:
                yield chosen


class Replayer:
    """Publishes records as they were: key, value and headers.

    Args:
        bootstrap: of the brokers.
    """

    def __init__(self, bootstrap: str) -> None:
        self._failed: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "allow.auto.create.topics": False,
                "message.max.bytes": MAX_MESSAGE_BYTES,
            }
        )

    def send(self, records: list[Record]) -> None:
        """Hands records to the producer; waits while it holds too many.

        Raises:
            Unavailable: the broker did not take one of them.
        """
        for one in records:
            try:
                self._producer.produce(
                    one.name,
                    one.raw_value,
                    one.raw_key,
                    headers=list(one.raw_headers),
                    on_delivery=self._report,
                )
            except (BufferError, KafkaException) as error:
                raise Unavailable("the broker takes no more now") from error
        while len(self._producer) > MOST_UNDER_WAY:
            self._producer.poll(0.1)
        self._check()

    def finish(self) -> None:
        """Returns once every record is confirmed.

        Raises:
            Unavailable: one of them is not.
        """
        if self._producer.flush(60):
            raise Unavailable("the broker did not confirm every record")
        self._check()

    def _report(self, error: KafkaError | None, _message: object) -> None:
        if error is not None:
            self._failed.append(error.name())

    def _check(self) -> None:
        if self._failed:
            raise Unavailable(f"the broker refused records: {self._failed[0]}")
