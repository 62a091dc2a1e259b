"""How reporting reaches its database and the services that it asks."""

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from reporting.settings import ReportingSettings


def engine_for(settings: ReportingSettings) -> AsyncEngine:
    """The pool of database connections; the caller disposes of it."""
    return create_async_engine(settings.database_url, pool_size=5, pool_pre_ping=True)


def http_for(settings: ReportingSettings) -> httpx.AsyncClient:
    """The client of the metrics API; the caller closes it."""
    return httpx.AsyncClient(base_url=str(settings.metrics_url), timeout=30, trust_env=False)


def feedback_http_for(settings: ReportingSettings) -> httpx.AsyncClient:
    """The client of ingest-feedback; the caller closes it. A large table takes its time."""
    return httpx.AsyncClient(base_url=str(settings.feedback_url), timeout=120, trust_env=False)


def provider_http() -> httpx.AsyncClient:
    """The client of the OpenID provider; the caller closes it. People wait for it."""
    return httpx.AsyncClient(timeout=10)


async def database_missing(engine: AsyncEngine) -> dict[str, str]:
    """What keeps the database from being of use, for `/health/ready`; empty: nothing."""
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT FROM release LIMIT 1"))
    except SQLAlchemyError as error:
        return {"database": type(error).__name__}
    return {}
