"""Keeps which sessions have ended, and which sign-ins were used up."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class SessionStore:
    """Sessions that their people have ended, so that their cookies open nothing any more."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def end(self, id_: str, expires_at: datetime) -> None:
        """Remembers the session until it would have expired anyway."""
        async with self._engine.begin() as connection:
            await _remember(connection, id_, expires_at)

    async def begin(self, state: str, expires_at: datetime) -> bool:
        """Uses up a sign-in; False: it was used before."""
        async with self._engine.begin() as connection:
            return await _remember(connection, f"attempt:{state}", expires_at)

    async def ended(self, id_: str) -> bool:
        """Whether the session was ended."""
        async with self._engine.connect() as connection:
            row = await connection.execute(
                text("SELECT EXISTS (SELECT FROM ended_session WHERE id = :id)"), {"id": id_}
            )
            return bool(row.scalar_one())


async def _remember(connection: AsyncConnection, id_: str, until: datetime) -> bool:
    """Keeps what is used up, and forgets what has expired; False: it was kept before."""
    await connection.execute(text("DELETE FROM ended_session WHERE expires_at < now()"))
    kept = await connection.execute(
        text("INSERT INTO ended_session VALUES (:id, :at) ON CONFLICT DO NOTHING"),
        {"id": id_, "at": until},
    )
    return kept.rowcount == 1
