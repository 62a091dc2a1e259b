"""A platform whose services only answer for their health; its database and broker are real."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from kokemus_platform import starting
from kokemus_platform.home import Home, Wish
from kokemus_platform.processes import PartFailedError, guarded, wait_until
from kokemus_platform.services import Service
from kokemus_platform.supervisor import Supervisor

TESTS = Path(__file__).resolve().parents[1]
SERVICES = (
    Service("first", "support.fake_service", schema="first"),
    Service("second", "support.fake_service"),
)


def processes_of(home: Path) -> list[int]:
    """The processes that carry this platform's KOKEMUS_HOME."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = environment.read_bytes().split(b"\0")
        except OSError:
            continue
        if f"KOKEMUS_HOME={home}".encode() in variables:
            found.append(int(environment.parent.name))
    return found


def await_no_process(home: Path) -> None:
    """Return once no process of the platform is left; fails after ten seconds."""
    wait_until(lambda: not processes_of(home), seconds=10, what="the end of every process")


def start(home: Home, kafka: str = "embedded") -> subprocess.Popen[bytes]:
    """Start a supervisor with the fake services and wait until it is ready."""
    home.logs.mkdir(parents=True, exist_ok=True)
    (home.path / "progress.json").unlink(missing_ok=True)
    home.write("wish.json", json.dumps({"kafka": kafka}))
    with home.log("supervisor").open("ab") as log:
        child = subprocess.Popen(
            guarded([sys.executable, "-m", "support.fake_platform"], "same", signal.SIGTERM),
            env={**os.environ, "KOKEMUS_HOME": str(home.path), "PYTHONPATH": str(TESTS)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        starting.await_ready(home, child, Console(quiet=True))
    except PartFailedError:
        child.wait(30)
        raise
    return child


@contextmanager
def running(home: Home, kafka: str = "embedded") -> Iterator[subprocess.Popen[bytes]]:
    """A platform for the length of a block."""
    with start(home, kafka) as child:
        try:
            yield child
        finally:
            starting.stop(home)


if __name__ == "__main__":
    here = Home.of_environment()
    wish = Wish(**json.loads((here.path / "wish.json").read_bytes()))
    sys.exit(Supervisor(here, wish, SERVICES, ()).run())
