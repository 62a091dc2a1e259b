"""The worker: announces releases, delivers returns, and does whatever else nobody waits for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from kokemus import telemetry, web
from kokemus.compacted import CompactedTopic
from kokemus.contracts.asyncapi import document
from kokemus.contracts.topics import declarations
from kokemus.polling.pace import Timing
from kokemus.polling.process import system_timing
from kokemus.publishing import Publisher
from kokemus.tasks import background
from kokemus.telemetry import Meters
from reporting.connections import database_missing, engine_for, feedback_http_for, http_for
from reporting.courier import Courier
from reporting.editor import Herald
from reporting.feedback_client import FeedbackClient
from reporting.metrics_client import MetricsClient
from reporting.scheduling import Job, Scheduler
from reporting.settings import ReportingSettings
from reporting.storage.alerts import AlertStore
from reporting.storage.releases import ReleaseStore
from reporting.storage.returns import ReturnStore
from reporting.watching import Watch, policy_of

AT_ONCE: Final = timedelta(seconds=2)
"""How often the store is asked for what somebody waits to see."""
SOON: Final = timedelta(minutes=2)
"""How often live figures are judged: while nothing has changed, asking costs next to nothing."""


@dataclass(frozen=True)
class Tools:
    """What jobs are made of."""

    settings: ReportingSettings
    engine: AsyncEngine
    http: httpx.AsyncClient
    """Of the metrics API."""
    feedback_http: httpx.AsyncClient
    topic: CompactedTopic
    publisher: Publisher
    meters: Meters
    timing: Timing


def jobs(tools: Tools) -> Sequence[Job]:
    """Every job of the worker.

    Raises:
        OSError: a file that the settings name cannot be read.
        ValueError: it is no such file.
    """
    settings = tools.settings
    metrics = MetricsClient(tools.http, settings.metrics_key_file)
    feedback = FeedbackClient(tools.feedback_http, settings.feedback_key_file)
    herald = Herald(ReleaseStore(tools.engine), tools.topic, tools.publisher, settings.base_url)
    courier = Courier(ReturnStore(tools.engine), feedback, tools.meters, tools.timing)
    watch = Watch(
        AlertStore(tools.engine),
        metrics,
        policy_of(settings),
        tools.meters,
        tools.timing,
        settings.time_zone,
    )
    return (
        Job("announce-releases", AT_ONCE, herald.reconcile),
        Job("deliver-returns", AT_ONCE, courier.deliver),
        Job("watch-alerts", SOON, watch.look),
    )


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
            timing = system_timing()
            tools = Tools(
                settings=settings,
                engine=engine,
                http=await stack.enter_async_context(http_for(settings)),
                feedback_http=await stack.enter_async_context(feedback_http_for(settings)),
                topic=await stack.enter_async_context(topic),
                publisher=await stack.enter_async_context(Publisher(settings, meters)),
                meters=meters,
                timing=timing,
            )
            scheduler = Scheduler(engine, meters, timing)
            tasks = [background(scheduler.follow(job)) for job in jobs(tools)]
            stack.push_async_callback(_cancelled, tasks)
            yield

    documents = document("reporting", settings.topic_prefix)
    app = web.create_app("reporting-worker", meters, ready, lifespan, documents)
    web.serve(app, settings, meters)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
