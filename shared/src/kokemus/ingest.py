"""`POST /v1/events`: a plain ASGI endpoint, since it is every ingest service's hot path."""

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from opentelemetry.trace import Span, SpanKind
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from kokemus import telemetry, web
from kokemus.bodies import Body, BytesInFlight
from kokemus.cloudevents import (
    MAX_EVENTS,
    EventReader,
    Form,
    Malformed,
    Rejection,
    TooMany,
    form_of,
    readable,
)
from kokemus.contracts import asyncapi
from kokemus.errors import Reason
from kokemus.imports.endpoint import add_imports
from kokemus.ingest_document import operation
from kokemus.intake import Intake
from kokemus.keys import Key
from kokemus.problems import Problem, unavailable

PATH: Final = "/v1/events"
MAX_BYTES: Final = 10 * 1024 * 1024
MAX_BYTES_IN_FLIGHT: Final = 24 * 1024 * 1024
"""Over all requests: bodies grow a few times on their way, and a process has 200 MB."""


def create_app(intake: Intake, *, refuse_unknown: bool = False) -> FastAPI:
    """The application of an ingest service.

    Args:
        intake: what the service takes in; the application opens and closes it.
        refuse_unknown: whether an event with an unknown field is refused, or the field dropped.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with intake:
            yield

    app = web.create_app(
        intake.service,
        intake.meters,
        intake.missing,
        lifespan,
        asyncapi.document(intake.service, intake.settings.topic_prefix),
    )
    endpoint = EventsEndpoint(intake, EventReader(intake.types, refuse_unknown=refuse_unknown))
    web.add_direct_route(app, PATH, endpoint, intake.meters)
    web.describe(app, PATH, "post", *operation(intake.types))
    add_imports(app, intake, refuse_unknown=refuse_unknown)
    return app


class EventsEndpoint:
    """Reads, checks, publishes, answers."""

    def __init__(self, intake: Intake, reader: EventReader) -> None:
        self._intake = intake
        self._reader = reader
        self._in_flight = BytesInFlight(intake.meters, each=MAX_BYTES, together=MAX_BYTES_IN_FLIGHT)

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """An ASGI application; problems are raised to the frame's handlers."""
        # A dict: Starlette's headers are searched from end to end for each name.
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in reversed(connection["headers"])  # of two, the first one counts
        }
        key = self._intake.keys.of_header(headers.get("authorization"))
        form = _form(headers)
        if not self._intake.knows_the_registry:
            raise unavailable("the registry is not read yet; send all of it again")
        with self._in_flight.body() as body:
            await body.fill(headers, receive)
            content = await self._take(key, form, body, headers)
        await send({"type": "http.response.start", "status": 202, "headers": _answer(content)})
        await send({"type": "http.response.body", "body": content})

    async def _take(self, key: Key, form: Form, body: Body, headers: Mapping[str, str]) -> bytes:
        given = telemetry.valid_traceparent(headers.get("traceparent"))
        with telemetry.start_span(f"POST {PATH}", SpanKind.SERVER, given) as span:
            answer, published = self._hand_over(key, form, body, headers, span)
            # By now the events are gone: the next request's are made in memory that is still warm.
            await published
        return answer

    def _hand_over(
        self, key: Key, form: Form, body: Body, headers: Mapping[str, str], span: Span
    ) -> tuple[bytes, Awaitable[None]]:
        """The answer, and what to await before it is given."""
        try:
            received = self._reader.read(form, body.take(), headers)
        except Malformed as error:
            raise Problem(400, str(error)) from None
        except TooMany:
            raise Problem(413, f"a request may carry {MAX_EVENTS} events at most") from None
        checked = self._intake.check(key, received.events, datetime.now(UTC))
        rejected = received.rejected + [
            Rejection(received.positions[position], readable(received.events[position].id), why)
            for position, why in checked.refused.items()
        ]
        self._intake.count([one.refused for one in rejected], len(received.dropped))
        span.set_attributes({"events": len(checked.events), "rejected": len(rejected)})
        if rejected and not checked.events:
            raise _nothing_taken(rejected)
        trace = telemetry.traceparent_of(span) or telemetry.valid_traceparent(
            headers.get("traceparent")
        )
        published = self._intake.hand_over(checked.events, trace)
        answer = {"accepted": len(checked.events), "rejected": _listed(rejected)}
        return msgspec.json.encode(answer), published


def _answer(content: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]


def _form(headers: Mapping[str, str]) -> Form:
    if headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "the body may not be compressed")
    form = form_of(headers.get("content-type", ""), headers)
    if form is None:
        raise Problem(
            415,
            f"send {Form.SINGLE}, {Form.BATCH}, {Form.LINES}, or {Form.BINARY} with ce-* headers",
        )
    return form


def _nothing_taken(rejected: list[Rejection]) -> Problem:
    forbidden = all(one.refused.reason is Reason.OUT_OF_SCOPE for one in rejected)
    return Problem(
        403 if forbidden else 422,
        "the key covers none of the events" if forbidden else "no event could be taken",
        more={"rejected": _listed(rejected)},
    )


def _listed(rejected: list[Rejection]) -> list[dict[str, Any]]:
    return [
        {
            "index": one.position,
            "id": one.id,
            "detail": one.refused.detail,
            "pointer": one.refused.pointer,
        }
        for one in sorted(rejected, key=lambda one: one.position)
    ]
