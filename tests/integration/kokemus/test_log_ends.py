"""Where partitions end, on both brokers."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from kokemus.contracts.topics import declarations
from kokemus.errors import Unavailable
from kokemus.log_ends import LogEnds
from kokemus_platform.kafka import Broker
from kokemus_platform.topics import apply

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def log_ends(kafka: Broker) -> Iterator[LogEnds]:
    with LogEnds(kafka.bootstrap) as ends:
        yield ends


def produce(kafka: Broker, topic: str, partition: int, count: int) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 100, "acks": "all"})
    for _ in range(count):
        producer.produce(topic, b"{}", partition=partition)
    assert producer.flush(20) == 0


def test_the_end_is_after_the_last_record_of_a_batch(
    kafka: Broker, topic_prefix: str, log_ends: LogEnds
) -> None:
    apply(kafka.bootstrap, topic_prefix)
    topic = f"{topic_prefix}kiosk-presses.v1"
    places = [(topic, number) for number in range(declarations()["kiosk-presses.v1"].partitions)]
    assert log_ends.of(places) == dict.fromkeys(places, 0)
    produce(kafka, topic, partition=3, count=50)
    assert log_ends.of(places) == dict.fromkeys(places, 0) | {(topic, 3): 50}
    produce(kafka, topic, partition=3, count=7)
    produce(kafka, topic, partition=0, count=1)
    assert log_ends.of(places) == dict.fromkeys(places, 0) | {(topic, 3): 57, (topic, 0): 1}
    assert log_ends.of([]) == {}


def test_a_topic_that_is_not_there_has_no_end(topic_prefix: str, log_ends: LogEnds) -> None:
    with pytest.raises(Unavailable):
        log_ends.of([(f"{topic_prefix}nothing.v1", 0)])


def test_brokers_that_are_away_tell_no_end() -> None:
    with LogEnds("127.0.0.1:1") as ends, pytest.raises(Unavailable):
        ends.of([("topic", 0)])
