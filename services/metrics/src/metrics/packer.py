"""Packs months of answers once they have come to rest, so that reading them is quick."""

import asyncio
from datetime import timedelta
from typing import Final

import psycopg
import structlog

from metrics.storage import packed_months

REST: Final = timedelta(hours=1)
"""A month that was counted into more recently is likely to change again."""
PAUSE_SECONDS: Final = 60

log = structlog.get_logger()


class Packer:
    """Packs as long as it runs. Several at once do no harm: each takes other months."""

    def __init__(self, database_url: str) -> None:
        """Takes a URL of SQLAlchemy's form."""
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)

    async def run(self) -> None:
        """Runs until it is cancelled; waits while the database is away."""
        while True:
            try:
                await asyncio.to_thread(self._pack)
            except psycopg.OperationalError as error:
                log.info("months wait to be packed", why=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    def _pack(self) -> None:
        with psycopg.connect(self._url, connect_timeout=5) as connection:
            while True:
                with connection.transaction(), connection.cursor() as cursor:
                    if packed_months.pack(cursor, REST) < packed_months.MOST_MONTHS:
                        return
