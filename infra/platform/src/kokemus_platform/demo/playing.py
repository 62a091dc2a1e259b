"""Plays the demo against a running ingest-kiosk: first its year, then a press now and then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import chain

import httpx
import structlog
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kokemus_platform.demo.city import registry
from kokemus_platform.demo.feeder import FeedRefusedError, feed, send
from kokemus_platform.demo.year import DAYS, TICK, arrivals, at_tick

_log = structlog.get_logger()


async def play_year(url: str, key: str, seed: int, today: date) -> int:
    """Defines the demo's units, then sends their year; returns how many events were accepted.

    Raises:
        FeedRefusedError: ingest-kiosk refused something, or stayed away.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    async with _client(url, key) as http:
        with Progress(*columns, TimeRemainingColumn()) as progress:
            days = progress.add_task("Playing a year of kiosks, in days", total=DAYS)
            year = progress.track(arrivals(seed, today), task_id=days)
            return await feed(http, chain(registry(), chain.from_iterable(year)))


async def trickle(url: str, key: str, seed: int) -> None:
    """One press at each tick, for ever; ticks that pass while the service is away are left out."""
    async with _client(url, key) as http:
        while True:
            now = datetime.now(UTC)
            try:
                await send(http, [at_tick(seed, now)])
            except FeedRefusedError as error:
                _log.warning("trickle refused", why=str(error))
            rest = TICK.total_seconds() - now.timestamp() % TICK.total_seconds()
            await asyncio.sleep(rest)


@asynccontextmanager
async def _client(url: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
        yield http
