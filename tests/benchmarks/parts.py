"""What the benchmarks run against: brokers, databases and services of their own."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kokemus import keys
from kokemus.contracts import events
from kokemus_platform.kafka import ApacheKafka
from kokemus_platform.postgres import Postgres
from kokemus_platform.processes import Process, free_port, wait_until
from support.counting import HELSINKI, Counting
from support.ingest_service import IngestService, running

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
UNITS: Final = 400


def progress() -> Progress:
    """A display on the error stream, so that results alone go to the output."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))


@contextmanager
def folder() -> Iterator[Path]:
    """A short-lived folder that the user nobody can enter, since PostgreSQL refuses root."""
    with tempfile.TemporaryDirectory(prefix="kokemus-bench-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def broker(bootstrap: str | None, place: Path) -> Iterator[str]:
    """The broker that was named, else an Apache Kafka of its own."""
    if bootstrap is not None:
        yield bootstrap
        return
    kafka = ApacheKafka(place / "kafka")
    kafka.start()
    try:
        yield kafka.bootstrap
    finally:
        kafka.stop()


@contextmanager
def database(place: Path) -> Iterator[Postgres]:
    """A fresh PostgreSQL."""
    server = Postgres(place / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.wipe()


@dataclass(frozen=True)
class Kokemus:
    """The whole way of a press: an ingest process, a counting one, and one that serves figures."""

    ingest: IngestService
    counting: Counting
    api: Process
    api_url: str
    read_token: str

    def sender(self) -> httpx.AsyncClient:
        """A client of ingest with a key for everything."""
        headers = {"Authorization": f"Bearer {self.ingest.token}"}
        return httpx.AsyncClient(base_url=self.ingest.url, headers=headers, timeout=60)

    def reader(self) -> httpx.AsyncClient:
        """A client of the metrics API."""
        headers = {"Authorization": f"Bearer {self.read_token}"}
        return httpx.AsyncClient(base_url=self.api_url, headers=headers, timeout=60)


@contextmanager
def kokemus(bootstrap: str | None, prefix: str) -> Iterator[Kokemus]:
    """Everything a press passes through, ready."""
    with (
        folder() as place,
        broker(bootstrap, place) as kafka,
        database(place) as server,
        Counting(kafka, prefix, server.create_database("metrics"), place) as counting,
        running("ingest_kiosk", place, kafka, prefix) as ingest,
    ):
        token, reader = keys.create("reader", types=[], sources=[], read=True)
        ingest.write_keys(reader)
        counting.start()
        port = free_port()
        api = Process(
            [sys.executable, "-m", "metrics.main", "serve"],
            log=place / "api.log",
            environment={
                **ingest.environment,
                "KOKEMUS_DATABASE_URL": counting.database_url,
                "KOKEMUS_HTTP_PORT": str(port),
                "KOKEMUS_METRICS_PORT": str(free_port()),
            },
        )
        api.start()
        try:
            for url in (f"http://127.0.0.1:{port}", counting.addresses[0]):
                wait_until(lambda url=url: is_ready(url), seconds=60, what=url)  # type: ignore[misc]  # a default binds the loop's value
            yield Kokemus(ingest, counting, api, f"http://127.0.0.1:{port}", token)
        finally:
            api.stop()


def is_ready(url: str) -> bool:
    """What a service says of itself; False also where nothing answers."""
    try:
        return httpx.get(f"{url}/health/ready").is_success
    except httpx.TransportError:
        return False


def presses(rate: float, seconds: float, start: datetime) -> Iterator[tuple[float, events.Event]]:
    """Presses on 400 units at an even pace, each with its moment in seconds after the start."""
    for number in range(round(rate * seconds)):
        unit = number * 7919 % UNITS
        moment = number / rate
        yield (
            moment,
            events.KioskPressed(
                specversion="1.0",
                id=f"{start:%Y%m%d%H%M%S%f}-{number}",
                source="benchmark",
                subject=f"terveysasema-{unit}",
                time=(start + timedelta(seconds=moment)).astimezone(HELSINKI),
                data=events.Press(
                    device_id=f"kiosk-{unit}",
                    scale="smiley4",
                    value=number % 4,
                    question_id="miten-asiointi-sujui",
                    channel="kiosk",
                ),
            ),
        )


def processor_seconds(pid: int) -> float:
    """User and system time that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def memory(pid: int, what: str = "VmRSS") -> float:
    """Megabytes of a process: VmRSS now, VmHWM at the most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) / 1024


def load_average() -> str:
    """How busy the machine is, said beside each result."""
    return ", ".join(f"{one:.1f}" for one in os.getloadavg())
