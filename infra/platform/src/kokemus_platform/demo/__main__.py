"""`python -m kokemus_platform.demo year|trickle`: plays the demo to a running ingest-kiosk."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kokemus_platform.demo.city import registry
from kokemus_platform.demo.feeder import FeedRefusedError, feed, send
from kokemus_platform.demo.year import DAYS, TICK, ZONE, arrivals, at_tick

Url = Annotated[str, typer.Option(help="Where ingest-kiosk is, such as http://127.0.0.1:8000.")]
KeyFile = Annotated[Path, typer.Option(help="Holds a key for the source demo-kiosks.")]
Seed = Annotated[int, typer.Option(help="Another seed gives another year.")]

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.command("year")
def year_command(
    url: Url,
    key_file: KeyFile,
    seed: Seed = 1,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the year's last.")
    ] = None,
) -> None:
    """Plays in the 365 full days before today; doing so again changes nothing."""
    today = until.date() if until else datetime.now(ZONE).date()
    started = time.monotonic()
    try:
        count = asyncio.run(play_year(url, key_file.read_text().strip(), seed, today))
    except FeedRefusedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{count:,} events in {time.monotonic() - started:.0f} s")


@app.command("trickle")
def trickle_command(url: Url, key_file: KeyFile, seed: Seed = 1) -> None:
    """Presses a button every now and then, until it is stopped."""
    asyncio.run(trickle(url, key_file.read_text().strip(), seed))


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
                typer.echo(str(error), err=True)
            rest = TICK.total_seconds() - now.timestamp() % TICK.total_seconds()
            await asyncio.sleep(rest)


@asynccontextmanager
async def _client(url: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
        yield http


if __name__ == "__main__":
    app()
