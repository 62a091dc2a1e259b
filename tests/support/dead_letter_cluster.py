"""A city's topics on a broker, with dead letters that tests write and tools that read them."""

import json
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition
from typer.testing import CliRunner

from kokemus import dead_letters
from kokemus.contracts import topics
from kokemus.dead_letters import Record
from kokemus.errors import Reason, Refused
from kokemus_platform.dead_letters import commands
from kokemus_platform.kafka import Broker
from kokemus_platform.topics import apply

NOW = datetime.now(UTC)


class Cluster:
    """A city's topics on a broker, with what a test does to them."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        self.bootstrap, self.prefix = broker.bootstrap, prefix
        apply(broker.bootstrap, prefix)
        self._producer = Producer(
            {"bootstrap.servers": broker.bootstrap, "message.max.bytes": 2_000_000}
        )

    def publish(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        self._producer.produce(topic, value, key)
        assert self._producer.flush(20) == 0

    def bury(self, value: bytes | None, **fields: Any) -> str:
        """Writes a dead letter as metrics does and returns its key."""
        kind = {key: fields.pop(key) for key in ("reason", "error", "time") if key in fields}
        topic = self.prefix + fields.pop("topic", "kiosk-presses.v1")
        record = Record(topic, 0, 1, b"terveysasema-kallio", value)._replace(**fields)
        refused = Refused(
            kind.get("reason", Reason.NOT_JSON), kind.get("error", "not valid JSON"), "/data"
        )
        time = kind.get("time", NOW)
        letter = dead_letters.letter(record, refused, service="metrics", time=time)
        headers: list[tuple[str, str | bytes | None]] = [*letter.headers]
        self._producer.produce(letter.topic, letter.value, letter.key, headers=headers)
        assert self._producer.flush(20) == 0
        return letter.key.decode()

    def records(self, topic: str) -> list[Any]:
        numbers = range(topics.declarations()[topic].partitions)
        partitions = [TopicPartition(self.prefix + topic, number) for number in numbers]
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        found = []
        while any(
            consumer.position(partition) < (consumer.highwater(partition) or end)
            for partition, end in consumer.end_offsets(partitions).items()
        ):
            for records in consumer.poll(timeout_ms=1000).values():
                found += records
        consumer.close()
        return found

    def run(self, *arguments: str) -> tuple[int, str]:
        where = ["--bootstrap", self.bootstrap, "--prefix", self.prefix]
        result = CliRunner().invoke(commands, [*arguments, *where])
        return result.exit_code, result.output

    def listed(self) -> list[dict[str, Any]]:
        code, output = self.run("list", "--json")
        assert code == 0
        found: list[dict[str, Any]] = json.loads(output)
        return found
