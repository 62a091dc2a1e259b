"""GeoReport's two forms, JSON and XML."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

from starlette.responses import JSONResponse, Response

FORMATS: Final = ("json", "xml")
XML: Final = "text/xml; charset=utf-8"

Listed = Sequence[Mapping[str, Any]]


def many(
    form: str, names: tuple[str, str], rows: Listed, status: int = 200, **headers: str
) -> Response:
    """Rows under a root, such as `("services", "service")`."""
    if form == "json":
        return JSONResponse(list(rows), status_code=status, headers=headers)
    root = ET.Element(names[0])
    for row in rows:
        _add(root, names[1], row)
    return _xml(root, status, headers)


def one(form: str, name: str, content: Mapping[str, Any]) -> Response:
    """One document."""
    if form == "json":
        return JSONResponse(dict(content))
    root = ET.Element(name)
    for inner, value in content.items():
        _add(root, inner, value)
    return _xml(root, 200, {})


def error(form: str, status: int, description: str, **headers: str) -> Response:
    """The standard's error, which never repeats what was sent."""
    row = {"code": str(status), "description": description}
    return many(form, ("errors", "error"), [row], status, **headers)


def _add(parent: ET.Element, name: str, value: Any) -> None:
    element = ET.SubElement(parent, name)
    match value:
        case dict():
            for inner, content in value.items():
                _add(element, inner, content)
        case list():
            for content in value:
                _add(element, name.removesuffix("s"), content)
        case None:
            pass
        case _:
            element.text = str(value)


def _xml(root: ET.Element, status: int, headers: Mapping[str, str]) -> Response:
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, status_code=status, headers=dict(headers), media_type=XML)
