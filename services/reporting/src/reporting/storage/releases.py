"""Keeps releases: immutable heads and contents, steps that are only ever added."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.elements import TextClause

from reporting.disclosure.publishing import Kept, Protected, TableReport
from reporting.domain.audit import Action
from reporting.domain.releases import (
    Content,
    Kind,
    Release,
    State,
    Step,
    StepRefusedError,
    canonical,
    content_hash,
    may_follow,
    release_id,
)
from reporting.storage.audit import add_note


class ReleaseStore:
    """Releases. Each method is a transaction of its own, its audit note included."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep_draft(
        self, content: Content, by: str, at: datetime, protected: Protected | None = None
    ) -> str:
        """Stores a draft and returns its id; the same content twice is the same release.

        Args:
            content: what it publishes.
            by: who made it.
            at: when.
            protected: what was hidden in it, and the counts behind it.

        Raises:
            StepRefusedError: `unchanged`, since exactly this content has been published already.
        """
        body = canonical(content)
        hash_ = content_hash(body)
        id_ = release_id(content, hash_)
        async with self._writing() as connection:
            known = await _release(connection, id_)
            if known is not None:
                if known.when("published"):
                    raise StepRefusedError("unchanged")
                return id_
            await connection.execute(
                text("INSERT INTO content (hash, body) VALUES (:hash, :body)"),
                {"hash": hash_, "body": body},
            )
            await connection.execute(
                text(
                    "INSERT INTO release (id, kind, period_start, period_end, hash)"
                    " VALUES (:id, :kind, :start, :end, :hash)"
                ),
                {
                    "id": id_,
                    "kind": content.kind,
                    "start": content.period_start,
                    "end": content.period_end,
                    "hash": hash_,
                },
            )
            if protected is not None:
                await connection.execute(
                    text("INSERT INTO protection VALUES (:id, :report, :kept)"),
                    {
                        "id": id_,
                        "report": msgspec.json.encode(protected.report),
                        "kept": msgspec.json.encode(protected.kept),
                    },
                )
            await _take(connection, id_, (), Step("draft", by, at))
        return id_

    async def kept(self) -> list[Kept]:
        """The counts behind all that was ever published of persons' acts, hidden ones included."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT p.kept FROM protection p JOIN step s USING (release_id)"
                    " WHERE s.state = 'published' ORDER BY s.number"
                )
            )
            return [one for row in rows for one in msgspec.json.decode(row.kept, type=list[Kept])]

    async def report(self, id_: str) -> list[TableReport]:
        """What is hidden in a release, table by table."""
        async with self._engine.connect() as connection:
            row = await connection.execute(
                text("SELECT report FROM protection WHERE release_id = :id"), {"id": id_}
            )
            found = row.scalar_one_or_none()
        return [] if found is None else msgspec.json.decode(found, type=list[TableReport])

    async def take_step(self, id_: str, step: Step) -> tuple[Release, ...]:
        """Takes a release one step further, in one transaction with all that follows from it.

        Publishing supersedes what was published of the kind; withdrawing deletes the content.

        Returns:
            Every release whose state has changed, the given one first.

        Raises:
            StepRefusedError: the step may not follow, or not by this person.
            KeyError: no such release.
        """
        async with self._writing() as connection:
            release = await _release(connection, id_)
            if release is None:
                raise KeyError(id_)
            if step.state in {"approved", "published"}:
                await _refuse_outdated(connection, release)
            superseded = (
                await _current(connection, release.kind) if step.state == "published" else None
            )
            await _take(connection, id_, release.steps, step)
            if superseded is not None:
                await _take(
                    connection,
                    superseded.id,
                    superseded.steps,
                    Step("superseded", step.by, step.at, id_),
                )
            if step.state == "withdrawn":
                await connection.execute(
                    text("DELETE FROM content WHERE hash = :hash"), {"hash": release.hash}
                )
            changed = [id_] + ([superseded.id] if superseded else [])
            found = [await _release(connection, one) for one in changed]
        return tuple(one for one in found if one is not None)

    async def release(self, id_: str) -> Release | None:
        """A release without its content."""
        async with self._engine.connect() as connection:
            return await _release(connection, id_)

    async def releases(self, limit: int = 1000) -> list[Release]:
        """All releases, the newest first."""
        async with self._engine.connect() as connection:
            return await _releases(
                connection, text(f"{_SELECT} GROUP BY r.id ORDER BY r.created_at DESC LIMIT :n"),
                {"n": limit},
            )  # fmt: skip

    async def current(self, kind: Kind) -> Release | None:
        """The release of this kind that is published now; None if none is, or no more."""
        async with self._engine.connect() as connection:
            return await _current(connection, kind)

    async def latest_public(self, kind: Kind) -> Release | None:
        """The release of this kind that was published last, whatever became of it."""
        async with self._engine.connect() as connection:
            found = await _releases(connection, _LATEST, {"kind": kind})
        return found[0] if found else None

    async def body(self, hash_: str) -> bytes | None:
        """The canonical bytes of a content; None once it is withdrawn."""
        async with self._engine.connect() as connection:
            row = await connection.execute(
                text("SELECT body FROM content WHERE hash = :hash"), {"hash": hash_}
            )
            found: bytes | None = row.scalar_one_or_none()
        return found

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that no other step of a release runs beside."""
        async with self._engine.begin() as connection:
            await connection.execute(text("LOCK TABLE step IN SHARE ROW EXCLUSIVE MODE"))
            yield connection


_SELECT: Final = """
SELECT r.id, r.kind, r.period_start, r.period_end, r.hash,
       json_agg(json_build_object('state', s.state, 'by', s.taken_by, 'at', s.at,
                                   'reason', s.reason)
                ORDER BY s.seq) AS steps
FROM release r JOIN step s ON s.release_id = r.id
"""
_LATEST: Final = text(
    f"{_SELECT} WHERE r.kind = :kind GROUP BY r.id"
    " HAVING bool_or(s.state = 'published')"
    " ORDER BY max(s.number) FILTER (WHERE s.state = 'published') DESC LIMIT 1"
)


async def _releases(
    connection: AsyncConnection, statement: TextClause, values: dict[str, Any]
) -> list[Release]:
    rows = await connection.execute(statement, values)
    return [
        Release(
            row.id,
            row.kind,
            row.period_start,
            row.period_end,
            row.hash,
            tuple(msgspec.convert(row.steps, list[Step], strict=False)),
        )
        for row in rows
    ]


async def _release(connection: AsyncConnection, id_: str) -> Release | None:
    found = await _releases(connection, text(f"{_SELECT} WHERE r.id = :id GROUP BY r.id"),
                            {"id": id_})  # fmt: skip
    return found[0] if found else None


async def _current(connection: AsyncConnection, kind: Kind) -> Release | None:
    found = await _releases(connection, _LATEST, {"kind": kind})
    return found[0] if found and found[0].state == "published" else None


async def _refuse_outdated(connection: AsyncConnection, release: Release) -> None:
    """What was published since a draft was made may tell what the draft hides."""
    newer = await connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM step s JOIN release r ON r.id = s.release_id"
            " WHERE r.kind = :kind AND r.id <> :id AND s.state = 'published' AND s.number > ("
            "SELECT number FROM step WHERE release_id = :id AND state = 'draft'))"
        ),
        {"kind": release.kind, "id": release.id},
    )
    if newer.scalar_one():
        raise StepRefusedError("outdated")


async def _take(connection: AsyncConnection, id_: str, before: Sequence[Step], step: Step) -> None:
    may_follow(before, step.state, step.by)
    await connection.execute(
        text(
            "INSERT INTO step (release_id, seq, state, taken_by, at, reason)"
            " VALUES (:id, :seq, :state, :by, :at, :reason)"
        ),
        {
            "id": id_,
            "seq": len(before),
            "state": step.state,
            "by": step.by,
            "at": step.at,
            "reason": step.reason,
        },
    )
    await add_note(connection, step.by, _ACTIONS[step.state], id_, step.reason)


_ACTIONS: Final[dict[State, Action]] = {
    "draft": "release.drafted",
    "checked": "release.checked",
    "approved": "release.approved",
    "published": "release.published",
    "superseded": "release.superseded",
    "withdrawn": "release.withdrawn",
}
