"""Open data: the catalogue for people and for machines, and the files."""

from collections import OrderedDict
from typing import Final

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from kokemus.problems import Problem
from kokemus.problems import response as problem_response
from reporting.domain.catalogue import MEDIA_TYPE, MEDIA_TYPES, catalogue
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, Code
from reporting.domain.open_data import FORMATS, LICENCE, NAMES, as_csv, as_json
from reporting.domain.releases import PUBLIC, Kind, Release, parse
from reporting.handlers.public import Handler, nothing
from reporting.handlers.releases import OPEN, withdrawn
from reporting.parts import Parts, language_of
from reporting.rendering import PUBLIC_CACHE, holds
from reporting.shelf import OnShelf, Rendered, rendered

_KIND: Final[Kind] = "public-monthly"
"""The kind of release that is open data."""
_OF_MACHINES: Final = (MEDIA_TYPE, "application/json")
_VARY: Final = "Accept, Accept-Language"
_FILES_KEPT: Final = 60
"""Files of earlier releases that were asked for; each is made from some megabytes."""


def register(app: FastAPI, parts: Parts) -> None:
    """Adds the catalogue in each form, and the files of each release."""
    views = _OpenData(parts)
    app.add_route("/open-data", views.way_in)
    app.add_route("/open-data/", views.catalogue)
    for code in CODES:
        app.add_route(f"/open-data/{code}", views.page(code))
    app.add_route("/open-data/{dataset}", views.dataset)
    app.add_route("/open-data/{release}/{file}", views.file)


class _OpenData:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._earlier: OrderedDict[tuple[str, str], Rendered] = OrderedDict()

    async def way_in(self, _request: Request) -> Response:
        """To the catalogue."""
        return RedirectResponse("/open-data/", 307)

    async def catalogue(self, request: Request) -> Response:
        """The catalogue as the reader wants it: JSON-LD for machines, else a page."""
        if not _wants_json(request):
            answer = await self.page(_preferred(request))(request)
            answer.headers["Vary"] = _VARY
            return answer
        on_shelf = await self._parts.shelf.current()
        if on_shelf.edition is None:
            refused = _refused(_nothing(on_shelf))
            refused.headers["Vary"] = _VARY
            return refused
        edition, releases = on_shelf.edition, await self._public()

        def make() -> bytes:
            base_url = self._parts.settings.base_url
            return msgspec.json.encode(
                catalogue(edition, releases, self._parts.languages, base_url)
            )

        key = ("catalogue", *(one.id for one in releases))
        file = await self._parts.shelf.file(on_shelf, key, make)
        return _answer(request, file, MEDIA_TYPE, {"Vary": _VARY})

    def page(self, code: Code) -> Handler:
        """The catalogue as a page in a language."""

        async def page(request: Request) -> Response:
            on_shelf = await self._parts.shelf.current()
            if on_shelf.edition is None:
                return nothing(request, self._parts, on_shelf, code)
            releases = await self._public()

            def make() -> str:
                return self._parts.templates.render(
                    "open_data.html",
                    code,
                    edition=on_shelf.edition,
                    release=on_shelf.release,
                    names=NAMES,
                    formats=FORMATS,
                    releases=releases,
                )

            key = ("open-data", code, *(one.id for one in releases))
            shown = self._parts.shelf.page(on_shelf, key, make)
            return _answer(request, shown, "text/html; charset=utf-8", {})

        return page

    async def dataset(self, request: Request) -> Response:
        """The identifier of a dataset leads to where it is described."""
        name = request.path_params["dataset"]
        if name not in NAMES:
            return _refused(Problem(404, "no such dataset"))
        return RedirectResponse(f"/open-data/#{name}", 303)

    async def file(self, request: Request) -> Response:
        """A file of the newest release (`latest`) or of a given one."""
        id_ = request.path_params["release"]
        name, dot, form = request.path_params["file"].partition(".")
        if name not in NAMES or (dot and form not in FORMATS):
            return _refused(Problem(404, "no such file"))
        if not dot:
            return RedirectResponse(f"/open-data/{id_}/{name}.csv", 303)
        on_shelf = await self._parts.shelf.current()
        edition = on_shelf.edition
        if edition is None or id_ not in {"latest", edition.id}:
            return await self._earlier_file(request, id_, name, form, on_shelf)
        file = await self._parts.shelf.file(
            on_shelf, ("open-data", name, form), lambda: _made(edition, name, form)
        )
        return _answer(request, file, MEDIA_TYPES[form], self._headers(edition.id, name, form))

    async def _earlier_file(
        self, request: Request, id_: str, name: str, form: str, on_shelf: OnShelf
    ) -> Response:
        if id_ == "latest":
            return _refused(_nothing(on_shelf))
        found = await self._parts.store.release(id_)
        if found is None or not found.when("published") or found.kind != _KIND:
            return _refused(Problem(404, "no such release"))
        if found.state not in PUBLIC:
            return _refused(withdrawn(found))
        key = (id_, f"{name}.{form}")
        if key not in self._earlier:
            body = await self._parts.store.body(found.hash)
            if body is None:
                return _refused(withdrawn(await self._parts.store.release(id_) or found))
            self._earlier[key] = rendered(_made(Edition(id_, parse(body)), name, form))
            while len(self._earlier) > _FILES_KEPT:
                self._earlier.popitem(last=False)
        headers = {**self._headers(id_, name, form), "Kokemus-State": found.state}
        return _answer(request, self._earlier[key], MEDIA_TYPES[form], headers)

    def _headers(self, id_: str, name: str, form: str) -> dict[str, str]:
        """Which release a file is of, its licence, what explains it, and where it always is."""
        here = f"{self._parts.settings.base_url}/open-data/{id_}"
        links = {"license": LICENCE, "describedby": f"{here}/code-book.csv",
                 "canonical": f"{here}/{name}.{form}"}  # fmt: skip
        told = ", ".join(f'<{address}>; rel="{relation}"' for relation, address in links.items())
        return {"Kokemus-Release": id_, "Link": told}

    async def _public(self) -> list[Release]:
        return [
            one
            for one in await self._parts.store.releases()
            if one.kind == _KIND and one.state in PUBLIC
        ]


def _made(edition: Edition, name: str, form: str) -> bytes:
    return as_csv(edition, name) if form == "csv" else as_json(edition, name)


def _nothing(on_shelf: OnShelf) -> Problem:
    gone = on_shelf.release
    return withdrawn(gone) if gone else Problem(404, "nothing is published yet")


def _wants_json(request: Request) -> bool:
    accepted = parse_accept_header(request.headers.get("accept", "*/*"), MIMEAccept)
    return accepted.best_match(("text/html", *_OF_MACHINES), "text/html") in _OF_MACHINES


def _preferred(request: Request) -> Code:
    """The one of the reader's languages that is liked best and that there are pages in."""
    asked = parse_accept_header(request.headers.get("accept-language"), LanguageAccept)
    return language_of(asked.best_match(CODES))


def _answer(request: Request, file: Rendered, media: str, headers: dict[str, str]) -> Response:
    headers = {**OPEN, **headers, "ETag": file.etag, "Cache-Control": PUBLIC_CACHE}
    if holds(request, file.etag):
        return Response(status_code=304, headers=headers)
    return Response(file.body, media_type=media, headers=headers)


def _refused(problem: Problem) -> Response:
    answer = problem_response(problem)
    answer.headers.update(OPEN)
    return answer
