"""Pages to print of what is published of an entity: posters, and the pack for a committee."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, Code
from reporting.domain.releases import Entity
from reporting.handlers.public import Handler, missing, nothing
from reporting.outputs.committee_page import committee_page
from reporting.outputs.poster import poster
from reporting.parts import Parts
from reporting.rendering import download

POSTERS: Final[Mapping[str, Sequence[Code]]] = {
    **{code: (code,) for code in CODES},
    "fi-sv": ("fi", "sv"),
}
"""The languages of a poster, by how its address names them."""
PDF: Final = "application/pdf"


def register(app: FastAPI, parts: Parts) -> None:
    """Adds the posters and the packs."""
    for code in CODES:
        app.add_route(f"/print/committee-{code}/{{entity:path}}.pdf", _pack(parts, code))
    for name, codes in POSTERS.items():
        app.add_route(f"/print/{name}/{{entity:path}}.pdf", _poster(parts, name, codes))


def _pack(parts: Parts, code: Code) -> Handler:
    def make(edition: Edition, found: Entity) -> bytes:
        return committee_page(edition, found, parts.languages[code], parts.settings.base_url)

    return _printed(parts, f"committee-{code}", code, make)


def _poster(parts: Parts, name: str, codes: Sequence[Code]) -> Handler:
    languages = [parts.languages[code] for code in codes]

    def make(edition: Edition, found: Entity) -> bytes:
        return poster(edition, found, languages, parts.settings.base_url)

    return _printed(parts, name, codes[0], make)


def _printed(
    parts: Parts, name: str, code: Code, make: Callable[[Edition, Entity], bytes]
) -> Handler:
    async def shown(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        edition = on_shelf.edition
        if edition is None:
            return nothing(request, parts, on_shelf, code)
        found = edition.entities.get(request.path_params["entity"])
        if found is None:
            return missing(request, parts, on_shelf, code)
        key = ("print", name, found.id)
        file = await parts.shelf.file(on_shelf, key, partial(make, edition, found))
        return download(request, file, f"{found.id}-{name}.pdf", PDF)

    return shown
