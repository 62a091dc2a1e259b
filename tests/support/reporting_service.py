"""The reporting service as a process, with a database, a broker and figures of a test's own."""

import asyncio
import base64
import hashlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from kokemus.contracts.events import ReleasePublished
from kokemus.publishing import Publisher
from kokemus.settings import ServiceSettings
from kokemus.telemetry import Meters
from kokemus_platform import topics
from kokemus_platform.kafka import Broker, EmbeddedKafka
from kokemus_platform.postgres import Postgres
from kokemus_platform.processes import wait_until
from support.fake_metrics_api import KEY, FakeMetricsApi

PASSWORDS = {
    "sanna": "salasana-viisi",
    "heikki": "salasana-kuusi",
    "kaisa": "salasana-seitsemän",
    "ilona": "salasana-kahdeksan",
    "reeta": "salasana-yksi",
    "aino": "salasana-kaksi",
    "eero": "salasana-kolme",
    "ville": "salasana-neljä",
    "kerttu": "salasana-yhdeksän",
}
ROLES = {
    "sanna": ["reader", "division_contact"],
    "heikki": ["reader", "approver"],
    "kaisa": ["reader", "division_contact"],
    "ilona": ["reader", "administrator"],
    "reeta": ["reader"],
    "aino": ["reader", "approver"],
    "eero": ["reader", "approver"],
    "ville": ["reader"],
    "kerttu": ["unit_manager"],
}
"""Readers, approvers, two divisions' contacts with the head of one of them, an administrator, and
a unit's manager."""
ENTITIES = {"sanna": ["sote"], "heikki": ["sote"], "kaisa": ["kuva"], "kerttu": ["kallio"]}
"""The divisions in which somebody's roles hold; of everybody else, the whole city."""
NO_FEEDBACK = ("http://127.0.0.1:1", "nobody")
"""An ingest-feedback that is away."""


@dataclass(frozen=True)
class Reporting:
    """A running service."""

    url: str
    environment: dict[str, str]
    metrics: FakeMetricsApi
    pid: int

    def run(self, *arguments: str) -> str:
        """The output of a command of the service; fails unless it ends with 0."""
        return command(self.environment, *arguments)

    def publish(
        self, first: str = "2016-01-01", last: str = "2026-10-31", *, why: tuple[str, ...] = ()
    ) -> str:
        """Publishes a release of these days and waits until readers see it.

        Args:
            first: the first day.
            last: the last one.
            why: what is corrected in Finnish, Swedish and English, if the period was published.
        """
        span = ("--from", first, "--to", last, *(("--why", *why) if why else ()))
        id_ = self.run("release", "draft", "--by", "system:setup", *span)
        self.run("release", "approve", id_, "--by", "system:local")
        self.run("release", "publish", id_, "--by", "system:local")
        self.await_release(id_)
        return id_

    def await_release(self, id_: str) -> None:
        """Returns once the public pages are those of this release."""
        wait_until(
            lambda: id_ in httpx.get(f"{self.url}/fi/").text, seconds=10, what=f"release {id_}"
        )


def command(environment: dict[str, str], *arguments: str) -> str:
    """The output of a command of reporting."""
    done = ended(environment, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def prepared(
    folder: Path,
    database_url: str,
    kafka: Broker,
    prefix: str,
    metrics: FakeMetricsApi,
    *,
    feedback: tuple[str, str] = NO_FEEDBACK,
) -> dict[str, str]:
    """The environment of a service: its files made, its topics applied, its schema migrated.

    `feedback` is the address of ingest-feedback and a key of it.
    """
    people = [
        {
            "user": user,
            "password_hash": scrypt(word),
            "roles": ROLES[user],
            "display": user.title(),
            "entities": ENTITIES.get(user),
        }
        for user, word in PASSWORDS.items()
    ]
    (folder / "people.json").write_text(json.dumps(people))
    (folder / "session-key").write_text(secrets.token_hex(32))
    (folder / "reader-key").write_text(KEY + "\n")
    (folder / "feedback-key").write_text(feedback[1])
    port, metrics_port = _free_ports()
    environment = {
        **os.environ,
        "KOKEMUS_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "KOKEMUS_TOPIC_PREFIX": prefix,
        "KOKEMUS_HTTP_PORT": str(port),
        "KOKEMUS_METRICS_PORT": str(metrics_port),
        "KOKEMUS_DATABASE_URL": database_url.replace("postgresql://", "postgresql+psycopg://"),
        "KOKEMUS_METRICS_URL": metrics.url,
        "KOKEMUS_METRICS_KEY_FILE": str(folder / "reader-key"),
        "KOKEMUS_FEEDBACK_URL": feedback[0],
        "KOKEMUS_FEEDBACK_KEY_FILE": str(folder / "feedback-key"),
        "KOKEMUS_PEOPLE_FILE": str(folder / "people.json"),
        "KOKEMUS_SESSION_KEY_FILE": str(folder / "session-key"),
        "KOKEMUS_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
    }
    topics.apply(kafka.bootstrap, prefix)
    command(environment, "migrate")
    return environment


@contextmanager
def running(
    environment: dict[str, str], metrics: FakeMetricsApi, log: Path, exit_code: int = 0
) -> Iterator[Reporting]:
    """The service as a process, ready, for the length of a block; it ends with this exit code."""
    url = environment["KOKEMUS_PUBLIC_BASE_URL"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "reporting.main", "serve"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: _ready(url, process), seconds=90, what="reporting to be ready")
            yield Reporting(url, environment, metrics, process.pid)
        finally:
            process.terminate()
            assert process.wait(10) == exit_code, log.read_text()


@contextmanager
def working(environment: dict[str, str], log: Path, exit_code: int = 0) -> Iterator[int]:
    """The worker as a process, ready, for the length of a block; gives its process id."""
    port, metrics_port = _free_ports()
    own = {"KOKEMUS_HTTP_PORT": str(port), "KOKEMUS_METRICS_PORT": str(metrics_port)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "reporting.main", "work"],
            env=environment | own,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: _ready(url, process), seconds=90, what="the worker to be ready")
            yield process.pid
        finally:
            process.terminate()
            assert process.wait(10) == exit_code, log.read_text()


@contextmanager
def published(
    folder: Path,
    postgres: Postgres,
    kafka: EmbeddedKafka,
    metrics: FakeMetricsApi,
    more: Mapping[str, str] | None = None,
) -> Iterator[Reporting]:
    """A running service with one release of everything and these settings besides."""
    for part in (postgres, kafka):
        if not part.running:
            part.start()
    database = postgres.create_database(f"reporting_{secrets.token_hex(4)}")
    prefix = f"t{secrets.token_hex(5)}."
    environment = prepared(folder, database, kafka, prefix, metrics)
    environment |= more or {}
    with running(environment, metrics, folder / "log") as service:
        service.publish()
        yield service


def scrypt(password: str) -> str:
    """A password as a people file keeps it, made independently of the service and cheaper."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1, dklen=32)
    return "$".join(
        ["scrypt", "1024", "8", "1"] + [base64.b64encode(one).decode() for one in (salt, digest)]
    )


def enter(client: httpx.Client, user: str, password: str) -> str:
    """Signs somebody in over HTTP; returns the token of their forms."""
    form = {"user": user, "password": password, "next": "/desk"}
    client.post("/desk/sign-in", data={**form, "token": form_token(client, "/desk/sign-in")})
    return form_token(client, "/desk")


def form_token(client: httpx.Client, path: str) -> str:
    """The token that the forms of a page send."""
    match = re.search(r'name="token" value="([^"]+)"', client.get(path).text)
    assert match is not None, path
    return match[1]


def _ready(url: str, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "reporting has ended"
    try:
        return httpx.get(f"{url}/health/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def ended(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command of reporting that is expected to end by itself, however."""
    return subprocess.run(
        [sys.executable, "-m", "reporting.main", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def attempts(seconds: float) -> AsyncIterator[None]:
    """Comes round every moment until the time is over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        yield
        await asyncio.sleep(0.05)


async def announce(environment: dict[str, str], event: ReleasePublished, state: Any) -> None:
    """Puts another state of a release on the topic, as an earlier life of the service had."""
    settings = ServiceSettings(
        kafka_bootstrap=environment["KOKEMUS_KAFKA_BOOTSTRAP"],
        topic_prefix=environment["KOKEMUS_TOPIC_PREFIX"],
    )
    later = msgspec.structs.replace(
        event,
        id=f"{event.subject}.{state}",
        time=event.time + timedelta(seconds=1),
        data=msgspec.structs.replace(event.data, state=state),
    )
    async with Publisher(settings, Meters()) as publisher:
        await publisher.publish([later])
