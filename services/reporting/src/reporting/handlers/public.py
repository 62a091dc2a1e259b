"""The public pages and the static files."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from reporting.domain import finding, pages
from reporting.domain.languages import CODES, Code
from reporting.domain.reported import reported_below
from reporting.parts import Parts
from reporting.rendering import PUBLIC_CACHE, cached, holds
from reporting.shelf import OnShelf

LONGEST_QUERY = 100
Handler = Callable[[Request], Awaitable[Response]]


def register(app: FastAPI, parts: Parts) -> None:
    """Adds the pages of each language, the static files, and the way in."""

    async def way_in(_request: Request) -> Response:
        return RedirectResponse("/fi/", 307)

    async def static(request: Request) -> Response:
        file = parts.files.get(request.path_params["name"])
        if file is None:
            return PlainTextResponse("Not found", 404)
        headers = {"ETag": file.content.etag, "Cache-Control": PUBLIC_CACHE}
        if holds(request, file.content.etag):
            return Response(status_code=304, headers=headers)
        return Response(file.content.body, media_type=file.media_type, headers=headers)

    app.add_route("/", way_in)
    app.add_route("/static/{name}", static)
    for code in CODES:
        app.add_route(f"/{code}", _to_start(code))
        app.add_route(f"/{code}/", _start(parts, code))
        app.add_route(f"/{code}/{{entity:path}}", _entity(parts, code))


def _to_start(code: Code) -> Handler:
    async def to_start(_request: Request) -> Response:
        return RedirectResponse(f"/{code}/", 307)

    return to_start


def _start(parts: Parts, code: Code) -> Handler:
    async def start(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        edition = on_shelf.edition
        if edition is None:
            return nothing(request, parts, on_shelf, code)
        language = parts.languages[code]
        query = request.query_params.get("q", "").strip()[:LONGEST_QUERY]

        def make() -> str:
            return parts.templates.render(
                "start.html",
                code,
                path="",
                edition=edition,
                release=on_shelf.release,
                query=query,
                found=finding.matching(edition, query, language) if query else None,
                tree=finding.tree(edition, language),
                tops=[pages.page(edition, one, language) for one in edition.children(None)],
            )

        return cached(request, parts.shelf.page(on_shelf, ("start", code, query), make))

    return start


def _entity(parts: Parts, code: Code) -> Handler:
    async def entity(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        edition = on_shelf.edition
        if edition is None:
            return nothing(request, parts, on_shelf, code)
        found = edition.entities.get(request.path_params["entity"])
        if found is None:
            return missing(request, parts, on_shelf, code)

        today = parts.here().date()

        def make() -> str:
            return parts.templates.render(
                "entity.html",
                code,
                path=found.id,
                edition=edition,
                release=on_shelf.release,
                page=pages.page(edition, found, parts.languages[code]),
                reported=reported_below(edition, found, parts.languages[code]),
                places=parts.guidance.on(today),
                service_map=parts.guidance.service_map,
            )

        key = ("entity", code, found.id, str(today))
        return cached(request, parts.shelf.page(on_shelf, key, make))

    return entity


def nothing(
    request: Request, parts: Parts, on_shelf: OnShelf, code: Code, template: str = "message.html"
) -> Response:
    """The page where nothing is published: 410 if it was withdrawn, 404 if it never was."""
    say = parts.languages[code].say
    if on_shelf.release:
        return _message(request, parts, on_shelf, (template, code, *gone(parts, code)), 410)
    told = (
        say("Mitään ei ole vielä julkaistu"),
        say("Luvut tulevat tähän, kun ne on julkaistu."),
    )
    return _message(request, parts, on_shelf, (template, code, *told), 404)


def gone(parts: Parts, code: Code) -> tuple[str, str]:
    """Title and text where a release was withdrawn."""
    say = parts.languages[code].say
    return (
        say("Julkaisu on vedetty takaisin"),
        say("Luvut palaavat, kun uusi julkaisu on valmis."),
    )


def missing(
    request: Request, parts: Parts, on_shelf: OnShelf, code: Code, template: str = "message.html"
) -> Response:
    """The page where the release has no such entity."""
    say = parts.languages[code].say
    told = say("Sivua ei löydy"), say("Palvelua tai toimipistettä ei ole tässä julkaisussa.")
    return _message(request, parts, on_shelf, (template, code, *told), 404)


def _message(
    request: Request,
    parts: Parts,
    on_shelf: OnShelf,
    told: tuple[str, Code, str, str],
    status: int,
) -> Response:
    def make() -> str:
        template, code, title, text = told
        return parts.templates.render(
            template,
            code,
            path="",
            title=title,
            text=text,
            release=on_shelf.release,
            zone=parts.settings.time_zone,
        )

    page = parts.shelf.page(on_shelf, ("message", *told), make)
    return cached(request, page, status)
