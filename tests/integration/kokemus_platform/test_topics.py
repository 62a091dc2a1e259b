"""The topic tool against both brokers."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import Message, Producer
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource
from kafka.partitioner.default import murmur2
from typer.testing import CliRunner

from kokemus.contracts.topics import declarations
from kokemus_platform import topics
from kokemus_platform.kafka import ApacheKafka, Broker, EmbeddedKafka
from kokemus_platform.processes import wait_until

pytestmark = pytest.mark.timeout(60)


@contextmanager
def admin(broker: Broker) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    yield client
    client.close()


def configure(broker: Broker, topic: str, **settings: str) -> None:
    changes = {name.replace("_", "."): value for name, value in settings.items()}
    with admin(broker) as client:
        client.alter_configs([ConfigResource("topic", topic, changes)], raise_on_unknown=False)
        wait_until(
            lambda: described(client, topic).items() >= changes.items(), seconds=10, what=topic
        )


def described(client: KafkaAdminClient, topic: str) -> dict[str, str]:
    answer = client.describe_configs([ConfigResource("topic", topic)], config_filter="all")
    return {name: entry["value"] for name, entry in answer["topic"][topic].items()}


def test_all_topics_come_to_be_as_declared_and_stay_so(kafka: Broker, topic_prefix: str) -> None:
    missing = topics.plan(kafka.bootstrap, topic_prefix)
    assert {change.topic for change in missing} == {topic_prefix + name for name in declarations()}
    assert topics.apply(kafka.bootstrap, topic_prefix) == missing
    assert topics.plan(kafka.bootstrap, topic_prefix) == []
    assert topics.apply(kafka.bootstrap, topic_prefix) == []


def test_a_plan_changes_nothing(kafka: Broker, topic_prefix: str) -> None:
    topics.plan(kafka.bootstrap, topic_prefix)
    with admin(kafka) as client:
        assert not [name for name in client.list_topics() if name.startswith(topic_prefix)]


def test_a_setting_that_differs_is_put_right_and_one_that_would_lose_data_is_not(
    kafka: Broker, topic_prefix: str
) -> None:
    topics.apply(kafka.bootstrap, topic_prefix)
    presses, feedback = topic_prefix + "kiosk-presses.v1", topic_prefix + "feedback.v1"
    configure(kafka, presses, retention_ms="-1")
    configure(kafka, feedback, retention_ms="3600000")
    changes = {change.topic: change for change in topics.apply(kafka.bootstrap, topic_prefix)}
    assert changes[presses].refusal
    assert changes[feedback].refusal is None
    (left,) = topics.plan(kafka.bootstrap, topic_prefix)
    assert left == changes[presses]
    topics.apply(kafka.bootstrap, topic_prefix, accept_data_loss=[presses])
    assert topics.plan(kafka.bootstrap, topic_prefix) == []


def create(broker: Broker, declared: str, prefix: str, partitions: int) -> str:
    name = prefix + declared
    topic = {
        "num_partitions": partitions,
        "replication_factor": 1,
        "configs": declarations()[declared].config(1),
    }
    with admin(broker) as client:
        client.create_topics({name: topic}, wait_for_metadata=True)
    return name


def produce(broker: Broker, topic: str, keys: list[str]) -> dict[str, int]:
    """The partition of each key, as librdkafka's partitioner has it."""
    landed: dict[str, int] = {}

    def confirmed(error: object, message: Message) -> None:
        assert error is None
        landed[(message.key() or b"").decode()] = message.partition() or 0

    producer = Producer(
        {"bootstrap.servers": broker.bootstrap, "partitioner": "murmur2_random", "acks": "all"}
    )
    for key in keys:
        producer.produce(topic, b"{}", key.encode(), on_delivery=confirmed)
    assert producer.flush(20) == 0
    return landed


def test_both_clients_put_a_key_on_the_partition_where_java_puts_it(
    kafka: Broker, topic_prefix: str
) -> None:
    topic = create(kafka, "kiosk-presses.v1", topic_prefix, 8)
    keys = [f"device.happyornot.{number}" for number in range(50)] + ["terveysasema-kallio", "ä"]
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    sent = {key: producer.send(topic, b"{}", key.encode()) for key in keys}
    expected = {key: confirmation.get(timeout=20).partition for key, confirmation in sent.items()}
    producer.close()
    assert produce(kafka, topic, keys) == expected
    assert expected == {key: (murmur2(key.encode()) & 0x7FFFFFFF) % 8 for key in keys}


def test_events_get_more_partitions_and_keep_their_records(
    apache_kafka: ApacheKafka, topic_prefix: str
) -> None:
    topic = create(apache_kafka, "kiosk-presses.v1", topic_prefix, 2)
    produce(apache_kafka, topic, ["a", "b", "c"])
    topics.apply(apache_kafka.bootstrap, topic_prefix)
    with admin(apache_kafka) as client:
        assert len(client.describe_topics([topic])[0]["partitions"]) == 8
    assert topics.plan(apache_kafka.bootstrap, topic_prefix) == []


def test_a_broker_that_cannot_add_partitions_is_said_to_be_one(
    embedded_kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    create(embedded_kafka, "kiosk-presses.v1", topic_prefix, 2)
    with pytest.raises(topics.Incomplete, match="cannot add partitions"):
        topics.apply(embedded_kafka.bootstrap, topic_prefix)


def test_state_is_recreated_only_where_its_loss_is_accepted(
    kafka: Broker, topic_prefix: str
) -> None:
    registry = create(kafka, "registry.v1", topic_prefix, 3)
    with admin(kafka) as client:
        before = client.describe_topics([registry])[0]["topic_id"]
        topics.apply(kafka.bootstrap, topic_prefix)
        assert client.describe_topics([registry])[0]["topic_id"] == before
        topics.apply(kafka.bootstrap, topic_prefix, accept_data_loss=[registry])
        after = client.describe_topics([registry])[0]
    assert after["topic_id"] != before
    assert len(after["partitions"]) == 1
    assert topics.plan(kafka.bootstrap, topic_prefix) == []


def run(broker: Broker, prefix: str, *arguments: str) -> tuple[int, str]:
    where = ["--bootstrap", broker.bootstrap, "--prefix", prefix]
    result = CliRunner().invoke(topics.commands, [*arguments, *where])
    return result.exit_code, result.output


def test_the_commands_say_what_they_do_and_exit_1_on_a_refusal(
    kafka: Broker, topic_prefix: str
) -> None:
    code, output = run(kafka, topic_prefix, "plan")
    assert (code, "Would change" in output) == (0, True)
    assert run(kafka, topic_prefix, "apply")[0] == 0
    assert run(kafka, topic_prefix, "apply") == (0, "All topics are as declared.\n")
    presses = topic_prefix + "kiosk-presses.v1"
    configure(kafka, presses, cleanup_policy="compact")
    code, output = run(kafka, topic_prefix, "apply")
    assert code == 1
    assert f"REFUSED {presses}: cleanup.policy compact -> delete" in output
    assert f"--accept-data-loss {presses}" in output
    assert run(kafka, topic_prefix, "apply", "--accept-data-loss", presses)[0] == 0
    assert run(kafka, topic_prefix, "apply", "--accept-data-loss", "typo.v1")[0] == 2
