"""Keeps rounds, the forms of divisions' returns with their drafts, and the events that go out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.elements import TextClause

from kokemus.contracts import wire
from kokemus.contracts.events import Event
from reporting.domain.audit import Action
from reporting.domain.outgoing import Outgoing, Refusal
from reporting.domain.returns import Key, Return, ReturnRefusedError, Round, State, Taken
from reporting.storage.audit import add_note

_ACTIONS: Final[Mapping[State, Action]] = {
    "draft": "return.opened",
    "submitted": "return.submitted",
    "approved": "return.approved",
}


class Waiting(NamedTuple):
    """An event of an approved form that has not been taken in yet."""

    number: int
    event: bytes


class ReturnStore:
    """Rounds and forms. Each method is a transaction of its own, its audit note included."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rounds(self) -> list[Round]:
        """Every round, the newest first."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT year, opens, due FROM round ORDER BY year DESC")
            )
            return [Round(*row) for row in rows]

    async def keep_round(self, kept: Round, by: str) -> None:
        """Opens a round, or moves its dates."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO round (year, opens, due) VALUES (:year, :opens, :due)"
                    " ON CONFLICT (year) DO UPDATE SET opens = :opens, due = :due"
                ),
                msgspec.structs.asdict(kept),
            )
            dates = f"{kept.opens} - {kept.due}"
            await add_note(connection, by, "round.kept", str(kept.year), dates)

    async def forms(self, year: int) -> list[Return]:
        """Every form of a year, by kind, entity and number."""
        async with self._engine.connect() as connection:
            return await _forms(connection, _OF_YEAR, {"year": year})

    async def form(self, key: Key) -> Return | None:
        """One form; None where nobody has begun or delegated it."""
        async with self._engine.connect() as connection:
            return await _form(connection, key)

    async def delegate(self, key: Key, division: str, user: str | None, by: str) -> None:
        """Hands a form to a person beside the division's contact; None takes it back."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(f"{_INSERT} DO UPDATE SET delegate = :delegate"),
                {**_values(key, division), "delegate": user},
            )
            await add_note(connection, by, "return.delegated", key.path, user)

    async def save(
        self, key: Key, division: str, answers: Mapping[str, str], version: int, taken: Taken
    ) -> Return:
        """Keeps a draft; its first one begins the form.

        Raises:
            ReturnRefusedError: somebody has changed it meanwhile, or it is no draft any more.
        """
        async with self._engine.begin() as connection:
            await connection.execute(
                text(f"{_INSERT} DO NOTHING"), {**_values(key, division), "delegate": None}
            )
            before = await _locked(connection, key)
            if before.version != version:
                raise ReturnRefusedError("changed")
            if before.state not in (None, "draft"):
                raise ReturnRefusedError("wrong_state")
            await connection.execute(
                text("UPDATE return_form SET answers = :answers, version = :next WHERE id = :id"),
                {"answers": _json(answers), "next": version + 1, "id": before.id},
            )
            if before.state is None:
                await _take(connection, before, taken, answers)
            else:
                await add_note(connection, taken.by, "return.saved", key.path)
            return await _locked(connection, key)

    async def take_step(self, seen: Return, taken: Taken, made: Sequence[Event] = ()) -> None:
        """Takes a form a step further, and keeps the events that go out for it.

        Args:
            seen: the form that the step was judged by.
            taken: the step.
            made: the events of an approval.

        Raises:
            ReturnRefusedError: `changed`, the form is not the one that was seen any more.
        """
        async with self._engine.begin() as connection:
            now = await _locked(connection, seen.key)
            if (now.version, now.steps) != (seen.version, seen.steps):
                raise ReturnRefusedError("changed")
            await _take(connection, now, taken, now.answers)
            if made:  # what they say replaces what has not been taken in of an approval before
                await connection.execute(
                    text("DELETE FROM return_event WHERE form_id = :id AND taken_at IS NULL"),
                    {"id": now.id},
                )
            for one in made:
                await connection.execute(
                    text(
                        "INSERT INTO return_event (form_id, event_id, event)"
                        " VALUES (:form, :id, :event)"
                    ),
                    {"form": now.id, "id": one.id, "event": wire.encode(one)},
                )

    async def forms_waiting(self) -> list[str]:
        """The ids of forms with events neither taken in nor refused, the longest waiting first."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT form_id::text FROM return_event"
                    " WHERE taken_at IS NULL AND refused IS NULL"
                    " GROUP BY form_id ORDER BY min(number)"
                )
            )
            return list(rows.scalars())

    async def waiting(self, form: str) -> list[Waiting]:
        """The events of a form that have neither been taken in nor refused."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT number, event FROM return_event WHERE form_id = :form"
                    " AND taken_at IS NULL AND refused IS NULL ORDER BY number"
                ),
                {"form": form},
            )
            return [Waiting(row.number, row.event) for row in rows]

    async def events_standing(self) -> Mapping[str, int]:
        """How many events of all forms are `waiting` and `refused`."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT count(*) FILTER (WHERE refused IS NULL) AS waiting,"
                    " count(refused) AS refused FROM return_event WHERE taken_at IS NULL"
                )
            )
            return dict(rows.mappings().one())

    async def settle(self, numbers: Sequence[int], refused: Mapping[int, Refusal]) -> None:
        """Remembers which events were taken in, and which were refused and why."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE return_event SET taken_at = now() WHERE number = ANY(:numbers)"),
                {"numbers": [one for one in numbers if one not in refused]},
            )
            for number, why in refused.items():
                await connection.execute(
                    text(
                        "UPDATE return_event SET refused = :detail, refused_status = :status"
                        " WHERE number = :number"
                    ),
                    {**why._asdict(), "number": number},
                )

    async def resend(self, form: Return, by: str) -> None:
        """Lets what was refused of a form wait again, once whatever it was is mended."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE return_event SET refused = NULL, refused_status = NULL"
                    " WHERE form_id = :id AND refused IS NOT NULL"
                ),
                {"id": form.id},
            )
            await add_note(connection, by, "return.resent", form.key.path)

    async def outgoing(self, form: Return) -> Outgoing:
        """What has become of a form's events so far."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT taken_at IS NOT NULL AS taken, refused,"
                    " coalesce(refused_status, 422) AS status, count(*) AS number"
                    " FROM return_event WHERE form_id = :id GROUP BY 1, 2, 3 ORDER BY 3, 2"
                ),
                {"id": form.id},
            )
            found = rows.all()
        refused = [row for row in found if row.refused is not None]
        return Outgoing(
            waiting=sum(row.number for row in found if not row.taken and row.refused is None),
            taken=sum(row.number for row in found if row.taken),
            refused=sum(row.number for row in refused),
            refusals=[Refusal(row.status, row.refused) for row in refused],
        )

    async def refused_forms(self, year: int) -> frozenset[str]:
        """The ids of a year's forms of which something was refused."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT DISTINCT form_id::text FROM return_event"
                    " JOIN return_form ON return_form.id = form_id"
                    " WHERE year = :year AND refused IS NOT NULL"
                ),
                {"year": year},
            )
            return frozenset(rows.scalars())


_INSERT: Final = """
INSERT INTO return_form (year, kind, entity, number, division, delegate)
VALUES (:year, :kind, :entity, :number, :division, :delegate)
ON CONFLICT (year, kind, entity, number)"""
_SELECT: Final = """
SELECT f.id::text, f.year, f.kind, f.entity, f.number, f.division, f.delegate, f.answers, f.version,
       (SELECT coalesce(json_agg(json_build_object('state', s.state, 'by', s.taken_by, 'at', s.at)
                                 ORDER BY s.seq), '[]')
        FROM return_step s WHERE s.form_id = f.id) AS steps
FROM return_form f"""
_OF_YEAR: Final = text(f"{_SELECT} WHERE f.year = :year ORDER BY f.kind, f.entity, f.number")
_KEY: Final = "WHERE year = :year AND kind = :kind AND entity = :entity AND number = :number"
_ONE: Final = text(f"{_SELECT} {_KEY}")
_LOCK: Final = text(f"SELECT FROM return_form {_KEY} FOR UPDATE")


async def _forms(
    connection: AsyncConnection, statement: TextClause, values: Mapping[str, Any]
) -> list[Return]:
    rows = await connection.execute(statement, values)
    return [
        Return(
            row.id,
            Key(row.year, row.kind, row.entity, row.number),
            row.division,
            row.delegate,
            row.answers,
            row.version,
            tuple(msgspec.convert(row.steps, list[Taken], strict=False)),
        )
        for row in rows
    ]


async def _form(connection: AsyncConnection, key: Key) -> Return | None:
    found = await _forms(connection, _ONE, msgspec.structs.asdict(key))
    return found[0] if found else None


async def _locked(connection: AsyncConnection, key: Key) -> Return:
    """The form as it stands until the end of the transaction."""
    await connection.execute(_LOCK, msgspec.structs.asdict(key))
    found = await _form(connection, key)
    if found is None:
        raise ReturnRefusedError("changed")
    return found


async def _take(
    connection: AsyncConnection, form: Return, taken: Taken, answers: Mapping[str, str]
) -> None:
    await connection.execute(
        text(
            "INSERT INTO return_step (form_id, seq, state, taken_by, at, answers)"
            " VALUES (:id, :seq, :state, :by, :at, :answers)"
        ),
        {
            "id": form.id,
            "seq": len(form.steps),
            "state": taken.state,
            "by": taken.by,
            "at": taken.at,
            "answers": _json(answers),
        },
    )
    await add_note(connection, taken.by, _ACTIONS[taken.state], form.key.path)


def _values(key: Key, division: str) -> dict[str, Any]:
    return {**msgspec.structs.asdict(key), "division": division}


def _json(answers: Mapping[str, str]) -> str:
    return msgspec.json.encode(answers).decode()
