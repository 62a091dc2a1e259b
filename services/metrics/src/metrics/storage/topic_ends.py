"""Where Kafka's topics end now: what the status is measured against."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from kokemus.errors import Unavailable
from kokemus.log_ends import LogEnds
from metrics.domain.status import Ends

ANSWER_SECONDS: Final = 3.0
"""How long a broker may take before it counts as away."""

T = TypeVar("T")


class TopicEnds:
    """Asks the brokers; connects on first use and may block, so call it in a thread."""

    def __init__(self, bootstrap: str) -> None:
        """Takes `host:port`, several by commas."""
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._ends = LogEnds(bootstrap)

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
        ids, places = {}, []
        for topic, future in asked.items():
            description = _known(future.result)
            if description is not None:
                ids[topic] = str(description.topic_id)
                places += [(topic, one.id) for one in description.partitions]
        ends: dict[str, dict[int, int]] = {topic: {} for topic in ids}
        for (topic, partition), end in self._ends.of(places).items():
            ends[topic][partition] = end
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
