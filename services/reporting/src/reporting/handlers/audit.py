"""The audit log on the desk: searched, page by page, and as a table."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response, StreamingResponse

from reporting.domain.audit import HEAD, TOPICS, WORDS, Sought, as_rows, sought
from reporting.domain.open_data import cell
from reporting.domain.people import MAY_AUDIT
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts
from reporting.rendering import NO_CACHE

PAGE: Final = 100
"""Rows of the log that a page shows."""
PIECE: Final = 1000
"""Rows that are read at once for a table."""
_LARGEST: Final = 2**63 - 1


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the log."""
    views = _Log(parts, door)
    app.add_route("/desk/audit", door.guarded(views.page, MAY_AUDIT), methods=["GET"])
    app.add_route("/desk/audit.csv", door.guarded(views.table, MAY_AUDIT), methods=["GET"])


class _Log:
    """The views of the log; each takes a visit."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def page(self, visit: Visit) -> Response:
        """Who did what, newest first."""
        query = visit.request.query_params
        try:
            search, before = sought(query), _before(query.get("before", ""))
        except ValueError:
            return self._page(visit, Sought(), [], 422, wrong=True)
        zone = self._parts.settings.time_zone
        found = await self._parts.audit.rows(search, zone, PAGE + 1, before)
        older = search.query(before=found[PAGE - 1].id) if len(found) > PAGE else ""
        return self._page(visit, search, found[:PAGE], older=older, before=before)

    async def table(self, visit: Visit) -> Response:
        """The same rows as CSV, all of them."""
        try:
            search = sought(visit.request.query_params)
        except ValueError:
            return self._page(visit, Sought(), [], 422, wrong=True)
        return StreamingResponse(
            self._pieces(search),
            media_type="text/csv; charset=utf-8",
            headers={
                "Cache-Control": NO_CACHE,
                "Content-Disposition": 'attachment; filename="kokemus-audit.csv"',
            },
        )

    async def _pieces(self, search: Sought) -> AsyncIterator[str]:
        zone, before = self._parts.settings.time_zone, None
        yield "\N{BYTE ORDER MARK}" + _csv([HEAD])
        while found := await self._parts.audit.rows(search, zone, PIECE, before):
            yield _csv(as_rows(found))
            before = found[-1].id

    def _page(
        self, visit: Visit, search: Sought, rows: Sequence[object], code: int = 200, **more: object
    ) -> Response:
        values = {"older": "", "before": None, "wrong": False, **more}
        return self._door.page(
            visit, "audit.html", code, sought=search, rows=rows, topics=TOPICS, words=WORDS,
            people={one.user: one.name for one in self._parts.people.everybody()}, **values,
        )  # fmt: skip


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([cell(one) for one in row] for row in rows)
    return out.getvalue()


def _before(written: str) -> int | None:
    return min(int(written), _LARGEST) if written else None
