"""The load generator: a city's day, pressed again on a running platform."""

import asyncio
import math
import random
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Final

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kokemus.contracts import events
from kokemus_platform import running
from kokemus_platform.demo.city import registry
from kokemus_platform.demo.feeder import BATCH, FeedRefusedError, send
from kokemus_platform.demo.year import ZONE, of_day
from kokemus_platform.measuring import percentile

TICK: Final = 0.05
"""Seconds for which presses are gathered before they are sent together."""
AT_ONCE: Final = 16
"""Requests under way; what is due beyond them waits, and goes in larger batches."""

Due = tuple[float, events.Event]
"""Seconds after the start, and what is sent then."""

commands = typer.Typer()


@dataclass
class Sent:
    """What became of a load."""

    accepted: int = 0
    response_seconds: list[float] = field(default_factory=list)
    """Of each request."""
    took: float = 0.0
    """Seconds from the start to the last answer."""


def busiest_day(seed: int, today: date) -> list[events.Event]:
    """All events of the fullest of the seven days before `today`, in the order of their time."""
    days = [list(of_day(seed, today - timedelta(days=back), today)) for back in range(1, 8)]
    fullest = max(days, key=len)
    return sorted(fullest, key=lambda event: event.time)


def day_plan(seed: int, today: date, *, scale: float, seconds: float) -> list[Due]:
    """A city's day with its rush hours, played in `seconds`, in order.

    Args:
        seed: another seed gives other events, all of them new to the platform.
        today: the day after the last that may be played.
        scale: how many cities of 130 devices, in parts too; each is another seed's.
        seconds: from the first event to the last.
    """
    cities = [busiest_day(seed + number, today) for number in range(math.ceil(scale))]
    pressed = [event for city in cities for event in city]
    luck = random.Random(seed)  # noqa: S311 - a plan must repeat itself
    wanted = max(1, round(len(pressed) * scale / len(cities)))
    pressed = sorted(luck.sample(pressed, wanted), key=lambda event: event.time)
    first = pressed[0].time
    span = (pressed[-1].time - first).total_seconds() or 1.0
    return [((event.time - first).total_seconds() / span * seconds, event) for event in pressed]


async def offer(
    http: httpx.AsyncClient, plan: Iterable[Due], tell: Callable[[int], object] = lambda _: None
) -> Sent:
    """Sends each event when it is due, or as soon after as the service takes it.

    Args:
        http: a client with the service's address and an authorised key.
        plan: in the order of its moments; taken as it is needed.
        tell: called with the number of events of each accepted batch.

    Raises:
        FeedRefusedError: the service refused a batch or an event in it, or stayed away.
    """
    sent, start = Sent(), time.monotonic()
    free = asyncio.Semaphore(AT_ONCE)

    async def post(batch: list[events.Event]) -> None:
        began = time.perf_counter()
        try:
            await send(http, batch)
        finally:
            free.release()
        sent.response_seconds.append(time.perf_counter() - began)
        sent.accepted += len(batch)
        tell(len(batch))

    try:
        async with asyncio.TaskGroup() as requests:
            gathered: list[events.Event] = []
            for moment, event in plan:
                early = moment - (time.monotonic() - start)
                if gathered and (early > 0 or len(gathered) == BATCH):
                    await free.acquire()
                    requests.create_task(post(gathered))
                    gathered = []
                if early > 0:
                    await asyncio.sleep(max(early, TICK))
                gathered.append(event)
            if gathered:
                await free.acquire()
                requests.create_task(post(gathered))
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    sent.took = time.monotonic() - start
    return sent


@commands.command("load")
def load_command(
    *,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, help="Events a second on average, by fitting the scale."),
    ] = None,
    scale: Annotated[
        float | None, typer.Option(min=0.001, help="How many cities of 130 devices; 1 if not said.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="In which the day passes.")] = 5.0,
) -> None:
    """Press a city's day on the running platform. It counts there, as the demo's presses do."""
    if rate is not None and scale is not None:
        raise typer.BadParameter("give --rate or --scale, not both")
    found = running.status()
    today, seed = datetime.now(ZONE).date(), secrets.randbits(48)
    seconds = minutes * 60
    if rate is not None:
        scale = rate * seconds / len(busiest_day(seed, today))
    plan = day_plan(seed, today, scale=scale or 1.0, seconds=seconds)
    try:
        sent = asyncio.run(_press(found["services"]["ingest-kiosk"], found["key"], plan))
    except FeedRefusedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{sent.accepted:,} events accepted in {sent.took:.1f} s, "
        f"{sent.accepted / sent.took:,.0f} a second, {len(sent.response_seconds):,} requests"
    )
    median, worst = (percentile(sent.response_seconds, percent) * 1e3 for percent in (50, 99))
    typer.echo(f"response time: {median:.1f} ms at the 50th percentile, {worst:.1f} at the 99th")


async def _press(url: str, key: str, plan: list[Due]) -> Sent:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
        await send(http, registry())
        with Progress(*columns, TimeRemainingColumn()) as progress:
            presses = progress.add_task("Pressing a city's day", total=len(plan))
            return await offer(http, plan, lambda count: progress.advance(presses, count))
