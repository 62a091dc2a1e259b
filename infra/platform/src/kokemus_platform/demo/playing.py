"""Plays the demo against running services: first its year, then what comes now and then."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import httpx
import structlog
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kokemus.contracts import events
from kokemus_platform.demo import voices_now, year
from kokemus_platform.demo.city import registry
from kokemus_platform.demo.feeder import FeedRefusedError, feed, send
from kokemus_platform.demo.voices_now import voices_at
from kokemus_platform.demo.year import DAYS, arrivals, at_tick, year_before

_log = structlog.get_logger()


async def play_year(url: str, key: str, seed: int, today: date) -> int:
    """Defines the demo's units, then sends their year and some of the one before.

    Returns:
        How many events were accepted.

    Raises:
        FeedRefusedError: ingest-kiosk refused something, or stayed away.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    async with _client(url, key) as http:
        with Progress(*columns, TimeRemainingColumn()) as progress:
            days = progress.add_task("Playing a year of kiosks, in days", total=2 * DAYS)
            both = chain(year_before(seed, today), arrivals(seed, today))
            played = progress.track(both, task_id=days)
            return await feed(http, chain(registry(), chain.from_iterable(played)))


async def trickle(kiosk_url: str, feedback_url: str, key: str, seed: int) -> None:
    """What comes at each tick, for ever; what comes while its service is away is left out."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_drip(kiosk_url, key, year.TICK, lambda now: [at_tick(seed, now)]))
        group.create_task(
            _drip(feedback_url, key, voices_now.TICK, lambda now: voices_at(seed, now))
        )


async def _drip(
    url: str, key: str, tick: timedelta, told_at: Callable[[datetime], Sequence[events.Event]]
) -> None:
    async with _client(url, key) as http:
        while True:
            now = datetime.now(UTC)
            try:
                if told := told_at(now):
                    await send(http, told)
            except FeedRefusedError as error:
                _log.warning("trickle refused", why=str(error))
            await asyncio.sleep(tick.total_seconds() - now.timestamp() % tick.total_seconds())


@asynccontextmanager
async def _client(url: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
        yield http
