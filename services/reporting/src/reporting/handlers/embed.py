"""Figures on foreign pages: a framed page, and the data behind the web component."""

from collections.abc import Awaitable, Callable

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from kokemus.problems import Problem
from kokemus.problems import response as problem_response
from reporting.domain import embeds, pages
from reporting.domain.drafting import METRICS
from reporting.domain.languages import CODES, Code
from reporting.handlers.public import missing, nothing
from reporting.handlers.releases import OPEN, withdrawn
from reporting.parts import Parts
from reporting.rendering import PUBLIC_CACHE, cached, holds

Handler = Callable[[Request], Awaitable[Response]]


def register(app: FastAPI, parts: Parts) -> None:
    """Adds the script, and for each language the page and the data."""
    for name in ("kokemus.js", "worker.js"):
        app.add_route(f"/embed/{name}", _script(parts, name))
    for code in CODES:
        app.add_route(f"/embed/data/{code}/{{entity:path}}", _data(parts, code))
        app.add_route(f"/embed/{code}/{{entity:path}}", _page(parts, code))


def _script(parts: Parts, name: str) -> Handler:
    """A script whose address never changes: it stands on foreign pages, or rules what is below."""

    async def script(request: Request) -> Response:
        file = parts.files[name]
        headers = {**OPEN, "ETag": file.content.etag, "Cache-Control": PUBLIC_CACHE}
        if holds(request, file.content.etag):
            return Response(status_code=304, headers=headers)
        return Response(file.content.body, media_type=file.media_type, headers=headers)

    return script


def _page(parts: Parts, code: Code) -> Handler:
    async def page(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        edition = on_shelf.edition
        if edition is None:
            return nothing(request, parts, on_shelf, code, "embed_message.html")
        found = edition.entities.get(request.path_params["entity"])
        if found is None:
            return missing(request, parts, on_shelf, code, "embed_message.html")

        def make() -> str:
            return parts.templates.render(
                "embed.html",
                code,
                path=found.id,
                edition=edition,
                release=on_shelf.release,
                page=pages.page(edition, found, parts.languages[code]),
            )

        return cached(request, parts.shelf.page(on_shelf, ("embed", code, found.id), make))

    return page


def _data(parts: Parts, code: Code) -> Handler:
    async def data(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        edition = on_shelf.edition
        metric = request.query_params.get("metric", "happy_index")
        if edition is None:
            gone = on_shelf.release
            problem = withdrawn(gone) if gone else Problem(404, "nothing is published yet")
            return _refused(problem)
        found = edition.entities.get(request.path_params["entity"])
        if found is None or metric not in METRICS:
            return _refused(Problem(404, "the release has no such entity or metric"))

        def make() -> str:
            figure = embeds.embedded(
                edition, found, metric, parts.languages[code], parts.settings.base_url
            )
            return msgspec.json.encode(figure).decode()

        page = parts.shelf.page(on_shelf, ("data", code, found.id, metric), make)
        headers = {**OPEN, "ETag": page.etag, "Cache-Control": PUBLIC_CACHE}
        if holds(request, page.etag):
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type="application/json", headers=headers)

    return data


def _refused(problem: Problem) -> Response:
    answer = problem_response(problem)
    answer.headers.update(OPEN)
    return answer
