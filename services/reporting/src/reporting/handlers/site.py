"""Pages of the site as a whole: the accessibility statement, and what search engines read."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reporting.domain.guidance import STATEMENTS
from reporting.domain.languages import CODES, Code
from reporting.handlers.public import Handler
from reporting.parts import Parts
from reporting.rendering import PUBLIC_CACHE, cached, holds

_ROBOTS = """User-agent: *
Disallow: /desk
Disallow: /embed/data/
Sitemap: {base_url}/sitemap.xml
"""


def register(app: FastAPI, parts: Parts) -> None:
    """Adds the statement in each language, `/sitemap.xml` and `/robots.txt`.

    To be called before the entities' pages are added: the statement's path is one of theirs.
    """

    async def robots(_request: Request) -> Response:
        body = _ROBOTS.format(base_url=parts.settings.base_url)
        return PlainTextResponse(body, headers={"Cache-Control": PUBLIC_CACHE})

    async def sitemap(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        edition = on_shelf.edition

        def make() -> str:
            entities = sorted(edition.entities) if edition else []
            return parts.templates.render(
                "sitemap.xml", "fi", release=on_shelf.release, entities=entities
            )

        page = parts.shelf.page(on_shelf, ("sitemap",), make)
        headers = {"ETag": page.etag, "Cache-Control": PUBLIC_CACHE}
        if holds(request, page.etag):
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type="application/xml", headers=headers)

    app.add_route("/robots.txt", robots)
    app.add_route("/sitemap.xml", sitemap)
    for code in CODES:
        app.add_route(f"/{code}/{STATEMENTS[code]}", _statement(parts, code))


def _statement(parts: Parts, code: Code) -> Handler:
    async def statement(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        today = parts.here().date()
        places = {one.code: one for one in parts.guidance.on(today)}

        def make() -> str:
            return parts.templates.render(
                "statement.html",
                code,
                path=STATEMENTS[code],
                paths=STATEMENTS,
                edition=on_shelf.edition,
                release=on_shelf.release,
                checked=parts.guidance.checked,
                places=places,
            )

        return cached(request, parts.shelf.page(on_shelf, ("statement", code, str(today)), make))

    return statement
