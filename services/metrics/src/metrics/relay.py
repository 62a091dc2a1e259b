"""Announces what changed: the outbox of the counting transaction, published and then deleted.

Each transaction leaves one row. It is announced at least once, after it is committed; rows of many
transactions become one event an entity.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import structlog

from kokemus.errors import Unavailable
from kokemus.metric_names import CHANGES_WAITING
from kokemus.publishing import Publisher
from kokemus.telemetry import Meters
from metrics.domain.changes import announcements

PAUSE_SECONDS: Final = 0.5
"""Between two looks at the outbox: short for a reader, long enough to gather much in one."""
MOST_ROWS: Final = 500

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
            changed = announcements([cells for _, cells in rows], datetime.now(UTC))
            await self._publisher.publish(changed)
            await asyncio.to_thread(self._delete, [number for number, _ in rows])
        return len(rows)

    def _read(self) -> list[tuple[int, bytes]]:
        query = "SELECT id, cells FROM changed ORDER BY id LIMIT %s"
        return self._connection().execute(query, (MOST_ROWS,)).fetchall()

    def _delete(self, numbers: list[int]) -> None:
        self._connection().execute(
            "DELETE FROM changed WHERE id IN (SELECT id FROM changed WHERE id = ANY(%s)"
            " FOR UPDATE SKIP LOCKED)",
            (numbers,),
        )

    def _connection(self) -> psycopg.Connection[Any]:
        if self._open is None or self._open.closed:
            self._open = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
