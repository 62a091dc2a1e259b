"""Notes in PostgreSQL: each change is a version more, and none is ever altered."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reporting.domain import releases
from reporting.domain.notes import DeskNote, KeptNote, for_release
from reporting.domain.releases import Text
from reporting.storage.audit import add_note


class NoteStore:
    """The notes; every method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def notes(self, entities: Sequence[str] | None = None) -> list[KeptNote]:
        """The newest version of every note that stands, newest day first.

        Args:
            entities: only those about these; None: about any.
        """
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                _NEWEST, {"entities": None if entities is None else list(entities)}
            )
            return [_kept(row) for row in rows.mappings()]

    async def note(self, id_: int) -> KeptNote | None:
        """One note that stands."""
        return next((one for one in await self.notes() if one.id == id_), None)

    async def add(self, note: DeskNote, by: str, now: datetime) -> int:
        """Keeps a new note; returns its id."""
        async with self._engine.begin() as connection:
            id_: int = (
                await connection.execute(text("SELECT nextval('desk_note_id')"))
            ).scalar_one()
            await _keep(connection, KeptNote(id_, 1, note, by, now))
            await add_note(connection, by, "note.written", note.entity, str(id_))
        return id_

    async def remove(self, kept: KeptNote, by: str, now: datetime) -> bool:
        """Takes a note away by a last version; False: it has changed meanwhile."""
        async with self._engine.begin() as connection:
            last = KeptNote(kept.id, kept.version + 1, kept.note, by, now)
            done = await _keep(connection, last, removed=True)
            if done:
                await add_note(connection, by, "note.removed", kept.note.entity, str(kept.id))
        return done

    async def notes_for_release(
        self, span: tuple[date, date], entities: Sequence[str]
    ) -> list[releases.Note]:
        """What a release of these days and entities freezes of the notes."""
        return for_release([one.note for one in await self.notes(entities)], span, entities)


_NEWEST: Final = text(
    "SELECT * FROM (SELECT DISTINCT ON (note) * FROM desk_note ORDER BY note, version DESC) newest"
    " WHERE NOT removed AND (CAST(:entities AS text[]) IS NULL OR entity = ANY(:entities))"
    " ORDER BY day DESC, note DESC"
)
_ADD: Final = text(
    "INSERT INTO desk_note (note, version, kind, entity, day, metric, month, fi, sv, en, removed,"
    " written_by, written_at) VALUES (:note, :version, :kind, :entity, :day, :metric, :month, :fi,"
    " :sv, :en, :removed, :by, :now) ON CONFLICT DO NOTHING"
)


async def _keep(connection: AsyncConnection, kept: KeptNote, *, removed: bool = False) -> bool:
    """Adds a version; False: somebody else has added it."""
    done = await connection.execute(
        _ADD,
        {
            "note": kept.id,
            "version": kept.version,
            "kind": kept.note.kind,
            "entity": kept.note.entity,
            "day": kept.note.day,
            "metric": kept.note.metric,
            "month": kept.note.month,
            "fi": kept.note.text.fi,
            "sv": kept.note.text.sv,
            "en": kept.note.text.en,
            "removed": removed,
            "by": kept.by,
            "now": kept.at,
        },
    )
    return bool(done.rowcount)


def _kept(row: RowMapping) -> KeptNote:
    said = Text(row["fi"], row["sv"], row["en"])
    note = DeskNote(row["kind"], row["entity"], row["day"], said, row["metric"], row["month"])
    return KeptNote(row["note"], row["version"], note, row["written_by"], row["written_at"])
