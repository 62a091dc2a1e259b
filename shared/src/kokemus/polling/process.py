"""A poller's process: it goes on where it left off, until it is stopped, and tells its health."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

from kokemus import telemetry, web
from kokemus.compacted import CompactedTopic
from kokemus.contracts import events
from kokemus.contracts.asyncapi import document
from kokemus.contracts.topics import declarations
from kokemus.polling.pace import Timing
from kokemus.settings import ServiceSettings
from kokemus.tasks import background
from kokemus.telemetry import Meters

Poll = Callable[[events.Poll | None, Meters], Awaitable[None]]
"""Polls for ever, given what the last poll told, if there was one."""


def run(service: str, source: str, settings: ServiceSettings, poll: Poll) -> None:
    """Polls until SIGTERM or SIGINT.

    Args:
        service: whose poller it is.
        source: the id under which the city knows what is polled.
        settings: of every service.
        poll: begins once the topic of sources has been read.
    """
    meters = telemetry.setup(service, settings)
    missing = {"place": f"the topic of sources, for where {source} was left off"}

    async def ready() -> dict[str, str]:
        return missing

    async def polling() -> None:
        last = await _last_poll(settings, source)
        missing.clear()
        await poll(last, meters)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = background(polling())
        yield
        task.cancel()
        await asyncio.wait([task])

    documents = document(service, settings.topic_prefix)
    app = web.create_app(f"{service}-poller", meters, ready, lifespan, documents)
    web.serve(app, settings, meters)


def system_timing() -> Timing:
    """The clocks of this machine."""
    return Timing(
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        dice=random.SystemRandom(),
    )


async def _last_poll(settings: ServiceSettings, source: str) -> events.Poll | None:
    """What the last poll of a source told; waits for the broker."""
    async with CompactedTopic(settings, declarations()["sources.v1"]) as sources:
        await sources.read_to_end()
        polled = sources.table.get(source)
        return polled.data if isinstance(polled, events.SourcePolled) else None
