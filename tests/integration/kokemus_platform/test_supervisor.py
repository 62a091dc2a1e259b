import os
import signal
import time
from pathlib import Path

import httpx
import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from kokemus_platform import starting
from kokemus_platform.home import Home
from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.processes import PartFailedError, wait_until
from support import fake_platform


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def process_behind(address: str) -> int | None:
    """The process that answers there."""
    try:
        return int(httpx.get(f"{address}/health/live", timeout=1).text)
    except httpx.HTTPError:
        return None


def part_of(home: Home, program: str) -> int:
    """The process of this program that the supervisor itself started."""
    supervisor = home.supervisor()
    children = Path(f"/proc/{supervisor}/task").glob("*/children")
    pids = " ".join(path.read_text() for path in children).split()
    (found,) = [pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().startswith(program)]
    return int(found)


def publish(bootstrap: str, topic: str, records: dict[bytes, bytes | None]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for key, value in records.items():
        producer.produce(topic, key=key, value=value)
    assert producer.flush(10) == 0


def records_of(bootstrap: str, topic: str) -> dict[bytes, bytes]:
    """What a topic of one partition holds by key; deleted keys with None."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "unused", "log_level": 0}
    consumer = Consumer({**settings, "enable.partition.eof": True})
    found = {}
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while (message := consumer.poll(10)) is not None and message.error() is None:
            found[message.key()] = message.value()
    finally:
        consumer.close()
    return found  # type: ignore[return-value]


def test_everything_is_there_once_it_is_ready(home: Home) -> None:
    with fake_platform.running(home):
        status = home.status()
        assert status is not None
        assert list(status["services"]) == ["first", "second"]
        assert all(process_behind(address) for address in status["services"].values())
        assert status["durable"] is False
        assert status["key"].startswith("kok_")
        assert (home.path / "status.json").stat().st_mode & 0o777 == 0o600
        with psycopg.connect(status["database"]) as connection:
            owner = connection.execute(
                "SELECT schema_owner FROM information_schema.schemata WHERE schema_name = 'first'"
            ).fetchone()
            assert owner == ("kokemus_first",)
    assert home.status() is None


def test_a_service_that_dies_is_back_on_its_port_within_two_seconds_however_often(
    home: Home,
) -> None:
    with fake_platform.running(home):
        address = (home.status() or {})["services"]["first"]
        for _ in range(4):
            before = process_behind(address)
            assert before is not None
            os.kill(before, signal.SIGKILL)
            died = time.monotonic()
            wait_until(
                lambda before=before: process_behind(address) not in {None, before},  # type: ignore[misc]
                seconds=2,
                what="the service",
            )
            assert time.monotonic() - died < 2


@pytest.mark.parametrize("end", ["down", "SIGTERM", "SIGKILL"])
def test_no_process_is_left_after(home: Home, end: str) -> None:
    with fake_platform.start(home) as supervisor:
        assert len(fake_platform.processes_of(home.path)) > 4
        if end == "down":
            assert starting.stop(home)
        else:
            supervisor.send_signal(signal.Signals[end])
    fake_platform.await_no_process(home.path)
    assert home.supervisor() is None
    assert home.status() is None


def test_two_platforms_run_side_by_side(tmp_path: Path) -> None:
    one, two = Home(tmp_path / "one"), Home(tmp_path / "two")
    with fake_platform.running(one), fake_platform.running(two):
        first, second = one.status() or {}, two.status() or {}
        assert not set(first["services"].values()) & set(second["services"].values())
        assert first["kafka"] != second["kafka"]
        assert first["key"] != second["key"]
        starting.stop(one)
        assert process_behind(second["services"]["first"])


def test_a_second_supervisor_is_turned_away(home: Home) -> None:
    with (
        fake_platform.running(home),
        pytest.raises(PartFailedError, match="in use already"),
        home.held(),
    ):
        pytest.fail("held twice")


def test_secrets_ports_and_rows_stay_over_a_restart(home: Home) -> None:
    with fake_platform.running(home):
        before = home.status() or {}
        with psycopg.connect(before["database"], autocommit=True) as connection:
            connection.execute("CREATE TABLE first.kept AS SELECT 42 AS answer")
    with fake_platform.running(home):
        assert home.status() == before
        with psycopg.connect(before["database"]) as connection:
            assert connection.execute("SELECT answer FROM first.kept").fetchone() == (42,)


@pytest.mark.parametrize("end", ["broker killed", "down and up"])
def test_compacted_topics_survive_the_end_of_the_embedded_broker(home: Home, end: str) -> None:
    topic = "kokemus.registry.v1"
    kept = {b"entity/a": b"1", b"entity/b": b"2"}
    supervisor = fake_platform.start(home)
    try:
        bootstrap = (home.status() or {})["kafka"]
        publish(bootstrap, topic, {**kept, b"entity/gone": b"3"})
        publish(bootstrap, topic, {b"entity/gone": None})
        if end == "down and up":
            starting.stop(home)
            supervisor.wait()
            supervisor = fake_platform.start(home)
        else:
            saved = home.path / "snapshot" / f"{topic}.msgpack"
            wait_until(
                lambda: saved.exists() and b"entity/b" in saved.read_bytes(),
                seconds=10,
                what="the snapshot",
            )
            os.kill(part_of(home, "tansu"), signal.SIGKILL)
            wait_until(
                lambda: "the broker ended" in home.log("supervisor").read_text(),
                seconds=5,
                what="the supervisor's notice",
            )
        wait_until(
            lambda: len(records_of(bootstrap, topic)) == 2, seconds=20, what="the records' return"
        )
        assert records_of(bootstrap, topic) == kept
    finally:
        starting.stop(home)
        supervisor.wait()


def test_a_database_that_dies_is_started_again(home: Home) -> None:
    with fake_platform.running(home):
        address = (home.status() or {})["database"]
        os.kill(part_of(home, "postgres"), signal.SIGKILL)

        def answers() -> bool:
            try:
                psycopg.connect(address).close()
            except psycopg.OperationalError:
                return False
            return "PostgreSQL ended" in home.log("supervisor").read_text()

        wait_until(answers, seconds=10, what="the database")


def test_a_kafka_from_which_another_platform_counts_is_refused(
    home: Home, embedded_kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    if not embedded_kafka.running:
        embedded_kafka.start()
    topic = f"{topic_prefix}any"
    publish(embedded_kafka.bootstrap, topic, {b"key": b"value"})
    other = Consumer(
        {
            "bootstrap.servers": embedded_kafka.bootstrap,
            "group.id": "kokemus.metrics",
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 1_000,
        }
    )
    other.subscribe([topic])
    try:
        wait_until(
            lambda: other.poll(0.1) is None and bool(other.assignment()),
            seconds=30,
            what="the other platform's consumer",
        )
        with pytest.raises(PartFailedError, match="Another Kokemus counts"):
            fake_platform.start(home, embedded_kafka.bootstrap)
    finally:
        other.close()
    with fake_platform.running(home, embedded_kafka.bootstrap):
        assert (home.status() or {})["kafka"] == embedded_kafka.bootstrap
