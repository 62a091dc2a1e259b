"""Notes on the desk: explanations of figures, what was heard and done, and what meetings did."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from kokemus.errors import Unavailable
from reporting.domain.desk import answers_for, entities_on, may_see
from reporting.domain.drafting import METRICS
from reporting.domain.notes import KINDS, LONGEST, NoteRefusedError, written
from reporting.domain.people import MAY_NOTE
from reporting.domain.releases import Entity
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts

_NOTES: Final = "/desk/notes"
_ONWARD: Final[Mapping[str, str]] = {"weeks": "/desk/weeks"}
"""Pages that have a form of their own for a note, and are shown again after it."""


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the notes."""
    views = _Notes(parts, door)
    app.add_route("/desk/notes", door.guarded(views.listed), methods=["GET"])
    app.add_route("/desk/notes", door.guarded(views.write), methods=["POST"])
    app.add_route("/desk/notes/{id:int}/remove", door.guarded(views.remove), methods=["POST"])


class _Notes:
    """The notes; each view takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def listed(self, visit: Visit) -> Response:
        """The notes of an entity, and a form for whoever answers for it."""
        own = visit.person.starts_at(self._parts.settings.root_entity)
        return await self._page(visit, visit.request.query_params.get("entity") or own)

    async def write(self, visit: Visit) -> Response:
        """Keeps a note."""
        entity = visit.form.get("entity", "")
        try:
            tree = await self._tree()
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        if entity not in tree or not answers_for(visit.person, MAY_NOTE, entity, tree):
            return self._door.refusal(visit.language, "forbidden", 403)
        try:
            note = written(visit.form, entity, METRICS, self._parts.here().date())
        except NoteRefusedError as error:
            return await self._page(visit, entity, error.flaw, 422)
        await self._parts.notes.add(note, visit.person.user, self._parts.now())
        return _back(entity, _ONWARD.get(visit.form.get("onward", ""), _NOTES))

    async def remove(self, visit: Visit) -> Response:
        """Takes a note away; its versions stay in the database and the log."""
        kept = await self._parts.notes.note(visit.request.path_params["id"])
        if kept is None:
            return self._door.refusal(visit.language, "missing", 404)
        try:
            tree = await self._tree()
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        if not answers_for(visit.person, MAY_NOTE, kept.note.entity, tree):
            return self._door.refusal(visit.language, "forbidden", 403)
        if not await self._parts.notes.remove(kept, visit.person.user, self._parts.now()):
            return self._door.refusal(visit.language, "missing", 404)
        return _back(kept.note.entity)

    async def _page(
        self, visit: Visit, entity: str, flaw: str | None = None, status: int = 200
    ) -> Response:
        try:
            tree = await self._tree()
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        if entity not in tree:
            return self._door.refusal(visit.language, "missing", 404)
        if not may_see(visit.person, entity, tree):
            return self._door.refusal(visit.language, "forbidden", 403)
        language = self._parts.languages[visit.language]
        return self._door.page(
            visit,
            "notes.html",
            status,
            entity=entity,
            name=language.of(tree[entity].names),
            notes=await self._parts.notes.notes([entity]),
            people={one.user: one.name for one in self._parts.people.everybody()},
            may_write=answers_for(visit.person, MAY_NOTE, entity, tree),
            kinds=KINDS,
            metrics=METRICS,
            longest=LONGEST,
            today=self._parts.here().date(),
            form=visit.form,
            flaw=flaw,
        )

    async def _tree(self) -> Mapping[str, Entity]:
        return entities_on(await self._parts.metrics.entities(), self._parts.here().date())


def _back(entity: str, page: str = _NOTES) -> Response:
    return RedirectResponse(f"{page}?{urlencode({'entity': entity})}", 303)
