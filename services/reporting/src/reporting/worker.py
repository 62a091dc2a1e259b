"""The worker: announces releases, delivers returns, and does whatever else nobody waits for."""

import asyncio
import sys
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
from reporting.addresses import Addresses
from reporting.composing import Composer
from reporting.connections import database_missing, engine_for, feedback_http_for, http_for
from reporting.correspondence import Correspondence
from reporting.courier import Courier
from reporting.domain.sessions import Signer
from reporting.editor import Editor, Herald
from reporting.embed_mail import EmbedMail
from reporting.feedback_client import FeedbackClient
from reporting.mail_transports import transport_of
from reporting.metrics_client import MetricsClient
from reporting.notifying import Notifier
from reporting.people_file import People
from reporting.postman import Postman
from reporting.rendering import Templates
from reporting.scheduled_drafts import ScheduledDrafts
from reporting.scheduling import Job, Scheduler
from reporting.settings import ReportingSettings
from reporting.storage.alerts import AlertStore
from reporting.storage.embeds import EmbedStore
from reporting.storage.mail import MailStore
from reporting.storage.meters import MeterStore
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore
from reporting.storage.returns import ReturnStore
from reporting.texts import Texts
from reporting.watching import Watch, policy_of
from reporting.weekly import WeeklyEditor, WeeklyMail

AT_ONCE: Final = timedelta(seconds=2)
"""How often the store is asked for what somebody waits to see."""
OFTEN: Final = timedelta(seconds=10)
"""How often mail is carried out."""
SELDOM: Final = timedelta(hours=1)
"""How often is looked for what is due by the day."""
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
    store, words, notes = ReleaseStore(tools.engine), Texts().glossary, NoteStore(tools.engine)
    drafts = ScheduledDrafts(
        store,
        Editor(store, metrics, words, notes),
        WeeklyEditor(store, metrics, words, notes),
        tools.timing,
        settings.time_zone,
    )
    return (
        Job("draft-releases", SELDOM, drafts.make),
        Job("announce-releases", AT_ONCE, herald.reconcile),
        Job("deliver-returns", AT_ONCE, courier.deliver),
        Job("watch-alerts", SOON, watch.look),
        *_mailing(tools, metrics),
    )


def _mailing(tools: Tools, metrics: MetricsClient) -> Sequence[Job]:
    """The jobs that write and carry mail; none where the settings name no way out for it."""
    settings, engine, timing = tools.settings, tools.engine, tools.timing
    transport = transport_of(settings)
    if transport is None:
        return ()
    texts, people, store = Texts(), People(settings.people_file), MailStore(engine)
    signer = Signer(settings.session_key_file.read_bytes().strip())
    templates = Templates(texts.languages, {}, settings.base_url, settings.root_entity)
    composer = Composer(templates, texts.languages, signer, settings.base_url)
    correspondence = Correspondence(store, composer, people, texts.languages, timing)
    weekly = WeeklyMail(ReleaseStore(engine), correspondence)
    notifier = Notifier(
        correspondence,
        metrics,
        AlertStore(engine),
        ReturnStore(engine),
        MeterStore(engine),
        policy_of(settings),
        settings.time_zone,
    )
    embeds = EmbedStore(engine)
    embed_mail = EmbedMail(ReleaseStore(engine), embeds, correspondence)
    addresses = Addresses(people, embeds)
    postman = Postman(
        store, transport, addresses, signer, settings, tools.meters, timing, notifier.undeliverable
    )
    return (
        Job("tell-of-alerts", SOON, notifier.tell_of_alerts),
        Job("remind-of-returns", SELDOM, notifier.remind),
        Job("write-weekly-mail", SOON, weekly.write),
        Job("write-to-editors", SELDOM, embed_mail.write),
        Job("send-mail", OFTEN, postman.deliver),
        Job("read-mail-reports", SOON, postman.read_reports),
    )


def run(settings: ReportingSettings) -> None:
    """Works until SIGTERM or SIGINT; health and metrics as those of a poller.

    It ends at once, with one line, if a file that it needs is wrong.
    """
    meters = telemetry.setup("reporting", settings)
    try:
        policy_of(settings)
        People(settings.people_file)
        settings.session_key_file.read_bytes()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"settings: {error}\n")
        raise SystemExit(1) from None
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
