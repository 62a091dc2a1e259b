"""Divisions' returns on the desk: the round with who is still missing, and the forms."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from kokemus.errors import Unavailable
from reporting.domain.finding import by_name
from reporting.domain.people import MAY_FILL, MAY_OPEN_ROUNDS
from reporting.domain.return_forms import FORM_KINDS, FormKind
from reporting.domain.return_wording import kind_words, state_words
from reporting.domain.returns import (
    DivisionRound,
    Organisation,
    Return,
    Round,
    asked_of,
    may_fill,
    may_follow,
    next_number,
)
from reporting.domain.returns import Key as FormKey
from reporting.handlers.posted import Limits
from reporting.handlers.return_forms import FormViews
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts
from reporting.round_reading import divisions_of, organisation_of

FORM: Final = "/desk/returns/{year:int}/{kind}/{entity}/{number:int}"
LARGE: Final = Limits(fields=200, size=64 * 1024)
"""The longest return has some forty fields and four comments of 500 characters."""
USUAL_DATES: Final = ((10, 10), (11, 20))
"""Month and day on which a round usually opens and is due."""


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the returns."""
    views, forms = _Rounds(parts, door), FormViews(parts, door)
    app.add_route("/desk/returns", door.guarded(views.round), methods=["GET"])
    app.add_route("/desk/returns", door.guarded(views.keep, MAY_OPEN_ROUNDS), methods=["POST"])
    app.add_route("/desk/returns/new", door.guarded(views.new), methods=["GET"])
    app.add_route(FORM, door.guarded(forms.show), methods=["GET"])
    app.add_route(FORM, door.guarded(forms.fill_in, limits=LARGE), methods=["POST"])
    app.add_route(f"{FORM}/delegate", door.guarded(forms.delegate), methods=["POST"])
    app.add_route(f"{FORM}/{{step}}", door.guarded(forms.step), methods=["POST"])


class _Rounds:
    """The rounds; each view takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def round(self, visit: Visit) -> Response:
        """A year's round: the reader's divisions, and the forms that were handed to the reader."""
        parts, language = self._parts, self._parts.languages[visit.language]
        rounds = await parts.returns.rounds()
        asked = visit.request.query_params.get("year", "")
        shown = next((one for one in rounds if str(one.year) == asked), None) or next(
            iter(rounds), None
        )
        divisions: Sequence[DivisionRound] = ()
        forms: list[Return] = []
        refused: frozenset[str] = frozenset()
        organisation = Organisation((), 2000)
        if shown is not None:
            try:
                divisions, organisation = await divisions_of(parts, shown.year)
            except Unavailable as error:
                return self._door.page(visit, "away.html", 503, why=str(error))
            forms = await parts.returns.forms(shown.year)
            refused = await parts.returns.refused_forms(shown.year)
        person = visit.person
        own = [one for one in divisions if may_follow(person, one.division.id)]
        fillable = [
            entity
            for one in own
            if person.may(MAY_FILL, one.division.id)
            for entity in organisation.below(one.division.id)
        ]
        return self._door.page(
            visit,
            "returns.html",
            rounds=rounds,
            round=shown,
            today=parts.here().date(),
            divisions=own,
            refused=refused,
            handed=[one for one in forms if one.delegate == person.user],
            organisation=organisation,
            askable=by_name(fillable, language),
            kinds=[(kind, kind_words(kind, language)) for kind in FORM_KINDS],
            names={one.user: one.name for one in parts.people.everybody()},
            state=lambda one: state_words(one, language),
            may_open=person.may(MAY_OPEN_ROUNDS),
            suggested=_suggested(rounds, parts.here().date()),
        )

    async def keep(self, visit: Visit) -> Response:
        """Opens a round, or moves the dates of one."""
        try:
            kept = Round(
                int(visit.form.get("year", "")),
                date.fromisoformat(visit.form.get("opens", "")),
                date.fromisoformat(visit.form.get("due", "")),
            )
        except ValueError:
            return self._door.page(visit, "refused.html", 400, why="period")
        if not 2000 <= kept.year <= 2100 or kept.due < kept.opens:
            return self._door.page(visit, "refused.html", 400, why="period")
        await self._parts.returns.keep_round(kept, visit.person.user)
        return RedirectResponse(f"/desk/returns?year={kept.year}", 303)

    async def new(self, visit: Visit) -> Response:
        """Leads to the form that an entity fills in next."""
        query = visit.request.query_params
        kind: FormKind | None = next((k for k in FORM_KINDS if k == query.get("kind")), None)
        year = next(
            (one.year for one in await self._parts.returns.rounds()
             if str(one.year) == query.get("year")), None
        )  # fmt: skip
        if kind is None or year is None:
            return self._door.refusal(visit.language, "missing", 404)
        try:
            organisation = await organisation_of(self._parts, year)
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        entity = organisation.entities.get(query.get("entity", ""))
        division = organisation.division_of(entity.id) if entity else None
        if entity is None or division is None or not asked_of(kind, entity):
            return self._door.refusal(visit.language, "unasked", 404)
        if not may_fill(visit.person, division, None):
            return self._door.refusal(visit.language, "forbidden", 403)
        number = next_number(kind, entity.id, await self._parts.returns.forms(year))
        return RedirectResponse(FormKey(year, kind, entity.id, number).path, 303)


def _suggested(rounds: Sequence[Round], today: date) -> Round:
    """The newest round's dates to move, or those that the year's first one usually has."""
    if rounds and rounds[0].year >= today.year:
        return rounds[0]
    opens, due = (date(today.year, month, day) for month, day in USUAL_DATES)
    return Round(today.year, opens, due)
