"""Logs, traces and metrics: set up once in `main`, used everywhere.

Logs are JSON lines without personal data: no ids of people, bodies, query strings or keys. Traces
are made only where an OTLP endpoint is set. Metrics are those of `kokemus.metric_names`.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from kokemus.metric_names import METRICS, Metric
from kokemus.settings import ServiceSettings

_TRACER: Final = trace.get_tracer("kokemus")
"""Stands for the real one as soon as there is one; asking for it reads the environment."""
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Meters:
    """The metrics of one process, all of them on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._metrics: dict[str, Any] = {metric.name: self._make(metric) for metric in METRICS}
        self._labelled: dict[tuple[str, ...], Any] = {}

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Raises a counter; the labels in the order of the metric's declaration."""
        self._of(metric, labels).inc(amount)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Sets a gauge."""
        self._of(metric, labels).set(value)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Adds an observation to a histogram."""
        self._of(metric, labels).observe(value)

    def _of(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        if not labels:
            return self._metrics[metric.name]
        key = (metric.name, *labels)
        found = self._labelled.get(key)
        if found is None:
            found = self._labelled[key] = self._metrics[metric.name].labels(*labels)
        return found

    def _make(self, metric: Metric) -> Any:
        match metric.kind:
            case "counter":
                return Counter(metric.name, metric.help, metric.labels, registry=self.registry)
            case "gauge":
                return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)
            case "histogram":
                return Histogram(
                    metric.name,
                    metric.help,
                    metric.labels,
                    buckets=metric.buckets,
                    registry=self.registry,
                )


def setup(service: str, settings: ServiceSettings) -> Meters:
    """Configures this process's logs and traces, and makes its metrics.

    Args:
        service: the service's name, such as `ingest-kiosk`.
        settings: where traces go, if anywhere.
    """
    _log_as_json(service)
    if settings.otlp_endpoint and not isinstance(trace.get_tracer_provider(), TracerProvider):
        endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
        provider = TracerProvider(resource=Resource.create({"service.name": service}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        trace.set_tracer_provider(provider)
    return Meters()


def shutdown() -> None:
    """Sends the last spans; called once before the process ends."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


def tracing() -> bool:
    """Whether spans go anywhere."""
    return isinstance(trace.get_tracer_provider(), TracerProvider)


def start_span(name: str, kind: SpanKind, traceparent: str | None = None) -> Span:
    """A span under the given remote parent; costs next to nothing when no endpoint is set."""
    context = extract({"traceparent": traceparent}) if traceparent else None
    return _TRACER.start_span(name, context=context, kind=kind)


def valid_traceparent(value: str | None) -> str | None:
    """The value, where it is a W3C trace context of version 00, else None."""
    return value if value and _TRACEPARENT.fullmatch(value) else None


def traceparent_of(span: Span) -> str | None:
    """The W3C trace context that hands this span on, or None where nothing is traced."""
    if not span.get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    inject(carrier, context=trace.set_span_in_context(span))
    return carrier.get("traceparent")


def _frames_only(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Puts an exception's type and frames in its place: messages may quote what was sent."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if info is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["frames"] = traceback.format_tb(error.__traceback__)
    return event


def _log_as_json(service: str) -> None:
    def name_service(
        _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {"service": service, **event}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
    ]
    structlog.configure(
        processors=[
            *shared,
            _frames_only,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _frames_only,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("librdkafka").setLevel(logging.CRITICAL)  # its errors are logged by name
    for noisy in ("uvicorn.access", "httpx", "httpcore", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
