"""`python -m kokemus_platform.loading STEP`: what the supervisor loads into a new platform.

Each step runs in a process of its own with the environment of reporting, and may be repeated.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import httpx

from kokemus.contracts.events import Event
from kokemus.contracts.topics import topic_of
from kokemus_platform import reference_data
from kokemus_platform.demo.feeder import FeedRefusedError, feed
from kokemus_platform.demo.playing import play_year
from kokemus_platform.demo.returning import play_round
from kokemus_platform.demo.voices import voices
from kokemus_platform.demo.year import DAYS, ZONE
from kokemus_platform.home import Home
from kokemus_platform.people import PEOPLE
from kokemus_platform.processes import PartFailedError, wait_until

SEED: Final = 1
"""The demo's year is the same on every machine."""
SETTLED_SECONDS: Final = 600
"""For the demo's year; the reference takes a moment."""
DRAFTER, APPROVER = PEOPLE
"""The two people of a local platform who take the demo's release to publication."""


def load_reference(status: Mapping[str, Any]) -> None:
    """Send the reference to the services that own its events, and publish its release."""
    asyncio.run(_send(status, reference_data.events()))
    _await_settled(status)
    _reporting("setup-release")


def load_demo(status: Mapping[str, Any]) -> None:
    """Play in a city's year up to yesterday, publish a release of it, and begin a round."""
    today = datetime.now(ZONE).date()
    ingest = status["services"]["ingest-kiosk"]
    asyncio.run(play_year(ingest, status["key"], SEED, today))
    asyncio.run(_send(status, voices(SEED, today)))
    _await_settled(status)
    _publish(today - timedelta(DAYS), today - timedelta(1))
    play_round(status, SEED, today)


def _publish(first: date, last: date) -> None:
    span = ("--from", first.isoformat(), "--to", last.isoformat())
    release = _reporting("release", "draft", "--by", DRAFTER, *span)
    _reporting("release", "approve", "--by", APPROVER, release)
    _reporting("release", "publish", "--by", APPROVER, release)


async def _send(status: Mapping[str, Any], events: Iterable[Event]) -> None:
    def owner(event: Event) -> str:
        return topic_of(event).owner

    headers = {"Authorization": f"Bearer {status['key']}"}
    for service, owned in groupby(sorted(events, key=owner), key=owner):
        address = status["services"][service]
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
            await feed(client, owned)


def _await_settled(status: Mapping[str, Any]) -> None:
    """Return once metrics has counted everything that was sent."""
    headers = {"Authorization": f"Bearer {status['key']}"}
    with httpx.Client(headers=headers, timeout=10) as client:

        def settled() -> bool:
            try:
                answer = client.get(f"{status['services']['metrics']}/v1/status")
            except httpx.TransportError:
                return False
            return answer.is_success and answer.json()["settled"] is True

        wait_until(settled, seconds=SETTLED_SECONDS, what="the counting of what was sent")


def _reporting(*command: str) -> str:
    """Run a command of reporting; return the last line that it prints."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "reporting.main", *command],
        check=False,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
    )
    if done.returncode != 0:
        raise PartFailedError(f"reporting refused: {' '.join(command)}")
    return done.stdout.strip().rpartition("\n")[2]


STEPS: Final = {"reference": load_reference, "demo": load_demo}


def main() -> None:
    """Run the step that the command line names."""
    home = Home.of_environment()
    try:
        STEPS[sys.argv[1]](home.starting_status())
    except (PartFailedError, FeedRefusedError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
