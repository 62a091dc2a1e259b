"""The Open311 poller as a process on a real broker: killed, restarted, refused, stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.processes import wait_until
from support.georeport_server import GeoReportServer
from support.ingest_service import IngestService, records

pytestmark = pytest.mark.timeout(120)

KEY = "right-key-of-the-server"


@pytest.fixture
def server() -> Iterator[GeoReportServer]:
    with GeoReportServer().running() as server:
        server.key = KEY
        yield server


@pytest.fixture
def poller(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, server: GeoReportServer, tmp_path: Path
) -> Iterator[IngestService]:
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    key = tmp_path / "key"
    key.write_text(KEY)
    service = IngestService(
        "ingest_feedback", tmp_path, embedded_kafka.bootstrap, topic_prefix, "poll"
    )
    service.environment |= {
        "KOKEMUS_OPEN311_URL": server.url,
        "KOKEMUS_OPEN311_KEY_FILE": str(key),
        "KOKEMUS_OPEN311_SOURCE": "palaute",
        "KOKEMUS_OPEN311_INTERVAL": "PT1S",
        "KOKEMUS_OPEN311_RATE": "100",
    }
    yield service
    if service.process is not None:
        service.process.kill()
        service.process.wait()


@pytest.fixture
def sent(embedded_kafka: EmbeddedKafka, topic_prefix: str) -> Any:
    def read(topic: str, count: int) -> list[dict[str, Any]]:
        found = records(embedded_kafka.bootstrap, f"{topic_prefix}{topic}", count)
        return [json.loads(one.value()) for one in found]

    return read


def launched(poller: IngestService, **environment: str) -> subprocess.Popen[bytes]:
    """The process, not waited for."""
    with poller.log.open("ab") as log:
        poller.process = subprocess.Popen(
            [sys.executable, "-m", "ingest_feedback.main", "poll"],
            env={**poller.environment, **environment},
            stdout=log,
            stderr=log,
        )
    return poller.process


def test_a_poller_killed_again_and_again_sends_every_request(
    poller: IngestService, server: GeoReportServer, sent: Any
) -> None:
    now = datetime.now(UTC)
    for n in range(600):
        server.request(now - timedelta(hours=3 * n))
    deaths = [2, 9, 4]
    asked = 0

    def die(_name: str, _query: dict[str, str]) -> None:
        nonlocal asked
        asked += 1
        if deaths and asked == deaths[0] and poller.process is not None:
            deaths.pop(0)
            asked = 0
            os.kill(poller.process.pid, signal.SIGKILL)

    server.before = die
    while deaths:
        assert launched(poller).wait(30) == -signal.SIGKILL
    poller.start()
    expected = {f"open311/r{n:05}" for n in range(600)}
    found: list[dict[str, Any]] = []

    def all_there() -> bool:
        found[:] = sent("feedback.v1", max(600, len(found)))
        return {event["id"] for event in found} == expected

    wait_until(all_there, seconds=40, what="every request")
    assert len(found) > 600, "no death came between a confirmation and the next place"
    assert poller.stop() == 0
    by_id: dict[str, Any] = {}
    for event in found:
        assert by_id.setdefault(event["id"], event) == event


def test_a_wrong_key_is_told_and_logged_without_the_key_and_a_right_one_is_taken(
    poller: IngestService, server: GeoReportServer, sent: Any
) -> None:
    server.request(datetime.now(UTC))
    server.key = "another-key"
    poller.start()
    (refused, *_) = sent("sources.v1", 1)
    assert refused["data"]["error"] == "token_refused: services.json: answered 403"
    assert poller.metric("kokemus_source_up", '{source="palaute"}') == 0
    assert poller.is_ready()
    server.key = KEY
    assert sent("feedback.v1", 1)[0]["subject"] == "unplaced.palaute.171"
    assert "source_not_read" in poller.log.read_text()
    assert KEY not in poller.log.read_text()


def test_a_table_with_a_mistake_ends_the_process_naming_its_line(
    poller: IngestService, tmp_path: Path
) -> None:
    table = tmp_path / "places.csv"
    table.write_text("id,entity\nservice/171,Testinen Esimerkki\n")
    assert launched(poller, KOKEMUS_OPEN311_PLACES_FILE=str(table)).wait(30) == 1
    assert "settings: places, line 2" in poller.log.read_text()
    assert "Testinen" not in poller.log.read_text()
