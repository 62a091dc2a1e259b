import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from kokemus_platform.kafka import ApacheKafka, Broker, EmbeddedKafka
from kokemus_platform.postgres import Postgres
from kokemus_platform.processes import wait_until


def carrying(mark: str) -> list[int]:
    """The processes that have this KOKEMUS_HOME."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = environment.read_bytes().split(b"\0")
        except OSError:
            continue
        if f"KOKEMUS_HOME={mark}".encode() in variables:
            found.append(int(environment.parent.name))
    return found


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_committed_rows_survive_the_end_of_the_database(
    postgres: Postgres, database_url: str, end: str
) -> None:
    address = database_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    port = postgres.port
    getattr(postgres, end)()
    assert not postgres.running
    postgres.start()
    assert postgres.port == port
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_nobody_else_on_the_machine_reads_what_a_broker_keeps(kafka: Broker) -> None:
    assert isinstance(kafka, EmbeddedKafka | ApacheKafka)
    assert kafka.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_topics_survive_the_end_of_a_durable_broker_only(
    kafka: Broker, topic_prefix: str, end: str
) -> None:
    topic = f"{topic_prefix}kept"
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.create_topics([NewTopic(topic, 1, 1)])
        admin.wait_for_topics([topic])
    address = kafka.bootstrap
    getattr(kafka, end)()
    assert not kafka.running
    kafka.start()
    assert kafka.bootstrap == address
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        assert (topic in admin.list_topics()) == kafka.durable


@pytest.mark.parametrize(
    ("module", "part"),
    [("postgres", "Postgres"), ("kafka", "EmbeddedKafka"), ("kafka", "ApacheKafka")],
)
def test_no_process_outlives_a_killed_parent(module: str, part: str, tmp_path: Path) -> None:
    program = (
        "import sys, threading, pathlib\n"
        f"from kokemus_platform.{module} import {part}\n"
        f"part = {part}(pathlib.Path(sys.argv[1]))\n"
        "starter = threading.Thread(target=part.start)\n"  # a thread's end is not the parent's
        "starter.start(); starter.join()\n"
        "assert part.running\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    mark = str(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "part")],
        env={**os.environ, "KOKEMUS_HOME": mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        assert len(carrying(mark)) > 1
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not carrying(mark), seconds=10, what="the end of every process")
