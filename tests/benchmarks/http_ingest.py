"""How much of a plain producer's rate `POST /v1/events` reaches, side by side in one run.

Rounds alternate: a librdkafka producer alone, with the service's own settings and events that are
encoded beforehand, then the service over HTTP in batches of 100. Both write the same events to the
same topic of the same broker and are timed until the last delivery is confirmed.
"""

import asyncio
import multiprocessing
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import httpx
import msgspec
import uvloop
from confluent_kafka import Producer

from kokemus import keys
from kokemus.contracts import events, wire
from kokemus.publishing import Publisher
from kokemus.settings import ServiceSettings
from kokemus.telemetry import Meters
from kokemus_platform import topics
from kokemus_platform.kafka import ApacheKafka
from kokemus_platform.measuring import Measured, at_least
from kokemus_platform.processes import free_port

BATCH: Final = 100
CONNECTIONS: Final = 64
BODIES: Final = 500
"""Different request bodies, sent over and over: the edge does not look for repeats."""


def run(bootstrap: str | None = None, count: int = 300_000, rounds: int = 5) -> list[Measured]:
    """Measures both rates and their ratio, each the median over the rounds.

    Args:
        bootstrap: of the broker to write to; an Apache Kafka is started without.
        count: events a round.
        rounds: of each kind, alternating.
    """
    with tempfile.TemporaryDirectory() as folder, _broker(bootstrap, Path(folder)) as address:
        settings = ServiceSettings(
            kafka_bootstrap=address, topic_prefix=f"bench{secrets.token_hex(4)}."
        )
        topics.apply(address, settings.topic_prefix)
        token, key = keys.create("bench", types=["*"], sources=["*"])
        keys_file = Path(folder) / "keys.json"
        keys_file.write_bytes(msgspec.json.encode({"keys": [key]}))
        with _service(settings, keys_file) as port:
            plain, over_http = [], []
            for _ in range(rounds):
                plain.append(_in_a_process(_produce, settings, count))
                over_http.append(_in_a_process(_post, port, token, count))
    alone, served = statistics.median(plain), statistics.median(over_http)
    return [
        Measured("librdkafka producer alone", f"{alone:,.0f} events/s"),
        Measured(f"HTTP, {BATCH} events a POST", f"{served:,.0f} events/s"),
        at_least("share of the producer alone", served / alone, 0.5),
    ]


def _presses(count: int) -> Iterator[events.KioskPressed]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        yield events.KioskPressed(
            specversion="1.0",
            id=str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)),
            source="happyornot",
            subject=f"terveysasema-{number % 400}",
            time=start + timedelta(seconds=number % 7_776_000),
            data=events.Press(
                device_id=f"kiosk-{number % 130}",
                scale="smiley4",
                value=number % 4,
                question_id="miten-asiointi-sujui",
                channel="kiosk",
            ),
        )


def _produce(settings: ServiceSettings, count: int) -> float:
    """Events a second of a producer alone, with the settings that the service has."""
    ready = [(wire.encode(press), press.subject) for press in _presses(BODIES * BATCH)]
    producer: Producer = Publisher(settings, Meters())._new()
    topic = f"{settings.topic_prefix}kiosk-presses.v1"
    producer.list_topics(topic)
    delivered = 0

    def report(error: Any, _message: Any) -> None:
        nonlocal delivered
        delivered += error is None

    start = time.perf_counter()
    for number in range(count):
        value, key = ready[number % len(ready)]
        producer.produce(topic, value, key, on_delivery=report)
        if number % BATCH == 0:
            producer.poll(0)
            while len(producer) > 50_000:
                producer.poll(0.001)
    producer.flush()
    taken = time.perf_counter() - start
    if delivered != count:
        raise RuntimeError(f"{count - delivered} events were not confirmed")
    return count / taken


def _post(port: int, token: str, count: int) -> float:
    """Events a second over HTTP, from a client that costs as little as can be."""
    presses = list(_presses(BODIES * BATCH))
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/cloudevents-batch+json\r\nContent-Length: "
    ).encode()
    requests = []
    for start in range(0, len(presses), BATCH):
        body = msgspec.json.encode(presses[start : start + BATCH])
        requests.append(b"%s%d\r\n\r\n%s" % (head, len(body), body))

    turns = iter(range(count // BATCH))

    async def all_connections() -> float:
        loop = asyncio.get_running_loop()
        start = time.perf_counter()
        made = [
            await loop.create_connection(lambda: _Sender(requests, turns), "127.0.0.1", port)
            for _ in range(CONNECTIONS)
        ]
        await asyncio.gather(*(sender.done for _, sender in made))
        return count / (time.perf_counter() - start)

    return uvloop.run(all_connections())


class _Sender(asyncio.Protocol):
    """Sends its next request once the last one is answered by 202, until there are no more turns.

    Next to nothing but system calls: a costly client would take the cores from the service.
    """

    def __init__(self, requests: Sequence[bytes], turns: Iterator[int]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._turns = turns
        self._answer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, ended, body = self._answer.partition(b"\r\n\r\n")
        if not ended or len(body) < int(head.partition(b"content-length: ")[2].split()[0]):
            return
        if not head.startswith(b"HTTP/1.1 202"):
            self._end(RuntimeError(self._answer.decode()))
            return
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("the service closed the connection"))

    def _next(self) -> None:
        assert self._transport is not None
        turn = next(self._turns, None)
        if turn is None:
            self._end(None)
            self._transport.close()
        else:
            self._transport.write(self._requests[turn % len(self._requests)])

    def _end(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


def _in_a_process(work: Any, *arguments: Any) -> float:
    """Each round in a process of its own, so that none inherits another's memory or threads."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        rate: float = pool.apply(work, arguments)
    return rate


@contextmanager
def _broker(bootstrap: str | None, folder: Path) -> Iterator[str]:
    if bootstrap is not None:
        yield bootstrap
        return
    broker = ApacheKafka(folder / "kafka")
    broker.start()
    try:
        yield broker.bootstrap
    finally:
        broker.stop()


@contextmanager
def _service(settings: ServiceSettings, keys_file: Path) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest_kiosk.main", "serve"],
        stdout=subprocess.DEVNULL,
        env={
            **os.environ,
            "KOKEMUS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "KOKEMUS_TOPIC_PREFIX": settings.topic_prefix,
            "KOKEMUS_KEYS_FILE": str(keys_file),
            "KOKEMUS_HTTP_PORT": str(port),
            "KOKEMUS_METRICS_PORT": str(free_port()),
        },
    )
    try:
        _wait_until_ready(port)
        yield port
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError("the service did not become ready")
