"""The process that runs a platform: starts its parts in order, keeps them up, and ends them."""

import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx
from confluent_kafka import KafkaException
from kafka.errors import KafkaError

from kokemus_platform import database, people, services, topics
from kokemus_platform.home import Home, Progress, Wish
from kokemus_platform.kafka import ApacheKafka, Broker, EmbeddedKafka, answers, is_read_by
from kokemus_platform.postgres import Postgres
from kokemus_platform.processes import PartFailedError, Process
from kokemus_platform.services import TOPIC_PREFIX, Service
from kokemus_platform.snapshot import CompactedSnapshot, compacted

START_SECONDS: Final = 180
"""For all services together: on two cores they start at once."""
MIGRATION_SECONDS: Final = 120
DEATHS_AT_START: Final = 3
"""A service that ends so often before it was ever ready will not start at all."""
TICK: Final = 0.25
SNAPSHOT_SECONDS: Final = 3.0
RESTART_SECONDS: Final = 1.0
"""The least time between two starts of a service: it is up again within two seconds, no spin."""
LOG_BYTES: Final = 10 * 1024 * 1024
"""A log that has grown so large becomes the one before; so twice this is kept."""
UNSETTLED: Final = (PartFailedError, KafkaError, KafkaException, OSError)
"""What a part may raise that is about to come back, or about to go."""


class _Stopping(Exception):  # noqa: N818 - a wish, not an error
    """Somebody asked the supervisor to end."""


class _Interval:
    """Tells when so many seconds have passed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def over(self) -> bool:
        """Whether they have; then the next interval begins."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


@dataclass
class _Running:
    """A process that shall always run, and how it fares."""

    name: str
    process: Process
    health: str | None
    """Where it says whether it is ready; None: nobody asks."""
    started: float = 0.0
    deaths: int = 0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process.start()

    def is_ready(self, client: httpx.Client) -> bool:
        if not self.process.running or self.health is None:
            return self.process.running
        try:
            return client.get(self.health).is_success
        except httpx.HTTPError:
            return False


class Supervisor:
    """Runs one platform until it is told to stop. Use `run` once."""

    def __init__(
        self,
        home: Home,
        wish: Wish,
        wanted: Sequence[Service],
        steps: Sequence[str],
    ) -> None:
        self._home = home
        self._steps = steps
        self._wish = wish
        self._wanted = wanted
        self._progress = Progress(total=len(wanted) + len(steps) + 3)
        self._postgres: Postgres | None = None
        self._broker: Broker | None = None
        self._snapshot: CompactedSnapshot | None = None
        self._services: list[_Running] = []
        self._databases: Mapping[str, str] = {}
        self._bootstrap = ""
        self._stopping = False
        self._snapshots = _Interval(SNAPSHOT_SECONDS)
        self._log_looks = _Interval(10)

    def run(self) -> int:
        """Start everything, keep it up, end everything; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked)
        with self._home.held():
            try:
                self._home.write_progress(self._progress)
                self._start()
                while True:
                    self._watch()
            except _Stopping:
                return 0
            except PartFailedError as error:
                return self._failed(str(error))
            except Exception:  # noqa: BLE001 - it ends here, with everything it started
                return self._failed(traceback.format_exc())
            finally:
                self._stop()

    def _asked(self, _number: int, _frame: object) -> None:
        """Note the wish only: an exception here could tear records from the snapshot's hands."""
        self._stopping = True

    def _stop_if_asked(self) -> None:
        if self._stopping:
            raise _Stopping

    def _start(self) -> None:
        os.environ["KOKEMUS_HOME"] = str(self._home.path)
        (self._home.path / "status.json").unlink(missing_ok=True)
        self._home.forget_taken_ports()
        people.prepare(self._home)
        self._step("the database", self._start_database)
        self._step("Kafka", self._start_kafka)
        self._step("the database's tables", self._migrate)
        self._start_services()
        self._home.write("status.json", json.dumps(self._status(), indent=2))
        for step in self._steps:
            self._step(f"the {step} data", partial(self._load, step))
        if self._wish.demo:
            self._trickle()
        self._progress.ready = True
        self._home.write_progress(self._progress)

    def _step(self, name: str, action: Callable[[], None]) -> None:
        self._progress.waiting = [name]
        self._home.write_progress(self._progress)
        self._stop_if_asked()
        started = time.monotonic()
        action()
        _say(f"{name}: {time.monotonic() - started:.1f} s")
        self._progress.waiting = []
        self._progress.done.append(name)
        self._home.write_progress(self._progress)

    def _start_database(self) -> None:
        url = self._wish.database
        if url == "embedded":
            self._postgres = Postgres(self._home.path / "postgres", self._home.port("postgres"))
            self._postgres.start()
            self._postgres.ensure_database(database.NAME)
            url = self._postgres.url(database.NAME)
        schemas = dict.fromkeys(one.schema for one in self._wanted if one.schema)
        self._databases = database.prepare(url, schemas, self._home)

    def _start_kafka(self) -> None:
        folder, port = self._home.path / "kafka", self._home.port
        match self._wish.kafka:
            case "embedded":
                self._broker = EmbeddedKafka(folder / "embedded", port("kafka"))
            case "apache":
                self._broker = ApacheKafka(
                    folder / "apache", port("kafka"), port("kafka-controller")
                )
            case given:
                if not answers(given):
                    raise PartFailedError(f"No Kafka answers at {given}.")
                self._refuse_a_shared_kafka(given)
                self._bootstrap = given
                self._apply_topics(None)
                return
        self._bootstrap = self._broker.bootstrap
        self._broker.start()
        if not self._broker.durable:
            self._snapshot = CompactedSnapshot(
                self._bootstrap, compacted(TOPIC_PREFIX), self._home.path / "snapshot"
            )
        self._fill_broker()

    @staticmethod
    def _refuse_a_shared_kafka(given: str) -> None:
        """Two platforms on the same topics would each count a part of them.

        Consumers of an own platform that was killed are members for a session timeout more.
        """
        group = f"{TOPIC_PREFIX}metrics"
        deadline = time.monotonic() + 10
        while is_read_by(given, group):
            if time.monotonic() > deadline:
                raise PartFailedError(
                    f"Another Kokemus counts from the topics at {given}."
                    " End it, or give each platform a Kafka of its own."
                )
            time.sleep(0.5)

    def _fill_broker(self) -> None:
        """Give a broker that has just started its topics, and what it has forgotten."""
        self._apply_topics(1)
        if self._snapshot is not None:
            self._snapshot.restore()

    def _apply_topics(self, brokers: int | None) -> None:
        try:
            for change in topics.apply(self._bootstrap, TOPIC_PREFIX, brokers):
                if change.refusal:
                    _say(f"topic {change.topic} stays as it is: {change.refusal}")
        except (KafkaError, topics.Incomplete) as error:
            raise PartFailedError(f"The topics cannot be made: {error}") from error

    def _migrate(self) -> None:
        migrated = {service.schema: service for service in self._wanted if service.schema}
        migrations = {
            service.module: self._process(service, "migrate", f"{service.module}-migrate")
            for service in migrated.values()
        }
        for migration in migrations.values():
            migration.start()
        for module, migration in migrations.items():
            migration.wait(MIGRATION_SECONDS)
            if migration.exit_code != 0:
                raise PartFailedError(
                    f"The migration of {module} failed.\n{migration.last_lines()}\n"
                    f"The whole log: {migration.log}"
                )

    def _process(self, service: Service, command: str, log: str | None = None) -> Process:
        variables = services.environment(self._home, service, self._bootstrap, self._databases)
        return Process(
            [sys.executable, "-m", f"{service.module}.main", command],
            log=self._home.log(log or service.name),
            environment={**variables, "KOKEMUS_KAFKA_DURABLE": str(self._durable).lower()},
            folder=self._home.path,
        )

    @property
    def _durable(self) -> bool:
        """Whether the broker keeps events over a restart; one that was there already does."""
        return self._broker is None or self._broker.durable

    def _start_services(self) -> None:
        for service in self._wanted:
            process = self._process(service, service.command)
            health = f"{services.address(self._home, service.name)}/health/ready"
            self._services.append(_Running(service.name, process, health))
        for running in self._services:
            running.start()
        deadline = time.monotonic() + START_SECONDS
        waiting = list(self._services)
        with httpx.Client(timeout=2) as client:
            while waiting:
                self._progress.waiting = [running.name for running in waiting]
                self._home.write_progress(self._progress)
                if time.monotonic() > deadline:
                    raise _not_ready(waiting[0], f"is not ready after {START_SECONDS} seconds")
                self._watch()
                for running in list(waiting):
                    if running.deaths >= DEATHS_AT_START:
                        raise _not_ready(running, "ends again and again")
                    if running.is_ready(client):
                        waiting.remove(running)
                        _say(f"{running.name}: {time.monotonic() - running.started:.1f} s")
                        self._progress.done.append(running.name)

    def _load(self, step: str) -> None:
        """Run a step of `loading` once for these parts, with all of them under watch meanwhile."""
        into = f"{self._wish.kafka} {self._wish.database}"
        if self._home.mark(step) == into:
            return
        reporting = next(service for service in self._wanted if service.name == "reporting")
        process = Process(
            [sys.executable, "-m", "kokemus_platform.loading", step],
            log=self._home.log(f"load-{step}"),
            environment=services.environment(
                self._home, reporting, self._bootstrap, self._databases
            ),
        )
        process.start()
        while process.running:
            self._watch()
        if process.exit_code != 0:
            raise PartFailedError(
                f"Loading the {step} data failed.\n{process.last_lines()}\n"
                f"The whole log: {process.log}"
            )
        self._save_snapshot()  # what is marked as loaded is never lost
        self._home.set_mark(step, into)

    def _trickle(self) -> None:
        """Keep the demo's presses and voices coming."""
        command = [sys.executable, "-m", "kokemus_platform.demo", "trickle"]
        command += ["--url", services.address(self._home, "ingest-kiosk")]
        command += ["--feedback-url", services.address(self._home, "ingest-feedback")]
        command += ["--key-file", str(self._home.secrets / "platform-key")]
        process = Process(command, log=self._home.log("demo-trickle"))
        running = _Running("demo-trickle", process, None)
        running.start()
        self._services.append(running)

    def _watch(self) -> None:
        """Look once at every part, bring back what has died, and let a moment pass."""
        self._stop_if_asked()
        self._keep_database()
        self._keep_broker()
        for running in self._services:
            rested = time.monotonic() - running.started >= RESTART_SECONDS
            if not running.process.running and rested:
                running.deaths += 1
                _say(f"{running.name} ended with {running.process.exit_code}: started")
                running.start()
        self._keep_snapshot()
        self._bound_logs()

    def _keep_database(self) -> None:
        if self._postgres is not None and not self._postgres.running:
            _say("PostgreSQL ended: started again")
            _try(self._postgres.start)

    def _keep_broker(self) -> None:
        """Start a dead broker; the services stand still until it has everything back."""
        if self._broker is None or self._broker.running:
            return
        _say("the broker ended: started again")
        if self._broker.durable:
            _try(self._broker.start)
            return
        for running in self._services:
            running.process.signal(signal.SIGSTOP)
        try:
            self._broker.start()
            self._fill_broker()
        except UNSETTLED as error:
            _say(str(error))
            self._broker.kill()  # half-filled it must not serve: the next look begins anew
        finally:
            for running in self._services:
                running.process.signal(signal.SIGCONT)

    def _keep_snapshot(self) -> None:
        if self._snapshot is None:
            time.sleep(TICK)
            return
        self._snapshot.follow(TICK)
        if self._snapshots.over():
            self._snapshot.save()

    def _save_snapshot(self) -> None:
        """Keep everything that the compacted topics hold now."""
        if self._snapshot is not None:
            if self._broker is not None and self._broker.running:
                self._snapshot.drain(10)
            self._snapshot.save()

    def _bound_logs(self) -> None:
        if not self._log_looks.over():
            return
        for log in (*self._home.logs.glob("*.log"), *self._home.path.glob("*/**/broker.log")):
            if log.stat().st_size > LOG_BYTES:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)  # its writers append, so they go on at the new end

    def _status(self) -> dict[str, Any]:
        url = self._wish.database
        if self._postgres is not None:
            url = self._postgres.url(database.NAME)
        return {
            "services": {
                service.name: services.address(self._home, service.name)
                for service in self._wanted
                if service.has_address
            },
            "kafka": self._bootstrap,
            "database": database.plain(url),
            "key": (self._home.secrets / "platform-key").read_text(),
            **{user: people.sign_in(self._home, user) for user in people.PEOPLE},
            "durable": self._durable,
        }

    def _failed(self, why: str) -> int:
        _say(why)
        self._progress.failed = why
        self._home.write_progress(self._progress)
        return 1

    def _stop(self) -> None:
        """End everything in the opposite order; services that hear no signal are killed."""
        (self._home.path / "status.json").unlink(missing_ok=True)
        for running in self._services:
            running.process.signal(signal.SIGTERM)
        asked = time.monotonic()
        for running in self._services:
            running.process.stop(10)
            _say(f"{running.name} ended after {time.monotonic() - asked:.1f} s")
        _try(self._save_snapshot)
        if self._broker is not None:
            self._broker.stop()
        if self._postgres is not None:
            self._postgres.stop()


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n")


def _try(action: Callable[[], object]) -> None:
    """Do what may fail and is tried again at the next look."""
    try:
        action()
    except UNSETTLED as error:
        _say(str(error))


def _not_ready(running: _Running, why: str) -> PartFailedError:
    return PartFailedError(
        f"{running.name} {why}. Its last lines:\n{running.process.last_lines()}\n"
        f"The whole log: {running.process.log}"
    )


def main() -> int:
    """Run the platform of this environment's folder, as wished for in it."""
    home = Home.of_environment()
    wish = home.wish()
    steps = ("reference", "demo") if wish.demo else ("reference",)
    return Supervisor(home, wish, services.wanted(os.environ), steps).run()


if __name__ == "__main__":
    sys.exit(main())
