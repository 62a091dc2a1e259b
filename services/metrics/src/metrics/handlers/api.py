"""The metrics API: translates requests to queries and figures to representations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi import Query as Parameter
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection, Engine

from kokemus.contracts.topics import declarations
from kokemus.errors import Unavailable
from kokemus.keys import Keys
from kokemus.problems import Problem, described
from metrics.domain.answering import Order, answer
from metrics.domain.cell_readers import Context
from metrics.domain.comparing import changed, varied
from metrics.domain.definitions import Catalogue
from metrics.domain.figures import Figure
from metrics.domain.participation_rules import rules
from metrics.domain.query import Query
from metrics.domain.status import TopicStatus, topic_status
from metrics.handlers import participation, representation
from metrics.handlers.asking import Asked, Identifier, bounded, cursor_of, place_of, query_of
from metrics.handlers.changes import Changes
from metrics.handlers.profiling import profiles
from metrics.handlers.remembered import Memory, matches, strong_etag, wants_csv
from metrics.storage import catalogue_reading, device_reading, participation_reading, reading
from metrics.storage.topic_ends import TopicEnds

T = TypeVar("T")

JSON: Final = "application/json"
CSV: Final = "text/csv; charset=utf-8"
MOST_ENTITIES: Final = 10_000


@dataclass
class Api:
    """What the routes need."""

    engine: Engine
    ends: TopicEnds
    keys: Keys
    catalogue: Catalogue
    zone: ZoneInfo
    topics: Mapping[str, str]
    """The consumed topics: declared name by name on the broker."""
    durable: bool
    memory: Memory = field(default_factory=Memory)
    changes: Changes = field(default_factory=Changes)
    version: str | None = None
    """Of the data, as it was seen last; None while the database is away."""

    def state_of(self, version: str) -> str:
        """What an answer is true for: the data, the definitions and the local day."""
        return f"{version} {self.catalogue.version} {datetime.now(self.zone).date()}"

    @property
    def state(self) -> str | None:
        """What a new answer would be true for; None while that is not known."""
        return None if self.version is None else self.state_of(self.version)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work in a thread, in a read-only transaction of its own."""

        def run() -> T:
            with reading.reading(self.engine) as connection:
                return work(connection)

        return await to_thread.run_sync(run)


def consumed(prefix: str) -> dict[str, str]:
    """The topics that metrics counts: declared name by name on the broker."""
    return {
        prefix + one.name: one.name for one in declarations().values() if "metrics" in one.consumers
    }


def answered(request: Request, body: bytes, media: str = JSON, **headers: str) -> Response:
    """A body with its strong ETag, or 304 where the reader has it already."""
    etag = strong_etag(body)
    both = {"ETag": etag, "Vary": "Accept", "Cache-Control": "no-cache", **headers}
    if matches(etag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=both)
    return Response(body, media_type=media, headers=both)


def router(api: Api) -> APIRouter:
    """The routes, behind a key with `read`."""

    async def reader(authorization: Annotated[str | None, Header()] = None) -> None:
        api.keys.reader(authorization)

    routes = APIRouter(
        prefix="/v1",
        tags=["figures"],
        dependencies=[Depends(reader)],
        responses={
            304: {"description": "Unchanged since the ETag in If-None-Match"},
            400: described("A parameter is missing or wrong"),
            401: described("No valid key"),
            403: described("The key may not read"),
            503: described("The database is away"),
        },
    )
    _add_figures(routes, api)
    _add_participation(routes, api)
    _add_catalogue(routes, api)
    _add_status(routes, api)
    return routes


def _add_figures(routes: APIRouter, api: Api) -> None:
    @routes.get(
        "/figures",
        responses={
            200: {"content": {"text/csv": {}}, "description": "Dense rows, one a figure"},
            404: described("No such metric"),
            422: described("More than 100,000 cells"),
        },
    )
    async def figures(request: Request, asked: Asked) -> Response:
        """Figures by metric, entity and period, each with n, status, flags and notes."""
        query = query_of(asked, api.catalogue, datetime.now(UTC), api.zone)
        after = None if asked.cursor is None else place_of(asked.cursor)
        csv = wants_csv(request.headers.get("accept"))

        def compute(connection: Connection) -> tuple[str, bytes, str | None]:
            found = reading.read(connection, query, lambda count: bounded(query, count))
            context = Context(query, found, api.catalogue, api.zone)
            if any(one.measure == "profile" for one in query.definitions):
                found.profiles = profiles(connection, context)
            rows = answer(context)
            if query.variation:
                rows = varied(context, rows)
            if query.earlier is not None:
                rows = _compared(connection, context, query.earlier, rows)
            order = Order(query, found.targets)
            if after is not None:
                rows = [figure for figure in rows if order(figure) > after]
            page = rows[: asked.limit]
            following = cursor_of(order(page[-1])) if len(rows) > len(page) else None
            body = (
                representation.as_csv(page, api.zone)
                if csv
                else representation.as_json(page, following, api.zone)
            )
            return found.version, body, following

        version, body, following = await api.read(compute)
        question = request.url.path, request.scope["query_string"], csv
        api.memory.keep(question, api.state_of(version), strong_etag(body))
        link = {} if following is None else {"Link": _next(request, following)}
        return answered(request, body, CSV if csv else JSON, **link)


def _compared(
    connection: Connection, context: Context, earlier: Query, rows: list[Figure]
) -> list[Figure]:
    found = reading.read(connection, earlier, lambda _: None, context.found.targets)
    before = Context(earlier, found, context.catalogue, context.zone)
    return changed(context, rows, before, answer(before))


def _next(request: Request, cursor: str) -> str:
    return f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'


def _add_participation(routes: APIRouter, api: Api) -> None:
    @routes.get("/participation", responses={200: {"model": participation.Participation}})
    async def matrix(
        request: Request, year: Annotated[int, Parameter(ge=2000, le=2100)]
    ) -> Response:
        """The coverage matrix of a year, the change since the base year, and the rule used."""

        def compute(connection: Connection) -> tuple[str, bytes]:
            version = reading.version(connection)
            areas = participation_reading.areas(connection, year)
            returns = participation_reading.returns(connection, areas, [year], rounds=True)
            made = participation.Matrix(returns, year, api.catalogue, rules())
            return version, made.of(areas, api.zone).model_dump_json().encode()

        version, body = await api.read(compute)
        question = request.url.path, request.scope["query_string"], False
        api.memory.keep(question, api.state_of(version), strong_etag(body))
        return answered(request, body)


def _add_catalogue(routes: APIRouter, api: Api) -> None:
    @routes.get("/metrics")
    async def metrics(request: Request) -> Response:
        """The catalogue: every metric's definition, and the bias notes, in three languages."""
        listed = {
            "version": api.catalogue.version,
            "metrics": [
                {"id": one.id, **msgspec.to_builtins(one)}
                for one in api.catalogue.definitions.values()
            ],
            "bias_notes": api.catalogue.bias_notes,
        }
        return answered(request, msgspec.json.encode(listed))

    @routes.get("/entities")
    async def entities(
        request: Request,
        kind: Annotated[Identifier | None, Parameter()] = None,
        parent: Annotated[Identifier | None, Parameter()] = None,
        cursor: Annotated[Identifier | None, Parameter()] = None,
        limit: Annotated[int, Parameter(ge=1, le=MOST_ENTITIES)] = 1_000,
    ) -> Response:
        """The organisation tree: every entity with its validities, by id."""
        page = catalogue_reading.Page(kind, parent, cursor or "", limit + 1)
        found = await api.read(lambda connection: catalogue_reading.entities(connection, page))
        following = found[limit - 1].id if len(found) > limit else None
        body = {"entities": [_plain(one) for one in found[:limit]], "next": following}
        return answered(request, msgspec.json.encode(body))

    @routes.get("/entities/{entity:path}", responses={404: described("No such entity")})
    async def entity(request: Request, entity: Annotated[Identifier, Path()]) -> Response:
        """One entity with its validities and the breaks in its series."""

        def find(connection: Connection) -> tuple[list[Any], list[Any]]:
            page = catalogue_reading.Page(limit=1)
            return (
                catalogue_reading.entities(connection, page, only=entity),
                catalogue_reading.breaks(connection, entity),
            )

        found, marks = await api.read(find)
        if not found:
            raise Problem(404, "no such entity")
        body = {**_plain(found[0]), "breaks": [mark._asdict() for mark in marks]}
        return answered(request, msgspec.json.encode(body))

    @routes.get("/devices")
    async def devices(request: Request, entity: Annotated[Identifier, Parameter()]) -> Response:
        """The devices that stand under an entity today, each with the last day it was heard."""
        today = datetime.now(api.zone).date()
        found = await api.read(lambda connection: device_reading.devices(connection, entity, today))
        listed = {"devices": [one._asdict() for one in found]}
        return answered(request, msgspec.json.encode(listed))

    @routes.get("/breaks")
    async def breaks(
        request: Request, entity: Annotated[Identifier | None, Parameter()] = None
    ) -> Response:
        """Dated marks on series: of an entity, of those above it and of those under it."""
        marks = await api.read(lambda connection: catalogue_reading.breaks(connection, entity))
        body = {"breaks": [mark._asdict() for mark in marks]}
        return answered(request, msgspec.json.encode(body))


def _plain(entity: catalogue_reading.EntityRow) -> dict[str, Any]:
    """An entity with its newest parent and names, and all its validities."""
    newest = entity.validities[-1] if entity.validities else None
    return {
        "id": entity.id,
        "kind": entity.kind,
        "service_map_id": entity.service_map_id,
        "parent": newest and newest.parent,
        "names": newest and newest.names._asdict(),
        "validities": [
            {**one._asdict(), "names": one.names._asdict()} for one in entity.validities
        ],
    }


def _add_status(routes: APIRouter, api: Api) -> None:
    @routes.get("/status")
    async def status(request: Request) -> Response:
        """Whether everything that was sent is counted; ends are fetched after the request came."""
        try:
            ends = await to_thread.run_sync(api.ends.of, list(api.topics))
        except Unavailable:
            ends = None

        def find(connection: Connection) -> tuple[Any, ...]:
            return (
                catalogue_reading.partitions(connection),
                catalogue_reading.gaps(connection),
                catalogue_reading.unplaced(connection),
                catalogue_reading.newest_change(connection),
            )

        partitions, gaps, unplaced, newest = await api.read(find)
        topics = {
            short: topic_status(topic, partitions.get(topic, []), ends)
            for topic, short in api.topics.items()
        }
        body = {
            "settled": not gaps and all(one.settled for one in topics.values()),
            "as_of": representation.local(newest, api.zone),
            "durable": api.durable,
            "gaps": [gap._asdict() for gap in gaps],
            "unplaced": len(unplaced),
            "topics": {name: _topic(one, api.zone) for name, one in topics.items()},
        }
        return answered(request, msgspec.json.encode(body))

    @routes.get("/unplaced")
    async def unplaced(request: Request) -> Response:
        """Ids with counts that no entity has, and devices that stand under none."""
        found = await api.read(catalogue_reading.unplaced)
        listed = [
            {"id": one.id, "as_of": representation.local(one.newest, api.zone)} for one in found
        ]
        return answered(request, msgspec.json.encode({"unplaced": listed}))

    @routes.get("/sources")
    async def sources(request: Request) -> Response:
        """How fresh each polled source is: what its last poll read, and until when."""
        found = await api.read(catalogue_reading.sources)
        listed = [
            {**one.poll, "polled_at": representation.local(one.polled_at, api.zone)}
            for one in found
        ]
        return answered(request, msgspec.json.encode({"sources": listed}))

    @routes.get(
        "/changes",
        responses={200: {"content": {"text/event-stream": {}}, "description": "Until one leaves"}},
    )
    async def changes(
        last_event_id: Annotated[str | None, Header(max_length=500)] = None,
    ) -> StreamingResponse:
        """Server-sent events: `changed` with the offsets as id, or `reset`; then ask again."""
        return StreamingResponse(
            api.changes.stream(last_event_id),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )


def _topic(status: TopicStatus, zone: ZoneInfo) -> dict[str, Any]:
    return {**status._asdict(), "watermark": representation.local(status.watermark, zone)}
