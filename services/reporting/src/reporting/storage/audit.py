"""The audit log: rows that are only ever added, in the transaction of what they tell."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

AUDIT_PAGE: Final = 200
"""Rows of the audit log shown at once."""


class AuditRow(NamedTuple):
    """Who did what to what, and when."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str | None


async def add_note(
    connection: AsyncConnection, actor: str, action: str, subject: str, detail: str | None = None
) -> None:
    """Adds a row within the connection's transaction."""
    await connection.execute(
        text(
            "INSERT INTO audit (actor, action, subject, detail)"
            " VALUES (:actor, :action, :subject, :detail)"
        ),
        {"actor": actor, "action": action, "subject": subject, "detail": detail},
    )
