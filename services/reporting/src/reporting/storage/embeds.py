"""Embeds in use, in PostgreSQL: where they stand, of what, and whom to tell when that ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting.domain.embeds import Embed, Wanted
from reporting.storage.audit import add_note

_COLUMNS: Final = ", ".join(Embed.__struct_fields__)


class EmbedStore:
    """The embeds; every method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, wanted: Wanted, by: str, now: datetime) -> None:
        """Keeps an embed; the same one again has the newer mail address and is told of anew."""
        values = wanted._asdict() | {"by": by, "now": now}
        async with self._engine.begin() as connection:
            await connection.execute(_KEEP, values)
            await add_note(connection, by, "embed.kept", wanted.entity, wanted.address)

    async def remove(self, id_: int, by: str) -> bool:
        """Forgets an embed that is no longer in use; False: there is none."""
        async with self._engine.begin() as connection:
            gone = await connection.execute(
                text("DELETE FROM embed WHERE id = :id RETURNING entity, address"), {"id": id_}
            )
            row = gone.one_or_none()
            if row is not None:
                await add_note(connection, by, "embed.removed", row.entity, row.address)
        return row is not None

    async def embeds(self) -> list[Embed]:
        """All of them, by address."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(f"SELECT {_COLUMNS} FROM embed ORDER BY address, id")
            )
            return [msgspec.convert(dict(row), Embed) for row in rows.mappings()]

    async def told(self, ids: Sequence[int], now: datetime) -> None:
        """Remembers that mail tells of the end of these."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE embed SET told_at = :now WHERE id = ANY(:ids)"),
                {"ids": list(ids), "now": now},
            )


_KEEP: Final = text(
    "INSERT INTO embed (address, entity, language, mail, registered_by, registered_at)"
    " VALUES (:address, :entity, :language, :mail, :by, :now)"
    " ON CONFLICT (address, entity, language) DO UPDATE SET mail = excluded.mail,"
    " registered_by = excluded.registered_by, registered_at = excluded.registered_at,"
    " told_at = NULL"
)
