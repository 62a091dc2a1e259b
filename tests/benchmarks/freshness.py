"""How soon a press changes the figure that the API gives, and what an unchanged answer costs.

The whole way stands as processes of its own: `ingest_kiosk serve`, `metrics consume`,
`metrics serve`. While presses come at an even rate, single presses on one more unit are sent one
after the other, and the figure of that unit is asked for all the time: what is measured is from the
moment before such a press is sent to the answer that has it.
"""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import httpx
from rich.progress import Progress

from benchmarks.parts import (
    Kokemus,
    kokemus,
    load_average,
    presses,
    processor_seconds,
    progress,
)
from kokemus_platform.demo.feeder import send
from kokemus_platform.load import offer
from kokemus_platform.measuring import Measured, below, percentile
from support.counting import HELSINKI, press

PROBED: Final = "probed-unit"
PAUSE: Final = 0.1
"""Seconds between two probing presses."""
LOOK: Final = 0.02
"""Seconds between two looks at the figure."""
PATIENCE: Final = 30.0
"""Seconds that the last presses have to arrive."""


@dataclass
class Probes:
    """When each probing press was sent, and how long it took until it was in the figure."""

    sent: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    all_sent: bool = False

    @property
    def done(self) -> bool:
        """Whether no more are sent, and all have arrived."""
        return self.all_sent and len(self.arrived) == len(self.sent)

    def show(self, figure: int, now: float) -> None:
        """A figure that holds so many presses was answered."""
        self.arrived += [now - moment for moment in self.sent[len(self.arrived) : figure]]


def run(
    bootstrap: str | None = None,
    *,
    rate: float = 1_000,
    seconds: float = 60,
    unchanged: int = 2_000,
) -> list[Measured]:
    """Measures on parts of its own.

    Args:
        bootstrap: of the broker; an Apache Kafka is started without.
        rate: presses a second.
        seconds: for which they come.
        unchanged: conditional requests, one after the other, once all is quiet.
    """
    with kokemus(bootstrap, f"bench{secrets.token_hex(4)}.") as parts, progress() as shown:
        return asyncio.run(_measure(parts, rate, seconds, unchanged, shown))


async def _measure(
    parts: Kokemus, rate: float, seconds: float, unchanged: int, shown: Progress
) -> list[Measured]:
    task = shown.add_task(f"{rate:,.0f} presses a second", total=round(rate * seconds))
    start, probes = datetime.now(HELSINKI), Probes()
    query = {
        "metric": "press_count",
        "entity": PROBED,
        "from": f"{start:%Y-%m-%d}",
        "to": f"{start:%Y-%m-%d}",
    }
    async with parts.sender() as sender, parts.reader() as reader:
        pressing = asyncio.create_task(
            offer(sender, presses(rate, seconds, start), lambda count: shown.advance(task, count))
        )
        watching = asyncio.create_task(_watch(reader, query, probes))
        while not pressing.done():
            await _probe(sender, start, probes)
            await asyncio.sleep(PAUSE)
        sent = await pressing
        probes.all_sent = True
        await asyncio.wait_for(watching, PATIENCE)
        parts.counting.wait_for(sent.accepted + len(probes.sent))
        spent = await _unchanged(parts, reader, query, unchanged)
    answered = [percentile(sent.response_seconds, percent) * 1e3 for percent in (50, 99)]
    waited = [percentile(probes.arrived, percent) for percent in (50, 99)]
    return [
        Measured("load average", load_average()),
        Measured("rate", f"{sent.accepted / sent.took:,.0f} presses/s"),
        Measured("ingest's answer, 50th and 99th", f"{answered[0]:.1f}, {answered[1]:.1f} ms"),
        Measured("press to changed figure, 50th percentile", f"{waited[0]:.2f} s"),
        below("press to changed figure, 99th percentile", waited[1], 2, "s", ".2f"),
        below("processor of an unchanged answer (304)", spent * 1e3, 1, "ms", ".2f"),
    ]


async def _probe(sender: httpx.AsyncClient, start: datetime, probes: Probes) -> None:
    number = len(probes.sent)
    probes.sent.append(time.monotonic())
    one = press(
        id=f"probe-{start:%H%M%S%f}-{number}",
        source="benchmark",
        subject=PROBED,
        time=start,
    )
    await send(sender, [one])


async def _watch(reader: httpx.AsyncClient, query: Mapping[str, str], probes: Probes) -> None:
    known = ""
    while not probes.done:
        answer = await reader.get("/v1/figures", params=query, headers={"If-None-Match": known})
        if answer.status_code != httpx.codes.NOT_MODIFIED:
            answer.raise_for_status()
            known = answer.headers["etag"]
            figure = answer.json()["figures"][0]["value"]
            probes.show(int(figure or 0), time.monotonic())
        await asyncio.sleep(LOOK)


async def _unchanged(
    parts: Kokemus, reader: httpx.AsyncClient, query: Mapping[str, str], count: int
) -> float:
    """Processor seconds of the serving process for a 304, its other work included."""
    known = (await reader.get("/v1/figures", params=query)).headers["etag"]
    assert parts.api.pid is not None
    before = processor_seconds(parts.api.pid)
    for _ in range(count):
        answer = await reader.get("/v1/figures", params=query, headers={"If-None-Match": known})
        assert answer.status_code == httpx.codes.NOT_MODIFIED
    return (processor_seconds(parts.api.pid) - before) / count
