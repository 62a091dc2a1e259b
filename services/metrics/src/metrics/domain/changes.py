"""Which figures a transaction changed, and the hints that tell others about it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal, NamedTuple
from uuid import uuid4

import msgspec

from kokemus.contracts import events

Kind = Literal[
    "presses",
    "reasons",
    "feedback",
    "complaints",
    "ombudsman",
    "surveys",
    "participation",
    "games",
    "practices",
    "reported",
]

METRICS_OF: Final[dict[str, tuple[str, ...]]] = {
    "presses": (
        "press_count",
        "happy_index",
        "very_positive_share",
        "satisfied_share",
        "misuse_share",
        "nps",
        "promoter_share",
        "passive_share",
        "detractor_share",
        "hourly_press_count",
        "hourly_satisfied_share",
        "experience_profile",
        "driver_hour_difference",
        "driver_touchpoint_difference",
        "mean_likert5",
        "mean_grade4_10",
    ),
    "reasons": ("reason_count", "reason_share"),
    "feedback": (
        "feedback_count",
        "praise_share",
        "criticism_share",
        "share_of_city",
        "answered_in_promise_share",
        "answer_time_median",
        "answer_time_mean",
        "reaction_time_mean",
        "unanswered_overdue",
    ),
    "complaints": ("complaint_count", "complaint_decisions"),
    "ombudsman": ("ombudsman_contacts", "ombudsman_matters"),
    "surveys": ("response_rate", "reach", "driver_statement_correlation"),
    "participation": (
        "participation_methods",
        "participation_volume",
        "participation_coverage",
        "participation_change",
    ),
    "games": ("game_measures",),
    "practices": (
        "measurement_coverage",
        "observed_measurement_coverage",
        "measurement_staleness",
        "measured_entities",
    ),
    "reported": ("reported",),
}
"""Which metrics a kind of change concerns."""


class ChangedCell(NamedTuple):
    """An entity and a local day (its ordinal) of which figures changed, and of which kind."""

    entity: str
    day: int
    kind: Kind


_decoder: Final = msgspec.msgpack.Decoder(list[ChangedCell])


def encode_cells(cells: Iterable[ChangedCell]) -> bytes:
    """One transaction's changes as the outbox keeps them."""
    return msgspec.msgpack.encode(list(cells))


def announcements(stored: Iterable[bytes], now: datetime) -> list[events.MetricsChanged]:
    """One event an entity: every metric that changed, from the first to the last day.

    Args:
        stored: what `encode_cells` gave, of several transactions.
        now: the events' time and watermark.
    """
    days: dict[str, set[int]] = defaultdict(set)
    metrics: dict[str, set[str]] = defaultdict(set)
    for row in stored:
        for cell in _decoder.decode(row):
            days[cell.entity].add(cell.day)
            metrics[cell.entity].update(METRICS_OF[cell.kind])
    return [
        events.MetricsChanged(
            specversion="1.0",
            id=uuid4().hex,
            source="metrics",
            subject=entity,
            time=now,
            data=events.Change(
                metrics=sorted(metrics[entity]),
                period_start=date.fromordinal(min(changed)),
                period_end=date.fromordinal(max(changed)),
                watermark=now,
            ),
        )
        for entity, changed in days.items()
    ]
