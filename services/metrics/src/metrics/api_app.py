"""The metrics API's process: builds everything that `metrics serve` needs, and closes it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from fastapi import FastAPI

from kokemus import telemetry, web
from kokemus.contracts.asyncapi import document
from kokemus.errors import Unavailable
from kokemus.keys import Keys
from kokemus.tasks import background
from kokemus.telemetry import Meters
from metrics.domain.definitions import catalogue
from metrics.handlers.api import Api, consumed, router
from metrics.handlers.remembered import Unchanged
from metrics.settings import ApiSettings
from metrics.storage import reading
from metrics.storage.topic_ends import TopicEnds

WATCH_SECONDS: Final = 0.15
"""How long the process may not know that the data changed: a small part of the 2 s from a press
to its figure, for one tiny query."""

AWAY_SECONDS: Final = 1.0

YOUNG_OBJECTS: Final = 100_000
"""Objects between two collections: a large answer makes so many, none of them in a circle, and
looking through them over and over took a sixth of its time."""

log = structlog.get_logger()


def serve(settings: ApiSettings) -> None:
    """Serves until SIGTERM."""
    gc.set_threshold(YOUNG_OBJECTS)
    meters = telemetry.setup("metrics-api", settings)
    web.serve(create_app(settings, meters), settings, meters)


def create_app(settings: ApiSettings, meters: Meters) -> FastAPI:
    """The application, with everything that it needs."""
    api = Api(
        engine=reading.create_engine(settings.database_url),
        ends=TopicEnds(settings.kafka_bootstrap),
        keys=Keys(settings.keys_file),
        catalogue=catalogue(),
        zone=settings.time_zone,
        topics=consumed(settings.topic_prefix),
        durable=settings.kafka_durable,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        await _look(api)  # who asks first whether it is ready hears the truth
        watch = background(_watch(api, stopping))
        try:
            yield
        finally:
            stopping.set()  # a reading at hand ends first: its connection goes back to the pool
            await watch
            api.changes.close()
            api.engine.dispose()

    async def ready() -> Mapping[str, str]:
        return {"database": "does not answer"} if api.version is None else {}

    topics = document("metrics", settings.topic_prefix)
    app = web.create_app("metrics", meters, ready, lifespan, topics)
    app.add_middleware(Unchanged, memory=api.memory, state=lambda: api.state, keys=api.keys)
    app.include_router(router(api))
    return app


async def _watch(api: Api, stopping: asyncio.Event) -> None:
    """Keeps the version of the data in memory, and tells the readers when it changes."""
    while not stopping.is_set():
        with suppress(TimeoutError):
            pause = AWAY_SECONDS if api.version is None else WATCH_SECONDS
            await asyncio.wait_for(stopping.wait(), pause)
        await _look(api)


async def _look(api: Api) -> None:
    try:
        version = await api.read(reading.version)
    except Unavailable:
        if api.version is not None:
            log.warning("database_away")
        api.version = None
    else:
        if version != api.version:
            api.version = version
            api.changes.tell(version)
