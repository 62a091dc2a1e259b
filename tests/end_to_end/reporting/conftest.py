"""One running service with a release, and a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.postgres import Postgres
from support import fake_metrics_api, reporting_service
from support.fake_metrics_api import FakeMetricsApi
from support.ingest_service import IngestService
from support.reporting_browsing import sign_in
from support.reporting_service import Reporting
from support.returns_browsing import LAST_YEAR

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def metrics_api() -> Iterator[FakeMetricsApi]:
    """The figures that reporting reads."""
    with fake_metrics_api.running() as api:
        yield api


@pytest.fixture(scope="session")
def reporting(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    embedded_kafka: EmbeddedKafka,
    metrics_api: FakeMetricsApi,
) -> Iterator[Reporting]:
    """A running service with one release of everything."""
    folder = tmp_path_factory.mktemp("reporting")
    with reporting_service.published(folder, postgres, embedded_kafka, metrics_api) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Its event loop runs while it is open: no async test may be beside."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return context.new_page()


@pytest.fixture
def signed_in(page: Page, reporting: Reporting) -> Page:
    """A tab of an approver."""
    sign_in(page, reporting, "aino")
    return page


@pytest.fixture
def feedback(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> Iterator[IngestService]:
    """An ingest-feedback that is not started yet."""
    if not embedded_kafka.running:
        embedded_kafka.start()
    service = IngestService("ingest_feedback", tmp_path, embedded_kafka.bootstrap, topic_prefix)
    yield service
    service.stop()


@pytest.fixture
def environment(
    *,
    tmp_path: Path,
    database_url: str,
    embedded_kafka: EmbeddedKafka,
    topic_prefix: str,
    metrics_api: FakeMetricsApi,
    feedback: IngestService,
) -> Iterator[dict[str, str]]:
    metrics_api.returns = {2025: [LAST_YEAR]}
    yield reporting_service.prepared(
        tmp_path,
        database_url,
        embedded_kafka,
        topic_prefix,
        metrics_api,
        feedback=(feedback.url, feedback.token),
    )
    metrics_api.returns = {}


@pytest.fixture
def service(
    environment: dict[str, str], metrics_api: FakeMetricsApi, tmp_path: Path
) -> Iterator[Reporting]:
    with reporting_service.running(environment, metrics_api, tmp_path / "log") as started:
        yield started


@pytest.fixture
def worker(environment: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """A running worker beside the service."""
    with reporting_service.working(environment, tmp_path / "worker-log") as pid:
        yield pid
