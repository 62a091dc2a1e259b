"""The desk's live figures: the first screen, an entity with what is below it, as CSV, embedded."""

import asyncio
import csv
import io
from dataclasses import dataclass
from datetime import date

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kokemus.errors import Unavailable
from reporting.domain import desk, finding
from reporting.domain.briefing import JUDGED_BY, Known, Sentence, briefing, compared_below
from reporting.domain.drafting import METRICS
from reporting.domain.languages import Code
from reporting.domain.live import LiveFigure, Status
from reporting.domain.people import Person
from reporting.domain.releases import Entity
from reporting.handlers.signing_in import LANGUAGE_COOKIE, Door, Visit
from reporting.parts import Parts, language_of
from reporting.rendering import NO_CACHE, private


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the live figures."""
    views = _Figures(parts, door)
    app.add_route("/desk", door.guarded(views.page), methods=["GET"])
    app.add_route("/desk/figures.csv", door.guarded(views.table), methods=["GET"])
    app.add_route("/desk/version", door.guarded(views.version), methods=["GET"])
    app.add_route("/desk/embed", views.embedded, methods=["GET"])


@dataclass(frozen=True)
class _Looked:
    """What one look at the metrics API gave."""

    tree: dict[str, Entity]
    status: Status
    sentences: list[Sentence]


class _Figures:
    """The views; each takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def page(self, visit: Visit) -> Response:
        """The five sentences, the live figures of an entity and of those right below it."""
        parts, language = self._parts, self._parts.languages[visit.language]
        wanted = self._wanted(visit.request, visit.person)
        span = self._span()
        try:
            looked, totals, months, breaks = await asyncio.gather(
                self._look(wanted, visit.language),
                parts.metrics.figures(METRICS, [wanted], span, change="year", children=True),
                parts.metrics.figures(METRICS, [wanted], span, "month", children=True),
                parts.metrics.breaks(),
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        tree = looked.tree
        if not desk.may_see(visit.person, wanted, tree):
            return self._door.refusal(visit.language, "forbidden", 403)
        above = desk.path(tree, wanted)
        children = finding.by_name([one for one in tree.values() if one.parent == wanted], language)
        return self._door.page(
            visit,
            "figures.html",
            entity=wanted,
            name=language.of(tree[wanted].names) if wanted in tree else wanted,
            above=[
                (one.id, language.of(one.names))
                for one in above[:-1]
                if desk.may_see(visit.person, one.id, tree)
            ],
            span=(language.day(span[0]), language.day(span[1])),
            sentences=looked.sentences,
            series=desk.series(_of(totals, wanted), _of(months, wanted), language),
            breaks=desk.breaks_of(breaks, above, span, language),
            below=desk.below(children, totals, months, language),
            notes=(await parts.notes.notes([wanted]))[:3] if wanted in tree else [],
            status=looked.status,
        )

    async def table(self, visit: Visit) -> Response:
        """The same figures as CSV, by codes and as printed: a link that can be sent."""
        wanted = self._wanted(visit.request, visit.person)
        today = self._parts.here().date()
        try:
            live, totals = await asyncio.gather(
                self._parts.metrics.entities(),
                self._parts.metrics.figures(
                    METRICS, [wanted], self._span(), change="year", children=True
                ),
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        if not desk.may_see(visit.person, wanted, desk.entities_on(live, today)):
            return self._door.refusal(visit.language, "forbidden", 403)
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerows(desk.as_rows(totals))
        return Response(
            out.getvalue(),
            media_type="text/csv; charset=utf-8",
            headers={
                "Cache-Control": NO_CACHE,
                "Content-Disposition": 'attachment; filename="kokemus.csv"',
            },
        )

    async def version(self, _visit: Visit) -> Response:
        """What the figures on the desk are as of: a page that was opened compares it."""
        try:
            status = await self._parts.metrics.status()
        except Unavailable:
            return JSONResponse({"as_of": None}, headers={"Cache-Control": NO_CACHE})
        at = status.as_of.isoformat() if status.as_of else None
        return JSONResponse({"as_of": at}, headers={"Cache-Control": NO_CACHE})

    async def embedded(self, request: Request) -> Response:
        """The five sentences for an intranet's start page; a link to sign in for who has not."""
        code = language_of(request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE))
        known = await self._door.known(request)
        values: dict[str, object] = {"name": "", "sentences": [], "signed_in": known is not None}
        if known is not None:
            wanted = self._wanted(request, known[1])
            try:
                looked = await self._look(wanted, code)
            except Unavailable:
                pass
            else:
                if wanted in looked.tree and desk.may_see(known[1], wanted, looked.tree):
                    name = self._parts.languages[code].of(looked.tree[wanted].names)
                    values |= {"name": name, "sentences": looked.sentences}
        return private(self._parts.templates.render("desk/embed.html", code, **values))

    async def _look(self, wanted: str, code: Code) -> _Looked:
        metrics, now = self._parts.metrics, self._parts.here()
        tree = desk.entities_on(await metrics.entities(), now.date())
        entities = compared_below(tree, wanted)
        year = now.year - 1
        status, sources, returns, figures = await asyncio.gather(
            metrics.status(),
            metrics.sources(),
            metrics.participation(year),
            metrics.figures(JUDGED_BY, sorted(entities), self._span(), change="year"),
        )
        known = Known(entities, figures, status, sources, returns.service_entities, year, now)
        return _Looked(tree, status, briefing(known, self._parts.languages[code]))

    def _wanted(self, request: Request, person: Person) -> str:
        """The entity that is asked for, else the first of the person's own, else the city."""
        root = self._parts.settings.root_entity
        return request.query_params.get("entity") or person.starts_at(root)

    def _span(self) -> tuple[date, date]:
        first, last = self._parts.last_months()
        return first.date(), last.date()


def _of(figures: list[LiveFigure], entity: str) -> list[LiveFigure]:
    return [one for one in figures if one.entity == entity]
