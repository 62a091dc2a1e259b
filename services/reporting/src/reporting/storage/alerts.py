"""Alerts in PostgreSQL: opened once, cleared by the figures, acknowledged by people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reporting.domain.alerts import Alert, Finding, Rule
from reporting.storage.audit import add_note

SHOWN: Final = 200
"""Alerts that the desk lists; the open ones come first."""


class Standing(NamedTuple):
    """How many open alerts of a rule there are, by whether somebody has acknowledged them."""

    rule: str
    acknowledged: bool
    alerts: int


class AlertStore:
    """The alerts; every method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def take(self, rule: Rule, findings: Iterable[Finding], day: date, now: datetime) -> None:
        """Opens, keeps and clears the alerts of a rule; idempotent.

        A series without a finding keeps its alert as it is: too few answers clear nothing.
        """
        async with self._engine.begin() as connection:
            for one in findings:
                values = {**one.series._asdict(), "value": one.value, "n": one.n, "now": now}
                if not one.breached:
                    await connection.execute(_CLEAR, values)
                    continue
                about = {"signal": rule.signal, "limit": rule.limit, "day": day}
                await connection.execute(_OPEN, values | about)
                await connection.execute(_RENEW, values)

    async def alerts(self, entities: Sequence[str] | None = None) -> list[Alert]:
        """The alerts that the desk lists: open ones first, then the newest.

        Args:
            entities: only those of these; None: of any.
        """
        async with self._engine.connect() as connection:
            return await _alerts(
                connection,
                "WHERE CAST(:entities AS text[]) IS NULL OR entity = ANY(:entities)"
                " ORDER BY cleared_at IS NOT NULL, acknowledged_at IS NOT NULL, id DESC"
                f" LIMIT {SHOWN}",
                {"entities": entities},
            )

    async def open(self, entities: Sequence[str]) -> int:
        """How many alerts of these entities are open."""
        async with self._engine.connect() as connection:
            found: int = (
                await connection.execute(
                    text(
                        "SELECT count(*) FROM alert"
                        " WHERE cleared_at IS NULL AND entity = ANY(:entities)"
                    ),
                    {"entities": list(entities)},
                )
            ).scalar_one()
            return found

    async def untold(self) -> list[Alert]:
        """Open alerts of which no mail has told yet."""
        async with self._engine.connect() as connection:
            return await _alerts(
                connection, "WHERE told_at IS NULL AND cleared_at IS NULL ORDER BY id"
            )

    async def told(self, ids: Sequence[int], now: datetime) -> None:
        """Remembers that mail tells of these alerts."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE alert SET told_at = :now WHERE id = ANY(:ids)"),
                {"ids": list(ids), "now": now},
            )

    async def alert(self, id_: int) -> Alert | None:
        """One alert."""
        async with self._engine.connect() as connection:
            found = await _alerts(connection, "WHERE id = :id", {"id": id_})
        return found[0] if found else None

    async def acknowledge(self, id_: int, by: str, now: datetime, comment: str | None) -> bool:
        """Keeps who has seen an alert, and what they say; False: somebody had before."""
        async with self._engine.begin() as connection:
            done = await connection.execute(
                text(
                    "UPDATE alert SET acknowledged_by = :by, acknowledged_at = :now,"
                    " comment = :comment WHERE id = :id AND acknowledged_at IS NULL"
                ),
                {"id": id_, "by": by, "now": now, "comment": comment},
            )
            if done.rowcount:
                await add_note(connection, by, "alert.acknowledged", str(id_), comment)
        return bool(done.rowcount)

    async def standing(self) -> list[Standing]:
        """How many alerts are open."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT rule, acknowledged_at IS NOT NULL, count(*) FROM alert"
                    " WHERE cleared_at IS NULL GROUP BY 1, 2"
                )
            )
            return [Standing(*row) for row in rows]


_SERIES: Final = "rule = :rule AND entity = :entity AND channel = :channel AND scale = :scale"
_OPEN: Final = text(
    "INSERT INTO alert"
    ' (rule, signal, "limit", entity, channel, scale, day, value, n, opened_at)'
    " VALUES (:rule, :signal, :limit, :entity, :channel, :scale, :day, :value, :n, :now)"
    " ON CONFLICT DO NOTHING"
)
_RENEW: Final = text(
    f"UPDATE alert SET value = :value, n = :n WHERE {_SERIES} AND cleared_at IS NULL"
)
_CLEAR: Final = text(f"UPDATE alert SET cleared_at = :now WHERE {_SERIES} AND cleared_at IS NULL")


async def _alerts(
    connection: AsyncConnection, rest: str, values: Mapping[str, Any] | None = None
) -> list[Alert]:
    columns = ", ".join(f'"{name}"' for name in Alert.__struct_fields__)
    rows = await connection.execute(text(f"SELECT {columns} FROM alert {rest}"), values or {})
    return [msgspec.convert(dict(row), Alert) for row in rows.mappings()]
