from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from kokemus import keys
from kokemus.migrations import migrate
from kokemus.telemetry import Meters
from kokemus_platform.kafka import ApacheKafka, Broker
from metrics.api_app import create_app
from metrics.settings import ApiSettings
from metrics.storage import MIGRATIONS
from support.counting import Counting
from support.metrics_tables import Tables


@pytest.fixture
def tables(database_url: str) -> Iterator[Tables]:
    migrate(database_url, MIGRATIONS)
    filled = Tables(database_url)
    yield filled
    filled.close()


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def token(keys_file: Path) -> str:
    reader, entry = keys.create("reader", types=[], sources=[], read=True)
    keys_file.write_bytes(msgspec.json.encode(keys.KeysFile([entry])))
    return reader


@pytest.fixture
async def api(
    tables: Tables,  # noqa: ARG001 - the schema stands before the service starts
    database_url: str,
    keys_file: Path,
    token: str,
) -> AsyncIterator[httpx.AsyncClient]:
    """The metrics API on a filled database, with a broker that is away."""
    settings = ApiSettings(
        kafka_bootstrap="127.0.0.1:9", database_url=database_url, keys_file=keys_file
    )
    app = create_app(settings, Meters())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://metrics",
            headers={"Authorization": f"Bearer {token}"},
        ) as client,
    ):
        yield client


@pytest.fixture
def counting(
    kafka: Broker, topic_prefix: str, database_url: str, tmp_path: Path
) -> Iterator[Counting]:
    """Counting processes of this test's own, on each broker in turn."""
    with Counting(kafka.bootstrap, topic_prefix, database_url, tmp_path) as ready:
        yield ready


@pytest.fixture
def apache(
    apache_kafka: ApacheKafka, topic_prefix: str, database_url: str, tmp_path: Path
) -> Iterator[Counting]:
    """The same on Apache Kafka only."""
    if not apache_kafka.running:
        apache_kafka.start()
    with Counting(apache_kafka.bootstrap, topic_prefix, database_url, tmp_path) as ready:
        yield ready
