"""The settings of metrics."""

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
