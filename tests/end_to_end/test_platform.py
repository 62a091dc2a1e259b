"""The one command with the real services, as somebody at a terminal uses it."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kokemus_platform.home import Home
from kokemus_platform.processes import wait_until
from support.fake_platform import await_no_process, processes_of
from support.platform_command import run as kokemus

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a platform that is up."""
    home = tmp_path_factory.mktemp("platform") / "home"
    started = kokemus(home, "up", "--detach")
    assert started.returncode == 0, started.stderr
    yield home
    assert kokemus(home, "down", "--wipe").returncode == 0
    await_no_process(home)


@pytest.fixture
def status(home: Path) -> dict[str, Any]:
    answer = kokemus(home, "status", "--json")
    assert answer.returncode == 0
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def press(event_id: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "end-to-end",
        "type": "fi.hel.kokemus.kiosk.pressed.v1",
        "subject": "end-to-end-unit",
        "time": "2026-01-15T12:00:00+02:00",
        "data": {
            "device_id": "d",
            "scale": "smiley4",
            "value": 3,
            "question_id": "q",
            "channel": "kiosk",
        },
    }


def count(status: dict[str, Any]) -> int | None:
    """How many presses the figures tell of the unit."""
    wanted = {
        "metric": "press_count",
        "entity": "end-to-end-unit",
        "from": "2026-01-15",
        "to": "2026-01-15",
    }
    answer = httpx.get(
        f"{status['services']['metrics']}/v1/figures",
        params=wanted,
        headers={"Authorization": f"Bearer {status['key']}"},
    )
    value: int | None = answer.raise_for_status().json()["figures"][0]["value"]
    return value


def send(status: dict[str, Any], event_id: str) -> None:
    answer = httpx.post(
        f"{status['services']['ingest-kiosk']}/v1/events",
        json=press(event_id),
        headers={
            "Authorization": f"Bearer {status['key']}",
            "Content-Type": "application/cloudevents+json",
        },
    )
    assert answer.status_code == 202, answer.text


def test_status_tells_every_service_and_how_to_sign_in(status: dict[str, Any]) -> None:
    assert list(status["services"]) == [
        "ingest-kiosk",
        "ingest-feedback",
        "complaints",
        "metrics",
        "reporting",
    ]
    assert set(status) == {
        "services",
        "kafka",
        "database",
        "key",
        "desk",
        "approver",
        "durable",
    }
    assert status["database"].startswith("postgresql://")
    assert status["desk"]["password"] != status["approver"]["password"]
    for address in status["services"].values():
        assert httpx.get(f"{address}/health/ready").is_success


def test_a_press_counts_once_also_after_a_down_and_an_up(
    home: Path, status: dict[str, Any]
) -> None:
    send(status, "1")
    wait_until(lambda: count(status) == 1, seconds=30, what="the count")
    assert kokemus(home, "down").returncode == 0
    await_no_process(home)
    assert kokemus(home, "up", "--detach").returncode == 0
    assert json.loads(kokemus(home, "status", "--json").stdout) == status
    assert count(status) == 1
    send(status, "1")  # the broker has forgotten it, the database has not
    send(status, "2")
    wait_until(lambda: (count(status) or 0) > 1, seconds=30, what="the count")
    assert count(status) == 2


def test_up_when_it_is_up_tells_the_addresses(home: Path, status: dict[str, Any]) -> None:
    again = kokemus(home, "up", "--detach")
    assert again.returncode == 0
    assert status["services"]["reporting"] in again.stdout


def test_a_killed_service_is_back_and_counts(home: Path, status: dict[str, Any]) -> None:
    before = count(status) or 0
    for pid in processes_of(home):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"metrics.main\0consume" in command or b"ingest_kiosk.main" in command:
            os.kill(pid, signal.SIGKILL)
    address = status["services"]["ingest-kiosk"]

    def ready() -> bool:
        try:
            return httpx.get(f"{address}/health/ready").is_success
        except httpx.TransportError:
            return False

    wait_until(ready, seconds=30, what="ingest-kiosk")
    send(status, "after-the-kill")
    wait_until(lambda: count(status) == before + 1, seconds=60, what="the count")


def test_load_presses_a_part_of_a_day_and_tells_how_it_was_answered(
    home: Path,
    status: dict[str, Any],  # noqa: ARG001 - the platform is up
) -> None:
    done = kokemus(home, "load", "--rate", "50", "--minutes", "0.05")
    assert done.returncode == 0, done.stderr
    accepted, response = done.stdout.splitlines()[-2:]
    assert int(accepted.split()[0]) == pytest.approx(150, abs=2)
    assert response.startswith("response time: ")


def test_the_reference_is_published(status: dict[str, Any]) -> None:
    page = httpx.get(f"{status['services']['reporting']}/fi/terveysasemat")
    assert page.is_success
    assert "<table" in page.text


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert kokemus(home, "up", "--detach").returncode == 0
    supervisor = Home(home).supervisor()
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    await_no_process(home)
    assert kokemus(home, "status").returncode == 3
    kokemus(home, "down", "--wipe")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["status", "--json"], 3),
        (["topics", "plan"], 3),
        (["logs"], 3),
        (["load"], 3),
        (["load", "--rate", "5", "--scale", "2"], 2),
        (["down"], 0),
        (["up", "--kafka", "nonsense"], 2),
        (["no-such-command"], 2),
        (["--help"], 0),
    ],
)
def test_exit_codes_where_nothing_is_up(tmp_path: Path, arguments: list[str], code: int) -> None:
    answer = kokemus(tmp_path / "home", *arguments)
    assert answer.returncode == code
    if arguments[0] == "status":
        assert json.loads(answer.stdout) == {"services": {}}
