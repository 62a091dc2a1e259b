"""The desk's pages beside its first: months, voices, participation, what goes with experience."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from fastapi import FastAPI
from starlette.responses import Response

from kokemus.errors import Unavailable
from reporting.domain import desk, pages
from reporting.domain.briefing import JUDGED_BY, compared_below
from reporting.domain.finding import by_name
from reporting.domain.going_with import METRICS as GOING_WITH
from reporting.domain.going_with import going_with
from reporting.domain.grids import Chapter
from reporting.domain.inventory import METRICS as MEASURING
from reporting.domain.inventory import inventory
from reporting.domain.ladder import ladder
from reporting.domain.live import LiveFigure, Status
from reporting.domain.live_tables import METRICS as ANSWERS
from reporting.domain.live_tables import as_rows
from reporting.domain.present import (
    NOTHING,
    Beside,
    discreet,
    edition_of_now,
    exact_for,
    notes_of_answers,
)
from reporting.domain.releases import Entity, Text
from reporting.handlers.desk_figures import csv_file
from reporting.handlers.desk_frame import Frame
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts

_MESSAGES: Final = (
    "feedback_count",
    "praise_share",
    "criticism_share",
    "answered_in_promise_share",
    "unanswered_overdue",
)
_BY_YEAR: Final = (
    "mean_likert5",
    "mean_grade4_10",
    "complaint_count",
    "ombudsman_contacts",
    "ombudsman_matters",
)
_PARTICIPATION: Final = (
    "participation_methods",
    "participation_volume",
    "participation_coverage",
    "participation_change",
    "game_measures",
)
_CSV: Final = "csv"


class _Look(NamedTuple):
    """What every page needs of the metrics API."""

    tree: dict[str, Entity]
    status: Status
    texts: dict[str, Text]


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the pages."""
    views = _Chapters(parts, door)
    app.add_route("/desk/months", door.guarded(views.months), methods=["GET"])
    app.add_route("/desk/voices", door.guarded(views.voices), methods=["GET"])
    app.add_route("/desk/participation", door.guarded(views.participation), methods=["GET"])
    app.add_route("/desk/drivers", door.guarded(views.drivers), methods=["GET"])


class _Chapters:
    """The views; each takes a visit and answers with a page, or its figures with `?format=csv`."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door
        self._frame = Frame(parts)

    async def months(self, visit: Visit) -> Response:
        """The answers by month: charts with their tables, the breaks, and what explains them."""
        wanted, metrics, span = self._frame.wanted(visit), self._parts.metrics, self._months()
        try:
            look, figures, breaks, notes = await asyncio.gather(
                self._look(),
                metrics.figures(ANSWERS, [wanted], span, "month"),
                metrics.breaks(),
                self._parts.notes.notes_for_release(span, [wanted]),
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        return self._told(visit, look, figures, beside=Beside(breaks, notes))

    async def voices(self, visit: Visit) -> Response:
        """Feedback and the promise to answer by month; surveys, cases and contacts by year."""
        wanted, ask = self._frame.wanted(visit), self._parts.metrics.figures
        first, last = self._frame.span()
        try:
            look, by_month, by_year = await asyncio.gather(
                self._look(),
                ask(_MESSAGES, [wanted], (first.replace(day=1), last), "month"),
                ask(_BY_YEAR, [wanted], self._years(), "year"),
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        return self._told(visit, look, [*by_month, *by_year])

    async def participation(self, visit: Visit) -> Response:
        """The ladder beside experience, the ways of participation, and what is measured."""
        wanted, ask = self._frame.wanted(visit), self._parts.metrics.figures
        last, today = self._years()
        year, this_year = last.year, (last.replace(year=today.year), today)
        try:
            look, returns, figures, measuring = await asyncio.gather(
                self._look(),
                self._parts.metrics.participation(year),
                ask(_PARTICIPATION, [wanted], self._years(), "year"),
                ask(MEASURING, [wanted], this_year, "year", children=True),
            )
            entities = compared_below(look.tree, wanted)
            felt = await ask(JUDGED_BY, sorted(entities), self._frame.span(), change="year")
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        language = self._parts.languages[visit.language]
        felt = discreet(felt, exact_for(visit.person, look.tree))
        matrix = ladder(entities, returns.service_entities, felt, year, language)
        return self._told(visit, look, [*figures, *measuring], [matrix] if matrix else [])

    async def drivers(self, visit: Visit) -> Response:
        """Reasons, hours, touchpoints and statements that go with a good or a bad experience."""
        wanted, ask = self._frame.wanted(visit), self._parts.metrics.figures
        try:
            look, figures = await asyncio.gather(
                self._look(), ask(GOING_WITH, [wanted], self._frame.span())
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        figures = discreet(figures, exact_for(visit.person, look.tree))
        chapter = going_with(figures, self._parts.languages[visit.language])
        return self._told(visit, look, figures, [chapter] if chapter else [])

    async def _look(self) -> _Look:
        metrics = self._parts.metrics
        tree, status, catalogue = await asyncio.gather(
            self._frame.tree(), metrics.status(), metrics.catalogue()
        )
        return _Look(tree, status, catalogue.texts())

    def _told(
        self,
        visit: Visit,
        look: _Look,
        figures: list[LiveFigure],
        first: Sequence[Chapter] = (),
        beside: Beside = NOTHING,
    ) -> Response:
        """What the figures tell, as a public page would, after chapters that were made already."""
        wanted = self._frame.wanted(visit)
        if not desk.may_see(visit.person, wanted, look.tree):
            return self._door.refusal(visit.language, "forbidden", 403)
        known = {one.metric for one in figures if one.status != "no_data"}
        shown = discreet(
            (one for one in figures if one.metric in known), exact_for(visit.person, look.tree)
        )
        if visit.request.query_params.get("format") == _CSV:
            return csv_file(as_rows(shown))
        told = measured = None
        if wanted in look.tree:
            language = self._parts.languages[visit.language]
            edition = edition_of_now(shown, look.tree, look.texts, self._months(), beside)
            told = pages.page(edition, look.tree[wanted], language)
            measured = inventory(by_name(edition.children(wanted), language), edition, language)
        return self._door.page(
            visit,
            "chapters.html",
            **self._frame.told(visit, wanted, look.tree, look.status),
            page=visit.request.url.path,
            sections=told.sections if told else [],
            chapters=[*first, *(told.chapters if told else []), *([measured] if measured else [])],
            told=told.told if told else [],
            notes=notes_of_answers(told) if told else [],
            few=any(one.status == "few" for one in shown),
        )

    def _months(self) -> tuple[date, date]:
        """As many months as a table shows, the one that runs included."""
        today = self._parts.here().date()
        first = today.year * 12 + today.month - pages.MONTHS_SHOWN
        return date(first // 12, first % 12 + 1, 1), today

    def _years(self) -> tuple[date, date]:
        """The last whole year, and this one so far."""
        today = self._parts.here().date()
        return date(today.year - 1, 1, 1), today
