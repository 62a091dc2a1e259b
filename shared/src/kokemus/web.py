"""The frame of every HTTP service: health, documents, errors, the server and the metrics port."""

import asyncio
import gc
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import start_http_server
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kokemus import problems, telemetry
from kokemus.addresses import PlainAddresses
from kokemus.errors import Unavailable
from kokemus.metric_names import HTTP_SECONDS, READY
from kokemus.problems import Problem
from kokemus.settings import ServiceSettings
from kokemus.telemetry import Meters

SHUTDOWN_SECONDS: Final = 8
"""A stopped service lets requests end for so long; its supervisor kills it after 10 s."""

GC_THRESHOLD: Final = 20_000
"""Allocations between looks for cycles: a request makes some hundreds, and no cycles."""
HEADER_SECONDS: Final = 10.0
"""How long a client may take to send a request's line and headers."""

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""What keeps the service from being ready, by name of the part; empty: it is ready."""
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    title: str,
    meters: Meters,
    ready: Readiness,
    lifespan: Lifespan,
    asyncapi: Mapping[str, Any] | None = None,
) -> FastAPI:
    """An application with everything that all services serve; the caller adds its own routes.

    Args:
        title: the service's name.
        meters: the metrics of this process.
        ready: tells what is missing before the service can do its work.
        lifespan: builds what the routes need, and closes it.
        asyncapi: the document of the topics that it writes and reads.
    """
    app = FastAPI(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own spans hold paths and queries as they were typed, and one for each probe.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(PlainAddresses)
    app.add_middleware(_Measured, meters=meters)
    _add_error_handlers(app)

    @app.get("/health/live", tags=["health"])
    async def live() -> dict[str, str]:
        """The process serves requests."""
        return {"status": "live"}

    @app.get(
        "/health/ready",
        tags=["health"],
        responses={503: {"description": "Not ready, with what is missing"}},
    )
    async def ready_or_not() -> JSONResponse:
        """Everything that the service needs is there, or what is missing."""
        missing = dict(await ready())
        meters.set(READY, 0 if missing else 1)
        status = "waiting" if missing else "ready"
        return JSONResponse({"status": status, "missing": missing}, 503 if missing else 200)

    if asyncapi is not None:

        @app.get("/asyncapi.json", tags=["documents"])
        async def asyncapi_document() -> JSONResponse:
            """The topics that this service writes and reads."""
            return JSONResponse(asyncapi)

    return app


def add_direct_route(app: FastAPI, path: str, endpoint: ASGIApp, meters: Meters) -> None:
    """A route of POST requests on the hot path; its endpoint may raise `Problem`, `Unavailable`."""
    route = Route(path, endpoint, methods=["POST"], include_in_schema=False)
    app.router.routes.insert(0, route)
    add_outermost(app, lambda inner: _Direct(inner, route, meters))


def add_outermost(app: FastAPI, layer: Callable[[ASGIApp], ASGIApp]) -> None:
    """Puts a layer around what FastAPI and Starlette put around every middleware of ours.

    So it also sees the answer to a fault of the service.
    """
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: layer(build())  # type: ignore[method-assign]  # no other place is outside


def describe(
    app: FastAPI,
    path: str,
    method: str,
    operation: Mapping[str, Any],
    schemas: Mapping[str, Any],
) -> None:
    """Puts a route that FastAPI does not know into the OpenAPI document.

    Args:
        app: the application that serves the route.
        path: of the route.
        method: in lower case.
        operation: the OpenAPI operation object.
        schemas: component schemas that it refers to, by name.
    """
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        document.setdefault("paths", {}).setdefault(path, {})[method] = operation
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(schemas)
        components.setdefault("securitySchemes", {})["key"] = {"type": "http", "scheme": "bearer"}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def serve(app: FastAPI, settings: ServiceSettings, meters: Meters) -> None:
    """Serves until SIGTERM or SIGINT, then ends cleanly within ten seconds."""
    metrics_server, _ = start_http_server(
        settings.metrics_port, settings.http_host, registry=meters.registry
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=_Impatient,
            host=settings.http_host,
            port=settings.http_port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # Uvicorn listens from its start on, and at its end raises the signal once more.
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    try:
        server.run()
    finally:
        metrics_server.shutdown()
        metrics_server.server_close()
        telemetry.shutdown()
    if not server.started:
        raise SystemExit(1)


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def on_problem(_request: Request, problem: Problem) -> Response:
        return problems.response(problem)

    @app.exception_handler(Unavailable)
    async def on_unavailable(_request: Request, error: Unavailable) -> Response:
        return problems.response(problems.unavailable(str(error)))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: RequestValidationError) -> Response:
        errors = [
            {"pointer": "/" + "/".join(map(str, one["loc"])), "detail": one["msg"]}
            for one in error.errors()
        ]
        return problems.response(Problem(400, "the request is invalid", more={"errors": errors}))

    @app.exception_handler(HTTPException)
    async def on_http(_request: Request, error: HTTPException) -> Response:
        return problems.response(
            Problem(error.status_code, str(error.detail), headers=error.headers)
        )

    app.add_exception_handler(Exception, _on_bug)


_BUG: Final = Problem(500, "this is a fault of the service")


async def _on_bug(_request: Request, _error: Exception) -> Response:
    return problems.response(_BUG)


class _Impatient(HttpToolsProtocol):
    """Closes a connection whose request line and headers do not arrive in time.

    Most arrive whole: only for what is still awaited a timer is set.
    """

    _patience: asyncio.TimerHandle | None = None
    _awaited = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._awaited = False
        self._watch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_message_begin(self) -> None:
        self._awaited = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._awaited = False
        super().on_headers_complete()

    def _watch(self) -> None:
        if self._awaited and self._patience is None:
            self._patience = self.loop.call_later(HEADER_SECONDS, self.transport.close)
        elif self._patience is not None and not self._awaited:
            self._patience.cancel()
            self._patience = None


class _Measured:
    """Times each request by its route template, so that no path with an id becomes a label."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _timed(self._meters, scope, send))


class _Direct:
    """Hands one route's requests to its endpoint, past everything that it does not need.

    Routing and middleware cost as much as checking fifty events. Other methods take the usual way.
    """

    def __init__(self, app: ASGIApp, route: Route, meters: Meters) -> None:
        self._app = app
        self._route = route
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["path"] != self._route.path
            or scope["method"] != "POST"
        ):
            await self._app(scope, receive, send)
            return
        scope["route"] = self._route
        answer = _timed(self._meters, scope, send)
        try:
            await self._route.app(scope, receive, answer)
        except Problem as problem:
            await problems.response(problem)(scope, receive, answer)
        except Unavailable as error:
            await problems.response(problems.unavailable(str(error)))(scope, receive, answer)
        except Exception:
            await problems.response(_BUG)(scope, receive, answer)
            raise  # the server logs it


def _timed(meters: Meters, scope: Scope, send: Send) -> Send:
    start = time.perf_counter()

    async def timed(message: Message) -> None:
        if message["type"] == "http.response.start":
            route = getattr(scope.get("route"), "path", "unknown")
            meters.observe(
                HTTP_SECONDS,
                time.perf_counter() - start,
                scope["method"] if route != "unknown" else "other",
                route,
                str(message["status"]),
            )
        await send(message)

    return timed
