"""Changes are announced after their commit, at least once, and then no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from kokemus.contracts import events, wire
from kokemus_platform.kafka import EmbeddedKafka
from support.counting import Counting, busy_days, wait_until


@pytest.fixture
def counting(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, database_url: str, tmp_path: Path
) -> Iterator[Counting]:
    if not embedded_kafka.running:
        embedded_kafka.start()
    with Counting(embedded_kafka.bootstrap, topic_prefix, database_url, tmp_path) as ready:
        yield ready


def announced(counting: Counting, entities: set[str]) -> dict[str, events.MetricsChanged]:
    consumer = Consumer({"bootstrap.servers": counting.bootstrap, "group.id": "changes"})
    consumer.assign([TopicPartition(counting.prefix + "metrics-changed.v1", 0, 0)])
    found: dict[str, events.MetricsChanged] = {}
    while found.keys() != entities:
        message = consumer.poll(20)
        assert message is not None, f"only {sorted(found)}"
        event = wire.decode(message.value() or b"", (events.MetricsChanged,))
        assert isinstance(event, events.MetricsChanged)
        assert (message.key() or b"").decode() == event.subject
        found[event.subject] = event
    consumer.close()
    return found


def test_what_was_counted_is_announced_and_the_outbox_is_empty_again(counting: Counting) -> None:
    sent = busy_days(400, seed=21, units=5)
    counting.start()
    counting.send(sent)
    counting.wait_for(len(sent))
    hints = announced(counting, {event.subject for event in sent})
    assert all("happy_index" in hint.data.metrics for hint in hints.values())
    wait_until(lambda: outbox(counting) == 0, 20)


def test_an_outbox_that_cannot_be_read_ends_the_process(counting: Counting) -> None:
    with counting.connect() as connection:
        connection.execute("INSERT INTO changed (cells) VALUES ('no cells')")
    counting.start()
    process = counting.processes[-1]
    assert wait_until(lambda: process.poll() is not None, 30, counting.logs)
    assert process.returncode == 1


def outbox(counting: Counting) -> int:
    with counting.connect() as connection:
        row = connection.execute("SELECT count(*) FROM changed").fetchone()
    assert row is not None
    return int(row[0])
