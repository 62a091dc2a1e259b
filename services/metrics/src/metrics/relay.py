"""Announces what changed: the outbox of the counting transaction, published and then deleted.

A change is announced at least once, after it is committed. A row that changes again while it is
announced keeps its new version and is announced again.
"""

import asyncio
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

import psycopg
import structlog

from kokemus.contracts import events
from kokemus.errors import Unavailable
from kokemus.metric_names import CHANGES_WAITING
from kokemus.publishing import Publisher
from kokemus.telemetry import Meters

PAUSE_SECONDS: Final = 0.5
"""Between two looks at the outbox: short for a reader, long enough to gather much in one."""
MOST_ROWS: Final = 10_000

METRICS_OF: Final[dict[str, list[str]]] = {
    "presses": [
        "press_count",
        "happy_index",
        "very_positive_share",
        "satisfied_share",
        "misuse_share",
        "nps",
    ],
    "reasons": ["reasons"],
    "feedback": ["feedback_count"],
    "complaints": ["complaint_count"],
    "reported": ["reported"],
}
"""Which metrics a kind of change concerns."""

Row = tuple[str, date, str, str, str]
"""Entity, day, kind of change, version and place of a row of the outbox."""

log = structlog.get_logger()


class Relay:
    """Empties the outbox as long as it runs. Several at once do no harm."""

    def __init__(self, database_url: str, publisher: Publisher, meters: Meters) -> None:
        """Takes a URL of SQLAlchemy's form."""
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._publisher = publisher
        self._meters = meters
        self._open: psycopg.Connection[Any] | None = None

    async def run(self) -> None:
        """Runs until it is cancelled; waits while database or broker are away."""
        try:
            while True:
                try:
                    announced = await self._announce()
                except (Unavailable, psycopg.OperationalError) as error:
                    log.info("changes wait", why=type(error).__name__)
                    self._close()
                    announced = 0
                    await asyncio.sleep(1)
                if announced < MOST_ROWS:
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._close()

    async def _announce(self) -> int:
        rows = await asyncio.to_thread(self._read)
        self._meters.set(CHANGES_WAITING, len(rows))
        if rows:
            await self._publisher.publish(announcements(rows, datetime.now(UTC)))
            await asyncio.to_thread(self._delete, rows)
        return len(rows)

    def _read(self) -> list[Row]:
        return (
            self._connection()
            .execute("SELECT entity, day, of, version::text FROM changed LIMIT %s", (MOST_ROWS,))
            .fetchall()
        )

    def _delete(self, rows: list[Row]) -> None:
        # A row's place and version together name exactly the row that was announced.
        self._connection().execute(
            "DELETE FROM changed WHERE ctid IN (SELECT c.ctid FROM changed AS c"
            " JOIN unnest(%s::tid[], %s::xid8[]) AS d(place, version)"
            " ON c.ctid = d.place AND c.version = d.version FOR UPDATE OF c SKIP LOCKED)",
            ([place for *_, place in rows], [version for *_, version, _ in rows]),
        )

    def _connection(self) -> psycopg.Connection[Any]:
        if self._open is None or self._open.closed:
            self._open = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def announcements(rows: list[Row], now: datetime) -> list[events.MetricsChanged]:
    """One event an entity: every metric that changed, from the first to the last day."""
    days: dict[str, set[date]] = defaultdict(set)
    metrics: dict[str, set[str]] = defaultdict(set)
    for entity, day, kind, *_ in rows:
        days[entity].add(day)
        metrics[entity].update(METRICS_OF[kind])
    return [
        events.MetricsChanged(
            specversion="1.0",
            id=uuid4().hex,
            source="metrics",
            subject=entity,
            time=now,
            data=events.Change(
                metrics=sorted(metrics[entity]),
                period_start=min(changed),
                period_end=max(changed),
                watermark=now,
            ),
        )
        for entity, changed in days.items()
    ]
