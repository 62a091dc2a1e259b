"""Reads what a PDF says, and how it is tagged, by another library than the one that made it."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pypdf import PdfReader


class Structure(NamedTuple):
    """What a screen reader is told of a file."""

    standard: str | None
    """The part of PDF/UA that the file says it keeps."""
    title: str | None
    language: str | None
    roles: set[str]
    alternatives: list[str]


def spoken(reader: PdfReader) -> str:
    """All words of the file, with single spaces; no-break spaces stay."""
    text = "\n".join(page.extract_text() for page in reader.pages)
    return re.sub(r"[ \n]+", " ", text)


def structure(reader: PdfReader) -> Structure:
    """The tags of the file and what else PDF/UA asks for."""
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    xmp = root["/Metadata"].get_data().decode()
    told = re.search(r"<pdfuaid:part>(\d)</pdfuaid:part>", xmp)
    elements = list(_elements(root["/StructTreeRoot"]))
    return Structure(
        standard=told[1] if told else None,
        title=reader.metadata.title if reader.metadata else None,
        language=root.get("/Lang"),
        roles={str(one["/S"]) for one in elements},
        alternatives=[str(one["/Alt"]) for one in elements if "/Alt" in one],
    )


def _elements(node: Any) -> Iterator[Any]:
    found = node.get("/K", [])
    for one in found if isinstance(found, list) else [found]:
        element = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(element, dict) and "/S" in element:
            yield element
            yield from _elements(element)
