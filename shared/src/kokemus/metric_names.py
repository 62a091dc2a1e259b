"""Every Prometheus metric of every service: a closed list, so that dashboards can rely on it.

No label ever carries an id of a person, a press or a case; each label's values are few.
"""

from typing import Final, Literal, NamedTuple


class Metric(NamedTuple):
    """One metric: its name, what it says, and its labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# --- every HTTP service -------------------------------------------------------------------------

HTTP_SECONDS: Final = Metric(
    "kokemus_http_request_seconds",
    "histogram",
    "Seconds until an HTTP answer began, by route template and status.",
    ("method", "route", "status"),
    _SECONDS,
)
READY: Final = Metric(
    "kokemus_ready", "gauge", "1 while /health/ready says yes as of its last check, else 0."
)

# --- ingest -------------------------------------------------------------------------------------

EVENTS_ACCEPTED: Final = Metric(
    "kokemus_events_accepted_total",
    "counter",
    "Events confirmed by all in-sync replicas and answered with 202, repeats included.",
    ("type",),
)
EVENTS_REJECTED: Final = Metric(
    "kokemus_events_rejected_total",
    "counter",
    "Events refused at the edge, by the closed reason.",
    ("reason",),
)
FIELDS_DROPPED: Final = Metric(
    "kokemus_fields_dropped_total",
    "counter",
    "Data fields and extensions that no contract names, dropped before the topic.",
    ("place",),
)
BYTES_IN_FLIGHT: Final = Metric(
    "kokemus_ingest_in_flight_bytes",
    "gauge",
    "Request bodies that are being read, checked or published.",
)
OVERLOADED: Final = Metric(
    "kokemus_ingest_overloaded_total",
    "counter",
    "Requests answered with 503 because too many bytes were in flight.",
)
PUBLISH_FAILED: Final = Metric(
    "kokemus_publish_failed_total",
    "counter",
    "Events that the brokers did not confirm; their senders were told to send again.",
    ("topic",),
)

METRICS: Final[tuple[Metric, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
"""All of them, in the order of this page."""
