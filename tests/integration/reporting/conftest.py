"""Reporting services: one with a release for whoever only reads, else one for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kokemus.migrations import migrate
from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.postgres import Postgres
from reporting.storage import MIGRATIONS
from support import fake_metrics_api, reporting_service
from support.fake_metrics_api import FakeMetricsApi
from support.reporting_service import Reporting


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to an empty database of reporting."""
    address = database_url.replace("postgresql://", "postgresql+psycopg://")
    migrate(address, MIGRATIONS)
    made = create_async_engine(address)
    yield made
    await made.dispose()


@pytest.fixture
def metrics_api() -> Iterator[FakeMetricsApi]:
    """The figures that reporting reads."""
    with fake_metrics_api.running() as api:
        yield api


@pytest.fixture
def environment(
    tmp_path: Path,
    database_url: str,
    embedded_kafka: EmbeddedKafka,
    topic_prefix: str,
    metrics_api: FakeMetricsApi,
) -> dict[str, str]:
    """The settings of a service that is ready to start."""
    if not embedded_kafka.running:
        embedded_kafka.start()
    return reporting_service.prepared(
        tmp_path, database_url, embedded_kafka, topic_prefix, metrics_api
    )


@pytest.fixture
def reporting(
    environment: dict[str, str], metrics_api: FakeMetricsApi, tmp_path: Path
) -> Iterator[Reporting]:
    """A running service without any release."""
    with reporting_service.running(environment, metrics_api, tmp_path / "log") as service:
        yield service


@pytest.fixture
def worker(environment: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """A running worker beside the service."""
    with reporting_service.working(environment, tmp_path / "worker-log") as pid:
        yield pid


@pytest.fixture(scope="session")
def published(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, embedded_kafka: EmbeddedKafka
) -> Iterator[Reporting]:
    """A running service with one release of everything, for tests that only read."""
    folder = tmp_path_factory.mktemp("reporting")
    with (
        fake_metrics_api.running() as api,
        reporting_service.published(folder, postgres, embedded_kafka, api) as service,
    ):
        yield service
