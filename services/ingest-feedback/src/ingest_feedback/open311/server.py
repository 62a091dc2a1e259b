"""The GeoReport v2 server at `/open311/v2/`.

Nothing is kept here, so every request is answered with its id at once: no tokens are given out,
and there is nothing to list or to look up afterwards.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from fastapi import FastAPI
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from ingest_feedback.open311 import representation
from ingest_feedback.open311.catalogue import definition, listed, services
from ingest_feedback.open311.requests import ServiceNotFoundError, dropped, received
from kokemus.bodies import BytesInFlight
from kokemus.errors import Reason, Refused, Unavailable
from kokemus.intake import Intake
from kokemus.keys import EVERYTHING, Key
from kokemus.problems import Problem

PATH: Final = "/open311/v2"
MAX_BYTES: Final = 5 * 1024 * 1024
"""A photograph may come along; it is thrown away unread."""
MAX_BYTES_IN_FLIGHT: Final = 20 * 1024 * 1024
MAX_FIELDS: Final = 200
DEFAULT_SOURCE: Final = "open311"

Answering = Callable[[Request], Awaitable[Response]]


class Open311:
    """Answers GeoReport's requests."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._in_flight = BytesInFlight(intake.meters, each=MAX_BYTES, together=MAX_BYTES_IN_FLIGHT)

    def mount(self) -> Mount:
        """The routes under `PATH`."""
        gets = {
            "/discovery.{form}": self.discovery,
            "/services.{form}": self.list_services,
            "/services/{code}.{form}": self.define_service,
            "/requests.{form}": self.list_requests,
            "/requests/{identity}.{form}": self.nothing_kept,
            "/tokens/{identity}.{form}": self.nothing_kept,
        }
        routes = [Route(path, _guarded(answer), methods=["GET"]) for path, answer in gets.items()]
        post = Route("/requests.{form}", _guarded(self.take), methods=["POST"])
        return Mount(PATH, routes=[post, *routes])

    async def discovery(self, request: Request) -> Response:
        """Where the server is, and what it speaks."""
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": str(request.base_url).rstrip("/") + PATH,
            "changeset": "2026-11-23 00:00",
            "type": "production",
            "formats": ["application/json", "text/xml"],
        }
        content = {
            "changeset": endpoint["changeset"],
            "contact": "",
            "key_service": "",
            "endpoints": [endpoint],
        }
        return representation.one(_form(request), "discovery", content)

    async def list_services(self, request: Request) -> Response:
        """Every service."""
        rows = [listed(service) for service in services().values()]
        return representation.many(_form(request), ("services", "service"), rows)

    async def define_service(self, request: Request) -> Response:
        """What one service asks."""
        service = services().get(request.path_params["code"])
        if service is None:
            raise Problem(404, "there is no service of this service_code")
        return representation.one(_form(request), "service_definition", definition(service))

    async def list_requests(self, request: Request) -> Response:
        """None: they are not kept here."""
        return representation.many(_form(request), ("service_requests", "request"), [])

    async def nothing_kept(self, _request: Request) -> Response:
        """404: requests are not kept here, and get their id at once instead of a token."""
        raise Problem(404, "requests are not kept here; figures of them are public")

    async def take(self, request: Request) -> Response:
        """Takes a request in; returns once every in-sync replica has it."""
        intake = self._intake
        if not intake.knows_the_registry:
            raise Unavailable("the registry is not read yet")
        with self._in_flight.body() as body:
            await body.fill(request.headers, request.receive)
            given = {**request.query_params, **await _fields(request.headers, body.take())}
        key = intake.keys.find(given.get("api_key", ""))
        if key is None:
            raise Problem(403, "a valid api_key is required")
        event = received(
            given,
            source=given.get("jurisdiction_id") or _source_of(key),
            entity=intake.settings.root_entity,
            new_id=uuid4().hex,
            now=datetime.now(UTC),
        )
        checked = intake.check(key, [event], datetime.now(UTC))
        intake.count(list(checked.refused.values()), dropped(given))
        for refused in checked.refused.values():
            raise refused
        await intake.publish(checked.events, None)
        row = {
            "service_request_id": event.data.feedback_id,
            "service_notice": "",
            "account_id": None,
        }
        names = ("service_requests", "request")
        return representation.many(_form(request), names, [row], 201)


def add_open311(app: FastAPI, intake: Intake) -> None:
    """Adds the server to the application of a service.

    Args:
        app: of the service.
        intake: of the service; entered by the application.
    """
    app.router.routes.insert(0, Open311(intake).mount())


def _guarded(answer: Answering) -> Answering:
    """Answers with the standard's errors, in the form that was asked for."""

    async def answered(request: Request) -> Response:
        form = _form(request)
        if form not in representation.FORMATS:
            return representation.error("json", 404, "the formats are json and xml")
        try:
            return await answer(request)
        except ServiceNotFoundError:
            return representation.error(form, 404, "there is no service of this service_code")
        except Refused as refused:
            status = 403 if refused.reason is Reason.OUT_OF_SCOPE else 400
            return representation.error(form, status, f"{refused.pointer}: {refused.detail}")
        except Problem as problem:
            return representation.error(form, problem.status, problem.detail, **problem.headers)
        except Unavailable:
            again = {"Retry-After": "5"}
            return representation.error(form, 503, "it can't be taken now; send it again", **again)

    return answered


def _form(request: Request) -> str:
    form: str = request.path_params["form"]
    return form


def _source_of(key: Key) -> str:
    """The one source that a key speaks for."""
    own = [source for source in key.sources if source != EVERYTHING]
    return own[0] if len(own) == 1 else DEFAULT_SOURCE


async def _fields(headers: Headers, body: bytes) -> Mapping[str, str]:
    """The texts of a form; of files only that there were any."""

    async def stream() -> AsyncGenerator[bytes]:
        yield body

    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        parser = MultiPartParser(headers, stream(), max_files=10, max_fields=MAX_FIELDS)
        parser.spool_max_size = MAX_BYTES  # nothing of it is ever written to a disk
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError):
            raise Problem(400, "the form cannot be read") from None
    elif media == "application/x-www-form-urlencoded":
        form = await FormParser(headers, stream()).parse()
        if len(form) > MAX_FIELDS:
            raise Problem(400, "the form has too many fields")
    else:
        raise Problem(400, "send a form: application/x-www-form-urlencoded or multipart/form-data")
    try:
        return {
            name: "file" if isinstance(value, UploadFile) else value
            for name, value in form.multi_items()
        }
    finally:
        await form.close()
