"""Builds reporting from its settings, and closes what it opened."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import Response
from sqlalchemy.exc import OperationalError

from kokemus import problems, telemetry, web
from kokemus.contracts.asyncapi import document
from kokemus.contracts.codes import CodeLists
from kokemus.telemetry import Meters
from reporting.connections import (
    database_missing,
    engine_for,
    feedback_http_for,
    http_for,
    provider_http,
)
from reporting.domain.sessions import FAILURES, FAILURES_OF_ADDRESS, Attempts, Signer
from reporting.editor import Editor
from reporting.feedback_client import FeedbackClient
from reporting.handlers import (
    alerts,
    audit,
    desk,
    embed,
    embedding,
    meter_rounds,
    notes,
    open_data,
    printing,
    public,
    releases,
    return_tables,
    returns,
    rounds,
    site,
    unsubscribing,
)
from reporting.identity_provider import IdentityProvider
from reporting.metrics_client import MetricsClient
from reporting.parts import Parts
from reporting.people_file import People
from reporting.rendering import PageHeaders, Templates, static_files
from reporting.settings import ReportingSettings
from reporting.shelf import Shelf
from reporting.storage.alerts import AlertStore
from reporting.storage.audit import AuditStore
from reporting.storage.embeds import EmbedStore
from reporting.storage.mail import MailStore
from reporting.storage.meters import MeterStore
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore
from reporting.storage.returns import ReturnStore
from reporting.storage.sessions import SessionStore
from reporting.texts import Texts, guidance_of

SHORTEST_SECRET = 32
"""Bytes of the session key; fewer could be guessed."""


def build(settings: ReportingSettings, meters: Meters) -> FastAPI:
    """The application.

    Raises:
        OSError: a file that the settings name cannot be read.
        ValueError: the session key is too short, or the people file is no list of people.
    """
    secret = settings.session_key_file.read_bytes().strip()
    if len(secret) < SHORTEST_SECRET:
        raise ValueError("the session key needs at least 32 bytes")
    engine, http = engine_for(settings), http_for(settings)
    feedback_http = feedback_http_for(settings)
    provider_client = provider_http()
    people = People(settings.people_file)
    texts, files = Texts(), static_files()
    store = ReleaseStore(engine)
    metrics = MetricsClient(http, settings.metrics_key_file)
    parts = Parts(
        settings=settings,
        languages=texts.languages,
        templates=Templates(texts.languages, files, settings.base_url, settings.root_entity),
        files=files,
        store=store,
        sessions=SessionStore(engine),
        people=people,
        signer=Signer(secret),
        provider=_provider(settings, provider_client),
        attempts_by_user=Attempts(FAILURES),
        attempts_by_address=Attempts(FAILURES_OF_ADDRESS),
        metrics=metrics,
        editor=Editor(store, metrics, texts.glossary, NoteStore(engine)),
        shelf=Shelf(store, "public-monthly"),
        codes=CodeLists.load(),
        metric_names=tuple(
            code.partition(".")[2] for code in texts.glossary if code.startswith("metric.")
        ),
        returns=ReturnStore(engine),
        meters=MeterStore(engine),
        feedback=FeedbackClient(feedback_http, settings.feedback_key_file),
        alerts=AlertStore(engine),
        mail=MailStore(engine),
        guidance=guidance_of(settings),
        embeds=EmbedStore(engine),
        notes=NoteStore(engine),
        audit=AuditStore(engine),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(engine.dispose)
            await stack.enter_async_context(http)
            await stack.enter_async_context(feedback_http)
            await stack.enter_async_context(provider_client)
            yield

    async def ready() -> Mapping[str, str]:
        return await database_missing(engine)

    app = web.create_app(
        "reporting", meters, ready, lifespan, document("reporting", settings.topic_prefix)
    )

    @app.exception_handler(OperationalError)
    async def on_database_away(_request: Request, _error: OperationalError) -> Response:
        return problems.response(problems.unavailable("the database is away"))

    web.add_outermost(
        app,
        partial(
            PageHeaders,
            over_https=settings.base_url.startswith("https:"),
            desk_ancestors=settings.desk_embed_ancestors,
        ),
    )
    releases.register(app, parts)
    embed.register(app, parts)
    door = desk.register(app, parts)
    alerts.register(app, parts, door)
    audit.register(app, parts, door)
    embedding.register(app, parts, door)
    notes.register(app, parts, door)
    returns.register(app, parts, door)
    return_tables.register(app, parts, door)
    rounds.register(app, parts, door)
    meter_rounds.register(app, parts, door)
    printing.register(app, parts)
    open_data.register(app, parts)
    unsubscribing.register(app, parts)
    site.register(app, parts)
    public.register(app, parts)
    return app


def _provider(settings: ReportingSettings, http: httpx.AsyncClient) -> IdentityProvider | None:
    secret, groups = settings.oidc_client_secret_file, settings.oidc_groups_file
    if settings.oidc_issuer is None or secret is None or groups is None:
        return None
    return IdentityProvider(http, settings.oidc_issuer, settings.oidc_client_id, secret, groups)


@asynccontextmanager
async def editing(settings: ReportingSettings) -> AsyncIterator[Editor]:
    """An editor outside the service; the service announces what it has done."""
    engine = engine_for(settings)
    try:
        async with http_for(settings) as http:
            metrics = MetricsClient(http, settings.metrics_key_file)
            yield Editor(ReleaseStore(engine), metrics, Texts().glossary, NoteStore(engine))
    finally:
        await engine.dispose()


def serve(settings: ReportingSettings) -> None:
    """Serves until SIGTERM; ends at once, with one line, if a file that it needs is wrong."""
    meters = telemetry.setup("reporting", settings)
    try:
        app = build(settings, meters)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"settings: {error}\n")
        raise SystemExit(1) from None
    web.serve(app, settings, meters)
