"""Presses over HTTP count once while the services and the broker are killed under load."""

import os
import random
import signal
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest

from kokemus.contracts import events, wire
from kokemus_platform.kafka import ApacheKafka, Broker
from support.counting import Counting, busy_days, wait_until
from support.ingest_service import BATCH, IngestService

pytestmark = pytest.mark.timeout(400)

EVENTS = 60_000 if os.environ.get("KOKEMUS_TEST_FULL") == "1" else 6_000
KILLS = 10 if os.environ.get("KOKEMUS_TEST_FULL") == "1" else 3


@pytest.fixture
def counting(
    kafka: Broker, topic_prefix: str, database_url: str, tmp_path: Path
) -> Iterator[Counting]:
    with Counting(kafka.bootstrap, topic_prefix, database_url, tmp_path) as ready:
        yield ready


@pytest.fixture
def ingest(counting: Counting, tmp_path: Path) -> Iterator[IngestService]:
    service = IngestService("ingest_kiosk", tmp_path, counting.bootstrap, counting.prefix)
    service.start()
    yield service
    service.stop()


def send_like_a_source(ingest: IngestService, sent: Sequence[events.Event]) -> None:
    """As the contract tells a source: what was not answered with 202 is sent again, all of it."""
    for start in range(0, len(sent), 100):
        body = b"[" + b",".join(wire.encode(event) for event in sent[start : start + 100]) + b"]"
        wait_until(partial(accepted, ingest, body), 90)


def accepted(ingest: IngestService, body: bytes) -> bool:
    try:
        answer = ingest.post(body, BATCH)
    except httpx.TransportError:
        return False
    assert answer.status_code in {202, 503}, answer.text
    assert answer.status_code == 202 or "Retry-After" in answer.headers
    return answer.status_code == 202


def reached(counting: Counting, records: float) -> bool:
    return sum(counting.progress()) > records


def kill(ingest: IngestService) -> None:
    assert ingest.process is not None
    ingest.process.send_signal(signal.SIGKILL)
    ingest.process.wait()
    ingest.start()


def test_killed_services_lose_and_double_no_press(
    counting: Counting, ingest: IngestService
) -> None:
    sent = busy_days(EVENTS, seed=31)
    chance = random.Random(32)
    counting.start()
    sender = threading.Thread(target=send_like_a_source, args=(ingest, sent))
    sender.start()
    for number in range(KILLS):
        goal = len(sent) * (number + chance.random()) / KILLS * 0.9
        wait_until(partial(reached, counting, goal), 90, counting.logs)
        kill(ingest)
        counting.kill()
        counting.start()
    sender.join()
    wait_until(
        lambda: counting.progress()[0] >= len(sent),
        60,
        lambda: f"{counting.progress()} of {len(sent)}\n{counting.logs()}",
    )
    counting.assert_exact(sent)


def test_a_killed_broker_loses_and_doubles_no_acknowledged_press(
    apache_kafka: ApacheKafka, topic_prefix: str, database_url: str, tmp_path: Path
) -> None:
    if not apache_kafka.running:
        apache_kafka.start()
    sent = busy_days(EVENTS, seed=33)
    with Counting(apache_kafka.bootstrap, topic_prefix, database_url, tmp_path) as counting:
        ingest = IngestService("ingest_kiosk", tmp_path, counting.bootstrap, topic_prefix)
        ingest.start()
        try:
            counting.start()
            sender = threading.Thread(target=send_like_a_source, args=(ingest, sent))
            sender.start()
            wait_until(lambda: counting.progress()[0] > len(sent) // 3, 90, counting.logs)
            apache_kafka.kill()
            apache_kafka.start()
            sender.join()
            wait_until(lambda: counting.progress()[0] >= len(sent), 90, counting.logs)
            counting.assert_exact(sent)
        finally:
            ingest.stop()
