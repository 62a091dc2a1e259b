"""Where Kafka's topics end now: what the status is measured against."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from kokemus.errors import Unavailable
from metrics.domain.status import Ends

ANSWER_SECONDS: Final = 3.0
"""How long a broker may take before it counts as away."""

T = TypeVar("T")


class TopicEnds:
    """Asks the brokers; connects on first use and may block, so call it in a thread."""

    def __init__(self, bootstrap: str) -> None:
        """Takes `host:port`, several by commas."""
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    def of(self, topics: Sequence[str]) -> Mapping[str, Ends]:
        """The topic id and each partition's end; a topic that does not exist is left out.

        Raises:
            Unavailable: no broker answers.
        """
        asked = _answered(
            lambda: self._admin.describe_topics(
                TopicCollection(list(topics)), request_timeout=ANSWER_SECONDS
            )
        )
        ids, partitions = {}, []
        for topic, future in asked.items():
            description = _known(future.result)
            if description is not None:
                ids[topic] = str(description.topic_id)
                partitions += [TopicPartition(topic, one.id) for one in description.partitions]
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the client's own gap
        listed = _answered(
            lambda: self._admin.list_offsets(
                dict.fromkeys(partitions, latest), request_timeout=ANSWER_SECONDS
            )
        )
        ends: dict[str, dict[int, int]] = {topic: {} for topic in ids}
        for place, future in listed.items():
            ends[place.topic][place.partition] = _answered(future.result).offset
        return {topic: Ends(ids[topic], by_partition) for topic, by_partition in ends.items()}


def _answered(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except (KafkaException, TimeoutError) as error:
        raise Unavailable("Kafka does not answer") from error


def _known(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise Unavailable("Kafka does not answer") from error
