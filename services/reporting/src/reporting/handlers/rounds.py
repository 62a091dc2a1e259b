"""Rounds of returns for machines: the years, and how far the reader's divisions are."""

from datetime import date

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel

from kokemus.errors import Unavailable
from kokemus.problems import Problem, described, unavailable
from reporting.domain.people import Person
from reporting.domain.returns import Round, may_follow
from reporting.handlers.signing_in import Door
from reporting.parts import Parts
from reporting.rendering import NO_CACHE
from reporting.round_reading import divisions_of


class EntityOut(BaseModel):
    """A service entity with the state of its return, and whether that is still missing."""

    entity: str
    state: str
    missing: bool


class DivisionOut(BaseModel):
    """A division with its service entities."""

    division: str
    missing: int
    entities: list[EntityOut]


class RoundOut(BaseModel):
    """A year's round: open from `opens` on, due at the end of `due`."""

    year: int
    opens: date
    due: date
    divisions: list[DivisionOut]


class RoundsOut(BaseModel):
    """Every round, the newest first."""

    rounds: list[RoundOut]


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the route of the rounds."""

    @app.head("/v1/rounds", include_in_schema=False)
    @app.get(
        "/v1/rounds",
        tags=["returns"],
        response_model=RoundsOut,
        responses={401: described("Not signed in"), 503: described("The metrics API is away")},
    )
    async def rounds(request: Request) -> Response:
        """The rounds of returns, with those divisions of which the reader may know."""
        known = await door.known(request)
        if known is None:
            raise Problem(401, "sign in at /desk/sign-in")
        try:
            found = [await _out(parts, one, known[1]) for one in await parts.returns.rounds()]
        except Unavailable as error:
            raise unavailable("the metrics API is away") from error
        return Response(
            RoundsOut(rounds=found).model_dump_json(),
            media_type="application/json",
            headers={"Cache-Control": NO_CACHE},
        )


async def _out(parts: Parts, one: Round, reader: Person) -> RoundOut:
    divisions, _ = await divisions_of(parts, one.year)
    return RoundOut(
        year=one.year,
        opens=one.opens,
        due=one.due,
        divisions=[
            DivisionOut(
                division=found.division.id,
                missing=found.missing,
                entities=[
                    EntityOut(entity=row.entity.id, state=row.shown, missing=row.missing)
                    for row in found.rows
                ],
            )
            for found in divisions
            if may_follow(reader, found.division.id)
        ],
    )
