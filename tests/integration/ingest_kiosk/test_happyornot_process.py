"""The poller as a process on a real broker: killed, restarted, stopped."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from kokemus.contracts import events, wire
from kokemus.contracts.topics import declarations
from kokemus_platform import topics
from kokemus_platform.kafka import Broker
from kokemus_platform.processes import free_port, wait_until
from support.counting import Counting
from support.happyornot_server import HappyOrNotServer

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def vendor() -> Iterator[HappyOrNotServer]:
    with HappyOrNotServer().running() as server:
        server.survey()
        yield server


class Pollers:
    """Starts pollers, one after the other, on one port."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        ports = {"HTTP": self.port, "METRICS": free_port()}
        self._environment = environment | {
            f"KOKEMUS_{name}_PORT": str(port) for name, port in ports.items()
        }
        self._log = log
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ingest_kiosk.main", "poll"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        self.started.append(process)
        return process

    def is_ready(self) -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/health/ready")
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK


@pytest.fixture
def pollers(
    kafka: Broker, topic_prefix: str, vendor: HappyOrNotServer, tmp_path: Path
) -> Iterator[Pollers]:
    topics.apply(kafka.bootstrap, topic_prefix)
    token = tmp_path / "token"
    token.write_text("right-token")
    environment = os.environ | {
        "KOKEMUS_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "KOKEMUS_TOPIC_PREFIX": topic_prefix,
        "KOKEMUS_HAPPYORNOT_TOKEN_FILE": str(token),
        "KOKEMUS_HAPPYORNOT_BASE_URL": vendor.url,
        "KOKEMUS_HAPPYORNOT_INTERVAL": "PT1S",
        "KOKEMUS_HAPPYORNOT_RATE": "100",
    }
    pollers = Pollers(environment, tmp_path / "poller.log")
    yield pollers
    for process in pollers.started:
        process.kill()
        process.wait()


def read(kafka: Broker, topic_prefix: str, name: str) -> list[events.Event]:
    """Everything that a topic holds now."""
    declaration = declarations()[name]
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": f"{topic_prefix}test",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    unread = set(range(declaration.partitions))
    consumer.assign([TopicPartition(topic_prefix + name, number, 0) for number in unread])
    found: list[events.Event] = []
    while unread:
        for message in consumer.consume(1_000, 1):
            error = message.error()
            if error is None:
                found.append(wire.decode(message.value() or b"", declaration.event_types))
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(message.partition())
    consumer.close()
    return found


def test_a_poller_killed_again_and_again_sends_every_row_and_each_counts_once(  # noqa: PLR0917 - fixtures
    kafka: Broker,
    topic_prefix: str,
    vendor: HappyOrNotServer,
    pollers: Pollers,
    database_url: str,
    tmp_path: Path,
) -> None:
    vendor.largest_page = 50
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        vendor.press(now - timedelta(minutes=20 * n), buttonIndex=n % 4, misuse=n % 10 == 0)
        for n in range(1_000)
    ]
    deaths = ["100", "0", "950"]

    def die(path: str, query: dict[str, str]) -> None:
        if deaths and "button" in path and query["offset"] == deaths[0]:
            deaths.pop(0)
            os.kill(pollers.started[-1].pid, signal.SIGKILL)

    def counted() -> Counter[tuple[int, bool]]:
        found: Counter[tuple[int, bool]] = Counter()
        for (*_, value, marked), count in counting.cells().items():
            found[value, marked] += count
        return found

    def stand_as_the_vendors() -> bool:
        return counted() == Counter((row["buttonIndex"], row["misuse"]) for row in rows)

    vendor.before = die
    while deaths:
        assert pollers.start().wait(30) == -signal.SIGKILL
    with Counting(kafka.bootstrap, topic_prefix, database_url, tmp_path) as counting:
        counting.start()
        last = pollers.start()
        wait_until(stand_as_the_vendors, seconds=60, what="every row counted")
        last.send_signal(signal.SIGTERM)
        assert last.wait(10) == 0
        for row in rows[:200]:
            row["misuse"] = True
        pollers.start()
        wait_until(stand_as_the_vendors, seconds=60, what="late marks counted")
        counting.assert_exact(read(kafka, topic_prefix, "kiosk-presses.v1"))
    sent = read(kafka, topic_prefix, "kiosk-presses.v1")
    distinct = {(event.source, event.id) for event in sent}
    assert len(distinct) == len(rows) + sum(row["misuse"] for row in rows)
    assert len(sent) > len(distinct), "no death came between a confirmation and the next place"


def test_a_restarted_poller_goes_on_from_the_place_that_the_topic_remembers(
    kafka: Broker, topic_prefix: str, vendor: HappyOrNotServer, pollers: Pollers
) -> None:
    def polls() -> int:
        return len(read(kafka, topic_prefix, "sources.v1"))

    first = pollers.start()
    wait_until(lambda: polls() >= 1, seconds=30, what="the first poll")
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    before = polls()
    vendor.token = "another-token"
    second = pollers.start()
    wait_until(lambda: polls() > before, seconds=30, what="a poll with a wrong token")
    assert second.poll() is None
    assert pollers.is_ready()
    told = read(kafka, topic_prefix, "sources.v1")
    good, refused = told[before - 1], told[-1]
    assert isinstance(good, events.SourcePolled)
    assert isinstance(refused, events.SourcePolled)
    assert refused.data.error == "token_refused: surveys.json: answered 401"
    assert refused.data.next == good.data.next
