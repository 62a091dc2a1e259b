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

# --- polled sources -----------------------------------------------------------------------------

SOURCE_POLLS: Final = Metric(
    "kokemus_source_polls_total",
    "counter",
    "Polls of a source by how they ended: read, token_refused or unavailable.",
    ("source", "outcome"),
)
SOURCE_UP: Final = Metric(
    "kokemus_source_up",
    "gauge",
    "1 while the last poll of a source read everything that was due, else 0.",
    ("source",),
)
SOURCE_PLACE: Final = Metric(
    "kokemus_source_place_seconds",
    "gauge",
    "Unix time up to which a source has been read; it stands still while the source is away.",
    ("source",),
)
SOURCE_ROWS: Final = Metric(
    "kokemus_source_rows_total",
    "counter",
    "Rows that a source gave, read again or not, by what became of them.",
    ("source", "outcome"),
)

# --- counting -----------------------------------------------------------------------------------

EVENTS_APPLIED: Final = Metric(
    "kokemus_events_applied_total",
    "counter",
    "Events that changed a figure or a record, committed.",
    ("topic",),
)
EVENTS_REPEATED: Final = Metric(
    "kokemus_events_repeated_total",
    "counter",
    "Events that were known already, or that a newer one had overtaken.",
    ("topic",),
)
EVENTS_DEAD: Final = Metric(
    "kokemus_events_dead_total", "counter", "Records that became dead letters.", ("topic",)
)
COUNTING_UNDONE: Final = Metric(
    "kokemus_counting_undone_total",
    "counter",
    "Transactions that were undone and are done again: stale, or the database was away.",
    ("why",),
)
RECORDS_ARCHIVED: Final = Metric(
    "kokemus_records_archived_total",
    "counter",
    "Records that stand in the archive.",
    ("topic",),
)
GAPS_FILLED: Final = Metric(
    "kokemus_gap_records_filled_total",
    "counter",
    "Records that the topics had lost and that were counted from the archive.",
    (),
)
COUNTING_SECONDS: Final = Metric(
    "kokemus_counting_seconds",
    "histogram",
    "Seconds from a decoded batch to its commit.",
    (),
    _SECONDS,
)
PARTITIONS_STOPPED: Final = Metric(
    "kokemus_partitions_stopped", "gauge", "Partitions of this consumer that wait for an operator."
)
CONSUMER_LAG: Final = Metric(
    "kokemus_consumer_lag", "gauge", "Records of this consumer's partitions not counted yet."
)
CHANGES_WAITING: Final = Metric(
    "kokemus_changes_waiting", "gauge", "Changed entities and days not announced yet."
)
IDS_SEEN: Final = Metric("kokemus_ids_seen", "gauge", "Ids that this consumer holds in memory.")

# --- divisions' returns -------------------------------------------------------------------------

RETURN_EVENTS: Final = Metric(
    "kokemus_return_events_total",
    "counter",
    "Events of approved returns by how sending them ended: taken or refused; failed: one attempt.",
    ("outcome",),
)
RETURN_EVENTS_STANDING: Final = Metric(
    "kokemus_return_events_standing",
    "gauge",
    "Events of approved returns that are not taken in: waiting, or refused until somebody acts.",
    ("state",),
)

# --- the worker of reporting --------------------------------------------------------------------

JOB_TURNS: Final = Metric(
    "kokemus_job_turns_total",
    "counter",
    "Turns of a job by how they ended: done, failed, or elsewhere: another worker was at it.",
    ("job", "outcome"),
)
JOB_DONE: Final = Metric(
    "kokemus_job_done_seconds",
    "gauge",
    "Unix time at which this worker did a job to its end last.",
    ("job",),
)
ALERTS_OPEN: Final = Metric(
    "kokemus_alerts_open",
    "gauge",
    "Alerts that have not cleared, by rule; new until somebody has acknowledged them.",
    ("rule", "state"),
)
MAIL_SENT: Final = Metric(
    "kokemus_mail_total",
    "counter",
    "Mails by kind and by how an attempt ended: sent, failed, refused or given_up.",
    ("kind", "outcome"),
)
MAIL_WAITING: Final = Metric("kokemus_mail_waiting", "gauge", "Mails that have not gone out yet.")

METRICS: Final[tuple[Metric, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
"""All of them, in the order of this page."""
