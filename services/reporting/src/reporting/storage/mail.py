"""Mail on its way, and who wants none. Users are kept, addresses are not."""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting.domain.audit import Action
from reporting.domain.letters import Kind
from reporting.storage.audit import add_note

GivenUp = Literal["stopped", "no_address", "refused", "old", "withdrawn"]
"""Why a mail never goes out."""
WAITS: Final = timedelta(minutes=1)
"""The rest after a first attempt; each further one doubles it."""
LONGEST_WAIT: Final = timedelta(hours=4)
TURN: Final = 50
"""Mails that one turn takes at most."""


class Key(NamedTuple):
    """What makes a mail the same mail."""

    recipient: str
    kind: Kind
    period: str


class Due(NamedTuple):
    """A mail whose turn it is."""

    number: int
    recipient: str
    kind: Kind
    message: bytes
    made_at: datetime
    withdrawn: bool
    """Whether the release that it tells of is withdrawn."""


class MailStore:
    """The mails; every method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def wants(self, key: Key) -> bool:
        """Whether the mail was never made and the recipient has not stopped its kind."""
        async with self._engine.connect() as connection:
            row = await connection.execute(
                text(
                    "SELECT NOT EXISTS (SELECT FROM mail WHERE recipient = :recipient"
                    " AND kind = :kind AND period = :period) AND NOT EXISTS (SELECT FROM mail_stop"
                    " WHERE recipient = :recipient AND kind = :kind)"
                ),
                key._asdict(),
            )
            return bool(row.scalar_one())

    async def keep(
        self, key: Key, message: bytes, now: datetime, release: str | None = None
    ) -> None:
        """Puts a mail on its way, unless the same was made before."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO mail (recipient, kind, period, release_id, message, made_at,"
                    " next_at) VALUES (:recipient, :kind, :period, :release, :message, :now, :now)"
                    " ON CONFLICT DO NOTHING"
                ),
                {**key._asdict(), "release": release, "message": message, "now": now},
            )

    async def due(self, now: datetime) -> list[Due]:
        """Mails whose turn it is; each rests from now on, for as long as its attempts ask for.

        Whoever crashes while sending sends again only after that rest.
        """
        async with self._engine.begin() as connection:
            rows = await connection.execute(
                _CLAIM,
                {"now": now, "turn": TURN, "wait": WAITS, "longest": LONGEST_WAIT},
            )
            return sorted(Due(*row) for row in rows)

    async def sent(self, number: int, now: datetime) -> None:
        """Remembers that a mail went out; what it said is forgotten."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE mail SET sent_at = :now, message = NULL WHERE number = :number"),
                {"number": number, "now": now},
            )

    async def give_up(self, number: int, why: GivenUp) -> None:
        """Remembers that a mail will not go out; what it said is forgotten."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE mail SET given_up = :why, message = NULL WHERE number = :number"),
                {"number": number, "why": why},
            )

    async def key_of(self, number: int) -> Key | None:
        """Which mail has this number."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT recipient, kind, period FROM mail WHERE number = :number"),
                {"number": number},
            )
            row = rows.one_or_none()
            return Key(*row) if row else None

    async def stop(
        self, recipient: str, kind: str, why: Literal["asked", "bounced"], now: datetime
    ) -> bool:
        """Makes no more mail of a kind for a recipient, and drops what waits; False: as before."""
        values = {"recipient": recipient, "kind": kind, "why": why, "now": now}
        async with self._engine.begin() as connection:
            added = await connection.execute(
                text(
                    "INSERT INTO mail_stop VALUES (:recipient, :kind, :why, :now)"
                    " ON CONFLICT DO NOTHING"
                ),
                values,
            )
            if not added.rowcount:
                return False
            await connection.execute(
                text(
                    "UPDATE mail SET given_up = 'stopped', message = NULL"
                    " WHERE recipient = :recipient AND kind = :kind AND message IS NOT NULL"
                ),
                {"recipient": recipient, "kind": kind},
            )
            await add_note(connection, recipient, _STOPPED[why], kind)
        return True

    async def resume(self, recipient: str, kind: str) -> bool:
        """Makes mail of a kind again; False: it was not stopped."""
        async with self._engine.begin() as connection:
            done = await connection.execute(
                text("DELETE FROM mail_stop WHERE recipient = :recipient AND kind = :kind"),
                {"recipient": recipient, "kind": kind},
            )
            if done.rowcount:
                await add_note(connection, recipient, "mail.resumed", kind)
        return bool(done.rowcount)

    async def waiting(self) -> int:
        """How many mails have not gone out yet."""
        async with self._engine.connect() as connection:
            row = await connection.execute(
                text("SELECT count(*) FROM mail WHERE message IS NOT NULL")
            )
            return int(row.scalar_one())


_STOPPED: Final[dict[str, Action]] = {"asked": "mail.asked", "bounced": "mail.bounced"}
_CLAIM: Final = text("""
UPDATE mail SET attempts = attempts + 1,
                next_at = :now + least(:wait * power(2, least(attempts, 20)), :longest)
WHERE number IN (
    SELECT number FROM mail WHERE message IS NOT NULL AND next_at <= :now
    ORDER BY number LIMIT :turn FOR UPDATE SKIP LOCKED
)
RETURNING number, recipient, kind, message, made_at, EXISTS (
    SELECT FROM step s WHERE s.release_id = mail.release_id AND s.state = 'withdrawn'
)
""")
