"""Child processes that never outlive their parent, and what waiting for them needs."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from kokemus_platform import guard

Identity = Literal["same", "nobody", "namespace"]

PORTS = range(20_000, 32_000)
"""Below the kernel's ephemeral ports: no outgoing connection takes the port of a stopped part."""


class PartFailedError(Exception):
    """A part of the platform did not start, or stopped; the message says what to do."""


@cache
def _spawner() -> ThreadPoolExecutor:
    """The one thread that starts processes.

    The kernel ties a child to the thread that made it, not to the process: a child made in a
    short-lived worker thread would die with that thread.
    """
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def port_is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port of the loopback interface that nobody listens on just now."""
    for port in random.sample(PORTS, 200):
        if port_is_free(port):
            return port
    raise PartFailedError("No free port on 127.0.0.1 between 20000 and 32000.")


def wait_until(
    ready: Callable[[], bool], *, seconds: float, what: str, process: "Process | None" = None
) -> None:
    """Return once `ready` is true.

    Raises:
        PartFailedError: the process ended meanwhile, or the time is over.
    """
    deadline = time.monotonic() + seconds
    pause = 0.02
    while not ready():
        if process is not None and not process.running:
            raise PartFailedError(f"{what} ended at its start.\n{process.last_lines()}")
        if time.monotonic() > deadline:
            tail = "" if process is None else f"\n{process.last_lines()}"
            raise PartFailedError(f"{what} was not ready after {seconds:.0f} seconds.{tail}")
        time.sleep(pause)
        pause = min(0.25, pause * 1.5)


def last_lines(log: Path, count: int = 20) -> str:
    """The end of a log file; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


def guarded(command: Sequence[str], identity: Identity, orphan_signal: int) -> list[str]:
    """The command line that runs `command` under the guard; orphan signal 0: none is sent."""
    return [
        sys.executable,
        "-I",
        "-S",
        guard.__file__,
        str(os.getpid()),
        str(int(orphan_signal)),
        identity,
        *command,
    ]


class Process:
    """One child process: it ends with its parent, and can be started again.

    `environment` replaces the parent's. Output goes to the end of `log`. Thread-safe as far as one
    thread at a time starts or stops it.
    """

    def __init__(  # noqa: PLR0913 - what a child process has
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        identity: Identity = "same",
        stop_signal: signal.Signals = signal.SIGTERM,
        orphan_signal: int = signal.SIGKILL,
    ) -> None:
        self.command = list(command)
        self.log = log
        self._environment = environment
        self._folder = folder
        self._identity: Identity = identity
        self._stop_signal = stop_signal
        self._orphan_signal = orphan_signal
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command in a session of its own, so that Ctrl-C reaches only the parent."""
        command = guarded(self.command, self._identity, self._orphan_signal)
        self.log.parent.mkdir(parents=True, exist_ok=True)

        def spawn() -> subprocess.Popen[bytes]:
            with self.log.open("ab") as log:
                return subprocess.Popen(  # noqa: S603 - the commands are our own
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=None if self._environment is None else dict(self._environment),
                    cwd=self._folder,
                    start_new_session=True,
                )

        self._child = _spawner().submit(spawn).result()

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id of the last start."""
        return None if self._child is None else self._child.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended: as in `subprocess`, negative for a signal; None while it runs."""
        return None if self._child is None else self._child.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._child is not None:
            self._child.send_signal(number)

    def wait(self, seconds: float) -> None:
        """Return when it has ended; it is killed if it has not after so many seconds."""
        if self._child is not None:
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end, and insist after so many seconds. Does nothing if it has ended."""
        if self._child is None:
            return
        self._child.send_signal(self._stop_signal)
        self.wait(seconds)

    def kill(self) -> None:
        """End it at once, without a chance to tidy up."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def last_lines(self) -> str:
        """The end of its log."""
        return last_lines(self.log)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock over a file that stays where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
