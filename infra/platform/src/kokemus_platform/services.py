"""Which services the platform runs, and what each finds in its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kokemus_platform.home import Home

TOPIC_PREFIX: Final = "kokemus."


@dataclass(frozen=True)
class Service:
    """One process of the platform: `python -m {module}.main {command}`."""

    name: str
    module: str
    command: str = "serve"
    schema: str | None = None
    """The database schema that it works in, as the role of that name."""
    has_address: bool = True
    """Whether its address is told; else it only answers for its health."""


SERVICES: Final = (
    Service("ingest-kiosk", "ingest_kiosk"),
    Service("ingest-feedback", "ingest_feedback"),
    Service("complaints", "complaints"),
    Service("metrics", "metrics", schema="metrics"),
    Service("metrics-consumer", "metrics", "consume", schema="metrics", has_address=False),
    Service("metrics-archive", "metrics", "archive", schema="metrics", has_address=False),
    Service("reporting", "reporting", schema="reporting"),
    Service("reporting-worker", "reporting", "work", schema="reporting", has_address=False),
)

POLLERS: Final = {
    "KOKEMUS_HAPPYORNOT_TOKEN_FILE": Service(
        "ingest-kiosk-poller", "ingest_kiosk", "poll", has_address=False
    ),
    "KOKEMUS_FEED_TOKEN_FILE": Service(
        "complaints-poller", "complaints", "poll", has_address=False
    ),
    "KOKEMUS_OPEN311_URL": Service(
        "ingest-feedback-poller", "ingest_feedback", "poll", has_address=False
    ),
}
"""By a variable without which there is nothing to poll: each runs where it is given."""


def wanted(environment: Mapping[str, str]) -> tuple[Service, ...]:
    """The services for this environment."""
    return (*SERVICES, *(one for name, one in POLLERS.items() if name in environment))


def address(home: Home, name: str) -> str:
    """Where a service listens."""
    return f"http://127.0.0.1:{home.port(name)}"


def environment(
    home: Home, service: Service, bootstrap: str, databases: Mapping[str, str]
) -> dict[str, str]:
    """The variables of a service: what the platform was given, and its own settings above it.

    Args:
        home: the platform's folder.
        service: whose variables.
        bootstrap: Kafka as host:port.
        databases: the address for each schema's role.
    """
    variables = {
        **os.environ,
        "KOKEMUS_HOME": str(home.path),
        "KOKEMUS_KAFKA_BOOTSTRAP": bootstrap,
        "KOKEMUS_TOPIC_PREFIX": TOPIC_PREFIX,
        "KOKEMUS_HTTP_HOST": "127.0.0.1",
        "KOKEMUS_HTTP_PORT": str(home.port(service.name)),
        "KOKEMUS_METRICS_PORT": str(home.port(f"{service.name}.metrics")),
        "KOKEMUS_KEYS_FILE": str(home.secrets / "keys.json"),
        "PYTHONUNBUFFERED": "1",
    }
    if service.schema is not None:
        variables["KOKEMUS_DATABASE_URL"] = databases[service.schema]
    if service.command == "archive":
        variables["KOKEMUS_ARCHIVE_URL"] = str(home.path / "archive")
        variables["KOKEMUS_ARCHIVE_SECONDS"] = "PT10S"
    if service.module == "reporting":
        variables |= {
            "KOKEMUS_METRICS_URL": address(home, "metrics"),
            "KOKEMUS_METRICS_KEY_FILE": str(home.secrets / "reader-key"),
            "KOKEMUS_FEEDBACK_URL": address(home, "ingest-feedback"),
            "KOKEMUS_FEEDBACK_KEY_FILE": str(home.secrets / "returns-key"),
            "KOKEMUS_PEOPLE_FILE": str(home.secrets / "people.json"),
            "KOKEMUS_SESSION_KEY_FILE": str(home.secrets / "session-key"),
            "KOKEMUS_PUBLIC_BASE_URL": address(home, "reporting"),
        }
        if "KOKEMUS_MAIL_HOST" not in os.environ:
            variables["KOKEMUS_MAIL_FOLDER"] = str(home.path / "mail")
    return variables
