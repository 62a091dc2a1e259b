"""The desk's live figures: the first screen, an entity with what is below it, as CSV, embedded."""

import asyncio
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kokemus.errors import Unavailable
from reporting.domain import chapters, desk, finding
from reporting.domain.briefing import JUDGED_BY, Known, Sentence, briefing, compared_below
from reporting.domain.languages import Code
from reporting.domain.live import LiveFigure, Status
from reporting.domain.live_tables import METRICS, Lines, as_rows, below, reading, series
from reporting.domain.present import discreet, exact_for
from reporting.domain.releases import Entity
from reporting.handlers.desk_frame import Frame
from reporting.handlers.signing_in import LANGUAGE_COOKIE, Door, Visit
from reporting.parts import Parts, language_of
from reporting.rendering import NO_CACHE, private

SHOWN_NOTES: Final = 6
"""The newest notes on the first screen; the rest have their own page."""


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
        self._frame = Frame(parts)

    async def page(self, visit: Visit) -> Response:
        """The five sentences, the live figures of an entity and of those right below it."""
        parts, language = self._parts, self._parts.languages[visit.language]
        wanted = self._frame.wanted(visit)
        span = self._frame.span()
        ask = parts.metrics.figures
        try:
            looked, totals, months, breaks, catalogue, notes = await asyncio.gather(
                self._look(wanted, visit.language),
                ask(METRICS, [wanted], span, change="year", children=True, variation=True),
                ask(METRICS, [wanted], span, "month", children=True),
                parts.metrics.breaks(),
                parts.metrics.catalogue(),
                parts.notes.notes_for_release(span, [wanted]),
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        tree = looked.tree
        if not desk.may_see(visit.person, wanted, tree):
            return self._door.refusal(visit.language, "forbidden", 403)
        exact = exact_for(visit.person, tree)
        totals, months = discreet(totals, exact), discreet(months, exact)
        lines = Lines(months, breaks, tree)
        children = finding.by_name([one for one in tree.values() if one.parent == wanted], language)
        return self._door.page(
            visit,
            "figures.html",
            **self._frame.told(visit, wanted, tree, looked.status),
            sentences=looked.sentences,
            series=series(_of(totals, wanted), lines, language),
            breaks=desk.breaks_of(breaks, desk.path(tree, wanted), span, language),
            reading=reading(_of(totals, wanted), catalogue.texts(), language),
            below=below(children, totals, lines, language),
            told=chapters.told(notes, {}, language)[:SHOWN_NOTES],
            alerts=await parts.alerts.open(desk.within(wanted, tree)),
        )

    async def table(self, visit: Visit) -> Response:
        """The same figures as CSV, by codes and as printed: a link that can be sent."""
        wanted = self._frame.wanted(visit)
        ask = self._parts.metrics.figures
        try:
            tree, totals = await asyncio.gather(
                self._frame.tree(),
                ask(
                    METRICS,
                    [wanted],
                    self._frame.span(),
                    change="year",
                    children=True,
                    variation=True,
                ),
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        if not desk.may_see(visit.person, wanted, tree):
            return self._door.refusal(visit.language, "forbidden", 403)
        whole = [one for one in totals if one.channel is not None and not one.dimension]
        return csv_file(as_rows(discreet(whole, exact_for(visit.person, tree))))

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
            wanted = self._frame.wanted_by(known[1], request)
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
        tree = await self._frame.tree()
        entities = compared_below(tree, wanted)
        year = now.year - 1
        status, sources, returns, figures = await asyncio.gather(
            metrics.status(),
            metrics.sources(),
            metrics.participation(year),
            metrics.figures(JUDGED_BY, sorted(entities), self._frame.span(), change="year"),
        )
        known = Known(entities, figures, status, sources, returns.service_entities, year, now)
        return _Looked(tree, status, briefing(known, self._parts.languages[code]))


def csv_file(rows: list[Sequence[object]]) -> Response:
    """A table to keep or to send on; never kept by caches."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return Response(
        out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Cache-Control": NO_CACHE,
            "Content-Disposition": 'attachment; filename="kokemus.csv"',
        },
    )


def _of(figures: list[LiveFigure], entity: str) -> list[LiveFigure]:
    return [one for one in figures if one.entity == entity]
