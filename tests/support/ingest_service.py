"""An ingest service as a process of its own, with keys that a test gives it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from confluent_kafka import Consumer, TopicPartition

from kokemus import keys
from kokemus.keys import Key
from kokemus_platform.processes import free_port, wait_until

BATCH = "application/cloudevents-batch+json"
SINGLE = "application/cloudevents+json"
LINES = "application/x-ndjson"


class IngestService:
    """A running service and the file of its keys; `token` is good for everything."""

    def __init__(
        self, module: str, folder: Path, bootstrap: str, prefix: str, command: str = "serve"
    ) -> None:
        self.module = module
        self.command = command
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{module}.log"
        self.keys_file = folder / f"{module}-keys.json"
        self.token, self._key = keys.create("everything", types=["*"], sources=["*"])
        self.write_keys()
        self.environment = {
            **os.environ,
            "KOKEMUS_KAFKA_BOOTSTRAP": bootstrap,
            "KOKEMUS_TOPIC_PREFIX": prefix,
            "KOKEMUS_KEYS_FILE": str(self.keys_file),
            "KOKEMUS_HTTP_PORT": str(self.port),
            "KOKEMUS_METRICS_PORT": str(self.metrics_port),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def write_keys(self, *more: Key) -> None:
        """Replaces the keys in the file; the key for everything stays."""
        new = self.keys_file.with_suffix(".new")
        new.write_bytes(msgspec.json.encode({"keys": [self._key, *more]}))
        new.replace(self.keys_file)

    def start(self, **environment: str) -> None:
        """Starts the process and waits until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"{self.module}.main", self.command],
                env={**self.environment, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Returns once it says that it is ready."""
        wait_until(self.is_ready, seconds=30, what=f"{self.module} to be ready")

    def is_ready(self) -> bool:
        """What /health/ready says; False also where nothing answers."""
        try:
            return httpx.get(f"{self.url}/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Ends it by SIGTERM and gives its exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        return self.process.wait(15)

    def post(
        self,
        content: Any,
        content_type: str = SINGLE,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Sends events, as bytes or as what becomes JSON."""
        return httpx.post(
            f"{self.url}/v1/events",
            content=content if isinstance(content, bytes) else json.dumps(content).encode(),
            headers={
                "Authorization": f"Bearer {token or self.token}",
                "Content-Type": content_type,
                **(headers or {}),
            },
            timeout=30,
        )

    def metric(self, name: str, labels: str = "") -> float:
        """A sample of the metrics port, 0 where it is not there yet."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        line = next((one for one in text.splitlines() if one.startswith(name + labels)), "0 0")
        return float(line.rpartition(" ")[2])

    def resident_megabytes(self) -> float:
        """The most memory that the process ever had."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def running(
    module: str, folder: Path, bootstrap: str, prefix: str, **environment: str
) -> Iterator[IngestService]:
    """The service, started and in the end stopped."""
    service = IngestService(module, folder, bootstrap, prefix)
    try:
        service.start(**environment)
        yield service
    finally:
        service.stop()


def records(bootstrap: str, topic: str, count: int) -> Sequence[Any]:
    """The first records of a topic: waits until so many are there."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": topic, "enable.auto.commit": False}
    )
    found: list[Any] = []
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])

        def enough() -> bool:
            found.extend(one for one in consumer.consume(1_000, 0.2) if one.error() is None)
            return len(found) >= count

        wait_until(enough, seconds=20, what=f"{count} records on {topic}")
    finally:
        consumer.close()
    return found
