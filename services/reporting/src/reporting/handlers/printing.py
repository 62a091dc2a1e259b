"""Posters to print: one A4 page of what is published of an entity."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from reporting.domain.languages import CODES, Code
from reporting.handlers.public import Handler, missing, nothing
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
    """Adds the posters."""
    for name, codes in POSTERS.items():
        app.add_route(f"/print/{name}/{{entity:path}}.pdf", _poster(parts, name, codes))


def _poster(parts: Parts, name: str, codes: Sequence[Code]) -> Handler:
    languages = [parts.languages[code] for code in codes]

    async def shown(request: Request) -> Response:
        on_shelf = await parts.shelf.current()
        edition = on_shelf.edition
        if edition is None:
            return nothing(request, parts, on_shelf, codes[0])
        found = edition.entities.get(request.path_params["entity"])
        if found is None:
            return missing(request, parts, on_shelf, codes[0])
        make = partial(poster, edition, found, languages, parts.settings.base_url)
        file = await parts.shelf.file(on_shelf, ("poster", name, found.id), make)
        return download(request, file, f"{found.id}-{name}.pdf", PDF)

    return shown
