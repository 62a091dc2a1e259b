"""GeoReport's two forms as the same objects. Pure; survives what servers are known to send.

XML becomes what the standard's own mapping makes of it (its "Spark convention"): an element of
repeated elements is a list, one of different elements an object, an empty one null.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from xml.etree import ElementTree as ET

import msgspec

from kokemus.contracts import wire
from kokemus.errors import Unavailable

BOM: Final = b"\xef\xbb\xbf"

ITEMS: Final = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "media_urls": "media_url",
}
"""The elements that are lists, and what they are lists of."""

_TEXT_OR_ZEROS: Final = re.compile(rb'"(?:[^"\\]|\\[\s\S])*+(?:"|\\?\Z)|(?<![\w.+-])0\d+(?![\w.])')
"""A text, or a number that begins with zeros; of a text that does not end, all that is left."""

Row = Mapping[str, Any]


class _NoDocumentType(ET.TreeBuilder):
    """Refuses a document type, and with it every entity that one could define."""

    def doctype(self, *_: object) -> None:
        raise Unavailable("answered XML with a document type")


def read(body: bytes, form: Literal["json", "xml"]) -> Any:
    """A document as objects, lists, texts, numbers and nulls.

    Raises:
        Unavailable: it is not of that form.
    """
    try:
        return _json(body.removeprefix(BOM)) if form == "json" else _xml(body)
    except (*wire.NOT_JSON, ET.ParseError, LookupError, ValueError):
        raise Unavailable(f"answered what is no {form.upper()}") from None


def rows(body: bytes, form: Literal["json", "xml"]) -> list[Row]:
    """The rows of a list, such as of services or of requests.

    Raises:
        Unavailable: it is no list, or a list of errors.
    """
    found = read(body, form)
    if not isinstance(found, list):
        raise Unavailable("answered no list")
    listed: list[Row] = [row if isinstance(row, dict) else {} for row in found]
    if any(row and row.keys() <= {"code", "description"} for row in listed):
        raise Unavailable("answered an error")
    return listed


def text(row: Row, name: str) -> str:
    """A field as text, extended or not; "" where it is missing, null or no single value."""
    value = row.get(name)
    if value is None and isinstance(extended := row.get("extended_attributes"), dict):
        value = extended.get(name)
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _json(body: bytes) -> Any:
    """JSON; also with codes as numbers that begin with zeros, as the standard prints them."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return msgspec.json.decode(_TEXT_OR_ZEROS.sub(_quoted, body))


def _quoted(found: re.Match[bytes]) -> bytes:
    part = found[0]
    return part if part.startswith(b'"') else b'"%b"' % part


def _xml(body: bytes) -> Any:
    parser = ET.XMLParser(target=_NoDocumentType())  # noqa: S314 - no document type, no entities
    parser.feed(body)
    return _mapped(parser.close())


def _mapped(element: ET.Element) -> Any:
    item = ITEMS.get(_name(element))
    if item is not None and all(_name(inner) == item for inner in element):
        return [_mapped(inner) for inner in element]
    if len(element):
        return {_name(inner): _mapped(inner) for inner in element}
    return (element.text or "").strip() or None


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
