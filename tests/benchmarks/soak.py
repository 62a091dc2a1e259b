"""What an ingest process and a counting one hold in memory, for as long as presses keep coming."""

import asyncio
import secrets
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from rich.progress import Progress

from benchmarks.parts import Kokemus, kokemus, load_average, memory, presses, progress
from kokemus_platform.load import offer
from kokemus_platform.measuring import Measured, below
from support.counting import HELSINKI

WARM_UP: Final = 5.0
"""Minutes after which the slope is taken; half the time where it lasts less than ten."""
SAMPLES: Final = 360
"""Looks at the memory, over the whole time."""
BYTES_AN_ID: Final = 20


@dataclass
class Watched:
    """A process and its memory over time."""

    name: str
    pid: int
    limit: float
    """Megabytes."""
    minutes: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def look(self, minute: float) -> None:
        """Takes a sample."""
        self.minutes.append(minute)
        self.megabytes.append(memory(self.pid))

    def slope(self, after: float) -> float:
        """Megabytes a minute, by least squares over the samples after so many minutes."""
        from_here = next(at for at, minute in enumerate(self.minutes) if minute >= after)
        return statistics.linear_regression(
            self.minutes[from_here:], self.megabytes[from_here:]
        ).slope


def run(
    bootstrap: str | None = None, *, rate: float = 1_000, minutes: float = 30
) -> list[Measured]:
    """Measures on parts of its own.

    Args:
        bootstrap: of the broker; an Apache Kafka is started without.
        rate: presses a second.
        minutes: for which they come.
    """
    with kokemus(bootstrap, f"bench{secrets.token_hex(4)}.") as parts, progress() as shown:
        watched = asyncio.run(_measure(parts, rate, minutes, shown))
        return list(_results(watched, rate, minutes))


async def _measure(
    parts: Kokemus, rate: float, minutes: float, shown: Progress
) -> tuple[Watched, Watched]:
    assert parts.ingest.process is not None
    ids = rate * minutes * 60
    ingest = Watched("ingest", parts.ingest.process.pid, 200)
    consumer = Watched("consumer", parts.counting.processes[0].pid, 300 + BYTES_AN_ID * ids / 1e6)
    task = shown.add_task(f"{rate:,.0f} presses a second", total=round(ids))
    start = time.monotonic()
    async with parts.sender() as sender:
        coming = presses(rate, minutes * 60, datetime.now(HELSINKI))
        pressing = asyncio.create_task(
            offer(sender, coming, lambda count: shown.advance(task, count))
        )
        while not pressing.done():
            for one in (ingest, consumer):
                one.look((time.monotonic() - start) / 60)
            await asyncio.wait([pressing], timeout=minutes * 60 / SAMPLES)
        sent = await pressing
    parts.counting.wait_for(sent.accepted)
    return ingest, consumer


def _results(watched: tuple[Watched, Watched], rate: float, minutes: float) -> Iterator[Measured]:
    after = min(WARM_UP, minutes / 2)
    ids = BYTES_AN_ID * rate * 60 / 1e6
    yield Measured("load average", load_average())
    for one in watched:
        peak = memory(one.pid, "VmHWM")
        yield below(f"{one.name}: memory at the most", peak, one.limit, "MB")
        slope, what = one.slope(after), f"{one.name}: slope after {after:g} minutes"
        yield below(what, slope, 1, "MB/min", ".2f")
        if one.name == "consumer":
            what = f"{one.name}: slope beyond {BYTES_AN_ID} bytes an id ({ids:.2f} MB/min)"
            yield Measured(what, f"{slope - ids:.2f} MB/min")
