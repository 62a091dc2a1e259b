"""What the memory broker forgets is played back, whatever its size, and no one else reads it."""

import secrets
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from kokemus.contracts.topics import MAX_LETTER_BYTES, MAX_MESSAGE_BYTES
from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.snapshot import CompactedSnapshot


def test_the_largest_dead_letter_survives_a_broker_that_forgets(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    if not embedded_kafka.running:
        embedded_kafka.start()
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    topic, letter = f"{topic_prefix}registry.v1.dead", secrets.token_bytes(MAX_MESSAGE_BYTES)
    producer = Producer(
        {"bootstrap.servers": embedded_kafka.bootstrap, "message.max.bytes": MAX_LETTER_BYTES}
    )
    producer.produce(topic, letter, b"registry.v1/0/1")
    assert producer.flush(30) == 0
    before = CompactedSnapshot(embedded_kafka.bootstrap, [topic], tmp_path)
    before.restore()
    before.drain(30)
    before.save()
    before.close()
    (kept,) = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600

    embedded_kafka.restart()
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    after = CompactedSnapshot(embedded_kafka.bootstrap, [topic], tmp_path)
    assert after.restore() == 1
    after.close()
    consumer = Consumer({"bootstrap.servers": embedded_kafka.bootstrap, "group.id": "letters"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    message = consumer.poll(30)
    assert message is not None
    assert message.value() == letter
    consumer.close()
