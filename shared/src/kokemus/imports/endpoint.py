"""`POST /v1/imports`: a file's rows taken in like events, or only judged."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final, NamedTuple, Self

import msgspec
from fastapi import FastAPI
from opentelemetry.trace import SpanKind
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kokemus import telemetry, web
from kokemus.bodies import BytesInFlight
from kokemus.contracts import wire
from kokemus.contracts.events import Event
from kokemus.contracts.topics import short_type
from kokemus.errors import Reason, Refused
from kokemus.imports import delimited, templates, workbooks
from kokemus.imports.columns import Unmatched, normal
from kokemus.imports.document import CSV, XLSX, operations
from kokemus.imports.rows import (
    KINDS,
    Chunk,
    Rejection,
    RowReader,
    chosen,
    chunks,
    fields,
)
from kokemus.imports.tables import Row, Rows, TooLarge, Unreadable
from kokemus.intake import Intake
from kokemus.keys import Key
from kokemus.problems import Problem, unavailable

PATH: Final = "/v1/imports"
TEMPLATE_PATH: Final = "/v1/imports/template"
MAX_BYTES: Final = 20 * 1024 * 1024
MAX_LISTED: Final = 10_000
"""Rows that an answer names; what is wrong with more is wrong with the whole file."""
TABLES_AT_ONCE: Final = 2
"""A small workbook may unpack to a large one; further requests wait for their turn."""
BODY_SECONDS: Final = 120.0


def add_imports(app: FastAPI, intake: Intake, *, refuse_unknown: bool) -> None:
    """Adds the route for files of the kinds that become the service's events.

    Args:
        app: of the service.
        intake: of the service; entered by the application.
        refuse_unknown: whether a column that names no field refuses the file.
    """
    kinds = {name: kinds for name, kinds in KINDS.items() if kinds[0] in intake.types}
    imports = _Imports(intake, kinds, refuse_unknown=refuse_unknown)
    routes = ((PATH, imports.take, "POST"), (TEMPLATE_PATH, imports.template, "GET"))
    for path, endpoint, method in routes:
        route = Route(path, endpoint, methods=[method], include_in_schema=False)
        app.router.routes.insert(0, route)
    for path, method, operation in operations(PATH, TEMPLATE_PATH, list(kinds)):
        web.describe(app, path, method, operation, {})


_Kinds = dict[str, tuple[type[Event], ...]]


class _Wanted(NamedTuple):
    """What the query asks for."""

    kinds: tuple[type[Event], ...]
    source: str
    dry_run: bool

    @classmethod
    def of(cls, query: QueryParams, kinds: _Kinds) -> Self:
        source = query.get("source", "")
        try:
            wire.check_identifier(source, "/source")
        except Refused as error:
            raise Problem(400, f"the parameter source {error.detail}") from None
        dry_run = query.get("dry_run", "false")
        if dry_run not in {"true", "false"}:
            raise Problem(400, "the parameter dry_run is true or false")
        found = _kinds(query, kinds)
        found = (_typed(query, found),) if "type" in query else found
        return cls(found, source, dry_run == "true")


class _Taken:
    """The answer as it grows."""

    def __init__(self) -> None:
        self.rows = 0
        self.accepted = 0
        self.rejected: list[Rejection] = []
        self._unlisted = 0

    def refuse(self, rejections: list[Rejection]) -> None:
        """Adds to the list, while there is room."""
        room = MAX_LISTED - len(self.rejected)
        self.rejected += rejections[:room]
        self._unlisted += len(rejections[room:])

    @property
    def none_in_scope(self) -> bool:
        """Whether there were rows, and the key covers none of them."""
        reasons = {one.refused.reason for one in self.rejected}
        return not self.accepted and self.rows > 0 and reasons == {Reason.OUT_OF_SCOPE}

    def listed(self) -> list[dict[str, Any]]:
        """The rejections for the sender, in the order of the file."""
        found: list[dict[str, Any]] = [
            {"line": one.line, "column": one.column, "detail": one.refused.detail}
            for one in self.rejected
        ]
        if self._unlisted:
            detail = f"{self._unlisted} more are not listed"
            found.append({"line": self.rejected[-1].line, "column": None, "detail": detail})
        return found


class _Imports:
    """Reads, checks, publishes, answers; a thread reads, so that other requests go on."""

    def __init__(self, intake: Intake, kinds: _Kinds, *, refuse_unknown: bool) -> None:
        self._intake = intake
        self._kinds = kinds
        self._refuse_unknown = refuse_unknown
        # Room for one large file: its table takes a few times as much while it is read.
        self._in_flight = BytesInFlight(intake.meters, each=MAX_BYTES, together=MAX_BYTES)
        self._reading = asyncio.Semaphore(TABLES_AT_ONCE)

    async def take(self, request: Request) -> Response:
        """A file's rows, taken in or only judged."""
        key = self._intake.keys.of_header(request.headers.get("authorization"))
        wanted = _Wanted.of(request.query_params, self._kinds)
        if not any(key.may_send(short_type(kind)) for kind in wanted.kinds):
            raise Problem(403, "this key may not send this kind")
        if not key.may_speak_for(wanted.source):
            raise Problem(403, "this key may not send for this source")
        content_type = request.headers.get("content-type", "")
        _check_media_type(content_type, request.headers.get("content-encoding", "identity"))
        if not self._intake.knows_the_registry:
            raise unavailable("the registry is not read yet; send all of it again")
        given = telemetry.valid_traceparent(request.headers.get("traceparent"))
        with self._in_flight.body() as body:
            await body.fill(request.headers, request.receive, BODY_SECONDS)
            async with self._reading:
                taken = await self._read(body.take(), content_type, key, wanted, given)
        listed = taken.listed()
        if taken.none_in_scope:
            raise Problem(403, "the key covers none of the rows", more={"rejected": listed})
        content = {"rows": taken.rows, "accepted": taken.accepted, "rejected": listed}
        return Response(msgspec.json.encode(content), media_type="application/json")

    async def _read(
        self, body: bytes, content_type: str, key: Key, wanted: _Wanted, given: str | None
    ) -> _Taken:
        with telemetry.start_span(f"POST {PATH}", SpanKind.SERVER, given) as span:
            trace = telemetry.traceparent_of(span) or given
            try:
                rows = await asyncio.to_thread(_open, body, content_type, wanted.kinds)
                taken = await self._take(key, wanted, rows, trace)
            except TooLarge:
                raise Problem(413, "the workbook unpacks to too much") from None
            except Unreadable as error:
                raise Problem(400, error.detail) from None
            except Unmatched as error:
                more = [{"line": 1, "column": error.column, "detail": error.detail}]
                raise Problem(422, error.detail, more={"rejected": more}) from None
            span.set_attributes({"rows": taken.rows, "rejected": len(taken.rejected)})
        return taken

    async def template(self, request: Request) -> Response:
        """An empty table of a kind, as the sender would have it."""
        kind = _typed(request.query_params, _kinds(request.query_params, self._kinds))
        if XLSX in request.headers.get("accept", ""):
            return Response(templates.workbook(kind, self._intake.codes), media_type=XLSX)
        return Response(templates.csv(kind), media_type=f"{CSV}; charset=utf-8")

    async def _take(self, key: Key, wanted: _Wanted, rows: Rows, trace: str | None) -> _Taken:
        taken = _Taken()
        header: Row | None = await asyncio.to_thread(next, rows, None)
        if header is None:
            raise Unreadable("the file is empty")
        zone = self._intake.settings.time_zone
        kind = chosen(wanted.kinds, header.cells)
        reader = RowReader(kind, wanted.source, header.cells, zone)
        self._pass_over(reader.unknown, header.line, taken)
        pieces = chunks(rows, reader)
        while (piece := await asyncio.to_thread(_next, pieces)) is not None:
            taken.rows += piece.rows
            lines = [line for line, _ in piece.events]
            checked = self._intake.check(
                key, [event for _, event in piece.events], datetime.now(UTC)
            )
            rejected = piece.rejected + [
                Rejection(lines[position], _column(why), Refused(why.reason, why.detail))
                for position, why in checked.refused.items()
            ]
            taken.refuse(sorted(rejected, key=lambda one: one.line))
            if not wanted.dry_run:
                self._intake.count([one.refused for one in rejected], 0)
                await self._intake.publish(checked.events, trace)
            taken.accepted += len(checked.events)
            if piece.broken is not None:
                if not taken.rows:
                    raise piece.broken
                why = Refused(Reason.INVALID, f"{piece.broken.detail}; nothing after it was read")
                taken.refuse([Rejection(piece.broken.line or header.line, None, why)])
                break
        return taken

    def _pass_over(self, unknown: list[str], line: int, taken: _Taken) -> None:
        """Reports columns that name no field, or refuses the file for them."""
        if unknown and self._refuse_unknown:
            raise Unmatched(f"columns that name no field: {', '.join(unknown)}", unknown[0])
        detail = Refused(Reason.UNKNOWN_FIELD, "names no field of this kind; it was passed over")
        taken.refuse([Rejection(line, column, detail) for column in unknown])
        self._intake.count([], len(unknown))


def _kinds(query: QueryParams, kinds: _Kinds) -> tuple[type[Event], ...]:
    found = kinds.get(query.get("kind", ""))
    if found is None:
        raise Problem(400, f"the parameter kind is one of {', '.join(kinds)}")
    return found


def _typed(query: QueryParams, kinds: tuple[type[Event], ...]) -> type[Event]:
    """The event type of a kind that the query names, or its first one."""
    types = {short_type(kind): kind for kind in kinds}
    found = types.get(query.get("type", short_type(kinds[0])))
    if found is None:
        raise Problem(400, f"the parameter type is one of {', '.join(types)}")
    return found


def _check_media_type(content_type: str, encoding: str) -> None:
    if encoding != "identity":
        raise Problem(415, "the body may not be compressed")
    if _media_type(content_type) not in {CSV, XLSX}:
        raise Problem(415, f"send {CSV} or {XLSX}")


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _open(body: bytes, content_type: str, kinds: tuple[type[Event], ...]) -> Rows:
    if _media_type(content_type) == XLSX:
        return workbooks.read(body)
    known = {name for kind in kinds for name in fields(kind)}
    headers = Message()
    headers["content-type"] = content_type
    return delimited.read(
        body,
        lambda header: sum(normal(cell) in known for cell in header),
        headers.get_content_charset(),
    )


def _next(pieces: Iterator[Chunk]) -> Chunk | None:
    return next(pieces, None)


def _column(why: Refused) -> str | None:
    """The column of a field that an event was refused for."""
    return why.pointer.removeprefix("/data").strip("/").partition("/")[0] or None
