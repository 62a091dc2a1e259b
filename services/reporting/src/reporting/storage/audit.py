"""The audit log: rows that are only ever added, in the transaction of what they tell."""

from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reporting.domain.audit import Action, AuditRow, Sought


class AuditStore:
    """The audit log. Each method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(
        self, actor: str, action: Action, subject: str, detail: str | None = None
    ) -> None:
        """Adds a row that tells of nothing else that is kept."""
        async with self._engine.begin() as connection:
            await add_note(connection, actor, action, subject, detail)

    async def rows(
        self, sought: Sought, zone: ZoneInfo, limit: int, before: int | None = None
    ) -> list[AuditRow]:
        """The newest rows that were searched for, newest first.

        Args:
            sought: what is searched for.
            zone: in which its days lie.
            limit: how many at most.
            before: only rows with a lower id than this.
        """
        values = {
            "who": sought.who or None,
            "actions": sought.actions,
            "about": sought.about or None,
            "since": sought.since(zone),
            "until": sought.until(zone),
            "before": before,
            "n": limit,
        }
        async with self._engine.connect() as connection:
            return [AuditRow(*row) for row in await connection.execute(_FOUND, values)]


async def add_note(
    connection: AsyncConnection, actor: str, action: Action, subject: str, detail: str | None = None
) -> None:
    """Adds a row within the connection's transaction."""
    await connection.execute(
        text(
            "INSERT INTO audit (actor, action, subject, detail)"
            " VALUES (:actor, :action, :subject, :detail)"
        ),
        {"actor": actor, "action": action, "subject": subject, "detail": detail},
    )


_FOUND: Final = text("""
SELECT id, at, actor, action, subject, detail FROM audit
WHERE (CAST(:who AS text) IS NULL OR actor = :who)
  AND (CAST(:actions AS text[]) IS NULL OR action = ANY(:actions))
  AND (CAST(:about AS text) IS NULL OR starts_with(subject, :about))
  AND (CAST(:since AS timestamptz) IS NULL OR at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR at < :until)
  AND (CAST(:before AS bigint) IS NULL OR id < :before)
ORDER BY id DESC LIMIT :n
""")
