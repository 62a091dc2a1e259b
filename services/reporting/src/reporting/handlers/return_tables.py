"""Returns as Excel tables: templates, a dry run, and an answer row by row."""

import asyncio
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response

from kokemus.errors import Unavailable
from kokemus.imports.document import XLSX
from kokemus.imports.tables import TooLarge, Unreadable
from reporting.domain.people import MAY_APPROVE, MAY_FILL
from reporting.domain.return_forms import FORM_KINDS, FormKind
from reporting.domain.return_tables import foreign, subjects
from reporting.domain.return_wording import kind_words
from reporting.feedback_client import Judgement, Row
from reporting.handlers.posted import Limits
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts
from reporting.rendering import NO_CACHE
from reporting.round_reading import organisation_of

LARGEST: Final = 20 * 1024 * 1024
"""Bytes of a table that ingest-feedback takes."""
UPLOAD: Final = Limits(fields=10, size=LARGEST + 16 * 1024, file=True, seconds=300)
SHOWN: Final = 200
"""Rows of an answer that a page lists."""


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the tables."""
    views = _Tables(parts, door)
    app.add_route("/desk/returns/table", door.guarded(views.show), methods=["GET"])
    app.add_route("/desk/returns/table", door.guarded(views.take, limits=UPLOAD), methods=["POST"])
    app.add_route(
        "/desk/returns/template/{kind}.xlsx", door.guarded(views.template), methods=["GET"]
    )


class _Tables:
    """The page of the tables, and what it leads to."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def show(self, visit: Visit) -> Response:
        """The templates, and the way back for a filled-in one."""
        return self._page(visit)

    async def template(self, visit: Visit) -> Response:
        """An empty workbook of a kind."""
        kind = _kind(visit.request.path_params["kind"])
        if kind is None:
            return self._door.refusal(visit.language, "missing", 404)
        try:
            content = await self._parts.feedback.template(kind)
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        return Response(
            content,
            media_type=XLSX,
            headers={
                "Content-Disposition": f'attachment; filename="kokemus-{kind}.xlsx"',
                "Cache-Control": NO_CACHE,
            },
        )

    async def take(self, visit: Visit) -> Response:
        """A workbook's rows, judged, and unless it was a dry run taken in."""
        kind, dry_run = _kind(visit.form.get("kind", "")), visit.form.get("do") != "send"
        if kind is None or not visit.file:
            return self._page(visit, 400, wrong=True)
        try:
            judgement = await self._foreign(
                visit, dry_run=dry_run
            ) or await self._parts.feedback.table(kind, visit.file, dry_run=dry_run)
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        except (Unreadable, TooLarge):
            return self._page(visit, 400, wrong=True)
        if not dry_run and judgement.accepted:
            detail = f"{judgement.accepted}/{judgement.rows}"
            await self._parts.audit.note(visit.person.user, "table.sent", kind, detail)
        return self._page(visit, judgement=judgement, dry_run=dry_run, chosen=kind)

    async def _foreign(self, visit: Visit, *, dry_run: bool) -> Judgement | None:
        """A refusal where rows speak for entities that this person does not return for.

        A table that is sent is counted at once, so only who approves returns sends it.
        """
        may = MAY_APPROVE | MAY_FILL if dry_run else MAY_APPROVE
        organisation = await organisation_of(self._parts, self._parts.here().year)
        divisions = {one.id for one in organisation.divisions if visit.person.may(may, one.id)}
        found = await asyncio.to_thread(
            foreign,
            subjects(visit.file),
            lambda subject: organisation.division_of(subject) in divisions,
            SHOWN,
        )
        if not found.others:
            return None
        say = self._parts.languages[visit.language].say
        why = (
            say("Et palauta tämän yksikön tietoja.")
            if dry_run
            else say("Taulukon lähettää se, joka hyväksyy tämän yksikön palautukset.")
        )
        whole = say("Taulukossa on rivejä, jotka eivät ole sinun lähetettävissäsi.")
        return Judgement(
            rows=found.rows,
            rejected=[Row(line, "subject", why) for line in found.lines],
            detail=f"{whole} ({found.others}/{found.rows})",
        )

    def _page(  # noqa: PLR0913 - what a page shows
        self,
        visit: Visit,
        code: int = 200,
        *,
        judgement: Judgement | None = None,
        dry_run: bool = True,
        chosen: FormKind = "method",
        wrong: bool = False,
    ) -> Response:
        language = self._parts.languages[visit.language]
        return self._door.page(
            visit,
            "return_tables.html",
            code,
            kinds=[(kind, kind_words(kind, language)) for kind in FORM_KINDS],
            judgement=judgement,
            dry_run=dry_run,
            chosen=chosen,
            wrong=wrong,
            shown=SHOWN,
        )


def _kind(written: str) -> FormKind | None:
    return next((one for one in FORM_KINDS if one == written), None)
