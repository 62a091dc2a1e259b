"""Real parts for the tests: a database, two brokers, and what keeps tests apart from each other.

A part that does not start is an error of every test that wants it, never a skip.
"""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kokemus_platform.kafka import ApacheKafka, Broker, EmbeddedKafka
from kokemus_platform.postgres import Postgres

# A loaded machine is no reason for a property to fail: none of them is about time.
settings.register_profile("kokemus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kokemus")


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    """A short-lived folder that the user nobody can enter, since PostgreSQL refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="kokemus-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(parts_folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL server of this test run."""
    server = Postgres(parts_folder / "postgres")
    server.start()
    yield server
    server.wipe()


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    if not postgres.running:
        postgres.start()
    name = f"test_{secrets.token_hex(6)}"
    yield postgres.create_database(name)
    if not postgres.running:
        postgres.start()
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def embedded_kafka(parts_folder: Path) -> Iterator[EmbeddedKafka]:
    """The embedded broker of this test run; a restart empties it."""
    broker = EmbeddedKafka(parts_folder / "embedded-kafka")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def apache_kafka(parts_folder: Path) -> Iterator[ApacheKafka]:
    """A real Apache Kafka of this test run."""
    broker = ApacheKafka(parts_folder / "apache-kafka")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(params=["embedded", "apache"])
def kafka(request: pytest.FixtureRequest) -> Broker:
    """Each broker in turn, running even if the test before left it dead."""
    broker: Broker = request.getfixturevalue(f"{request.param}_kafka")
    if not broker.running:
        broker.start()
    return broker


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups of this test's own."""
    return f"t{secrets.token_hex(5)}."
