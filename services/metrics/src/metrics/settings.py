"""The settings of metrics."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from kokemus.settings import KeyedSettings, ServiceSettings


class MetricsSettings(ServiceSettings):
    """What the counting process needs."""

    database_url: str
    """Of the role whose search path is the schema of metrics."""


class ApiSettings(MetricsSettings, KeyedSettings):
    """What the metrics API needs besides."""

    kafka_durable: bool = True
    """Whether the brokers keep events over a restart; the embedded one does not. Shown in the
    status."""


class ReplaySettings(ServiceSettings):
    """What reading the archive needs."""

    archive_url: str
    """A folder, or an S3-compatible store as `s3://bucket/prefix?endpoint_override=...`."""


class RebuildSettings(ReplaySettings, MetricsSettings):
    """What counting the archive again needs."""


class ArchiveSettings(RebuildSettings):
    """What the archive needs."""

    archive_seconds: Annotated[timedelta, Field(gt=timedelta())] = timedelta(minutes=1)
    """How long a record may wait for others before a file is written."""
