"""A pod whose Kafka and database are away lives, is not ready, and ends when told to.

So Kubernetes restarts none of them for what only time can mend.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec
import pytest

from kokemus import keys
from kokemus_platform import services
from kokemus_platform.processes import free_port, wait_until
from support.charts import Resource, of_kind, one_container, rendered, variables

NOWHERE: Final = "127.0.0.1:1"
NAMES: Final = [f"kokemus-{one.name}" for one in services.SERVICES]


CONTENTS: Final = {
    "keys.json": msgspec.json.encode(keys.KeysFile([keys.create("x", types=[], sources=[])[1]])),
    "people.json": b"[]",
}


@dataclass
class Pod:
    """A workload's process as a pod would run it."""

    process: subprocess.Popen[bytes]
    url: str
    start_seconds: float
    stop_seconds: float

    def answers(self) -> bool:
        """Whether it serves its health; false once it has ended."""
        try:
            return httpx.get(f"{self.url}/health/live", timeout=2).is_success
        except httpx.HTTPError:
            return False


def start(workload: Resource, folder: Path) -> Pod:
    pod = workload["spec"]["template"]
    container = one_container(pod)
    port = free_port()
    environment = {
        **variables(pod, folder),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "KOKEMUS_HTTP_PORT": str(port),
        "KOKEMUS_METRICS_PORT": str(free_port()),
        "KOKEMUS_KAFKA_BOOTSTRAP": NOWHERE,
        "KOKEMUS_DATABASE_URL": f"postgresql+psycopg://nobody:nothing@{NOWHERE}/nothing",
        "KOKEMUS_ARCHIVE_URL": str(folder),
    }
    for path in folder.glob("etc/kokemus/*/*/*"):
        path.write_bytes(CONTENTS.get(path.name, b"x" * 40))
    command = [sys.executable, *container["command"][1:], *container["args"]]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    probe, stop = container["startupProbe"], pod["spec"]["terminationGracePeriodSeconds"]
    patience = probe["periodSeconds"] * probe["failureThreshold"]
    return Pod(process, f"http://127.0.0.1:{port}", patience, stop)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Pod]]:
    """All of them at once."""
    workloads = of_kind(rendered("kokemus"), "Deployment")
    started = {name: start(one, tmp_path_factory.mktemp(name)) for name, one in workloads.items()}
    yield started
    for pod in started.values():
        pod.process.kill()
        pod.process.wait()


@pytest.mark.parametrize("name", NAMES)
def test_it_lives_unready_and_ends_in_its_time(name: str, running: dict[str, Pod]) -> None:
    pod = running[name]
    wait_until(pod.answers, seconds=pod.start_seconds, what=name)
    assert httpx.get(f"{pod.url}/health/ready", timeout=10).status_code == 503
    assert httpx.get(f"{pod.url}/health/live", timeout=10).status_code == 200
    pod.process.send_signal(signal.SIGTERM)
    assert pod.process.wait(pod.stop_seconds) == 0
