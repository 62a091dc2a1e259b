"""Settings that every service shares: read from the environment, frozen, made in `main` only."""

import sys
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]


class ServiceSettings(BaseSettings):
    """What every process needs to know; a service subclasses it for what only it needs."""

    model_config = SettingsConfigDict(env_prefix="KOKEMUS_", frozen=True, extra="ignore")

    kafka_bootstrap: str
    """`host:port`, several by commas."""
    topic_prefix: str = "kokemus."
    """Stands before every declared topic name: it keeps two platforms on one cluster apart."""
    http_host: str = "127.0.0.1"
    http_port: Port = 8000
    metrics_port: Port = 9000
    """Prometheus, on a port of its own so that it is never published with the service."""
    time_zone: ZoneInfo = ZoneInfo("Europe/Helsinki")
    """Whose local days the figures are by."""
    root_entity: str = "helsinki"
    """The entity at the top of the tree."""
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where traces go; none are made without it."""


class KeyedSettings(ServiceSettings):
    """A service that API keys open."""

    keys_file: Path
    """JSON with the hashed keys; read again whenever it changes."""
    codes_file: Path | None = None
    """A city's own codes beside those of the contracts: CSV of list, code, name_fi, note."""


S = TypeVar("S", bound=BaseSettings)


def load(settings: type[S]) -> S:
    """Reads the settings from the environment, or ends the process with one clear line.

    Raises:
        SystemExit: 1, after naming each variable that is missing or wrong; values are not shown.
    """
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        wrong = "; ".join(
            f"{_variable(prefix, problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        sys.stderr.write(f"settings: {wrong}\n")
        raise SystemExit(1) from None


def _variable(prefix: str, location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else ""
    return name if name.isupper() else prefix + name.upper()
