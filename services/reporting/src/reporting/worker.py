"""The worker: announces releases, delivers returns, and does whatever else nobody waits for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

from fastapi import FastAPI

from kokemus import telemetry, web
from kokemus.compacted import CompactedTopic
from kokemus.contracts.asyncapi import document
from kokemus.contracts.topics import declarations
from kokemus.polling.process import system_timing
from kokemus.publishing import Publisher
from kokemus.tasks import background
from reporting.connections import database_missing, engine_for, feedback_http_for
from reporting.courier import Courier
from reporting.editor import Herald
from reporting.feedback_client import FeedbackClient
from reporting.scheduling import Job, Scheduler
from reporting.settings import ReportingSettings
from reporting.storage.releases import ReleaseStore
from reporting.storage.returns import ReturnStore

AT_ONCE: Final = timedelta(seconds=2)
"""How often the store is asked for what somebody waits to see."""


def run(settings: ReportingSettings) -> None:
    """Works until SIGTERM or SIGINT; health and metrics as those of a poller."""
    meters = telemetry.setup("reporting", settings)
    engine = engine_for(settings)
    topic = CompactedTopic(settings, declarations()["releases.v1"])

    async def ready() -> dict[str, str]:
        missing = await database_missing(engine)
        if not topic.complete:
            missing["kafka"] = "the releases topic is not read yet"
        return missing

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(engine.dispose)
            feedback_http = await stack.enter_async_context(feedback_http_for(settings))
            await stack.enter_async_context(topic)
            publisher = await stack.enter_async_context(Publisher(settings, meters))
            timing = system_timing()
            feedback = FeedbackClient(feedback_http, settings.feedback_key_file)
            herald = Herald(ReleaseStore(engine), topic, publisher, settings.base_url)
            courier = Courier(ReturnStore(engine), feedback, meters, timing)
            jobs = (
                Job("announce-releases", AT_ONCE, herald.reconcile),
                Job("deliver-returns", AT_ONCE, courier.deliver),
            )
            scheduler = Scheduler(engine, meters, timing)
            tasks = [background(scheduler.follow(job)) for job in jobs]
            stack.push_async_callback(_cancelled, tasks)
            yield

    documents = document("reporting", settings.topic_prefix)
    app = web.create_app("reporting-worker", meters, ready, lifespan, documents)
    web.serve(app, settings, meters)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
