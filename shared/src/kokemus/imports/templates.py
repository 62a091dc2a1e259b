"""Empty tables of the kinds, for the people who fill them in."""

from collections.abc import Iterator
from io import BytesIO

from msgspec import inspect
from openpyxl import Workbook

from kokemus.contracts.codes import CodeLists, lists_in
from kokemus.contracts.events import Event
from kokemus.imports.rows import fields


def header(kind: type[Event]) -> list[str]:
    """The columns of a kind as a table begins with them, without the id, which rows need not."""
    return [name for name in fields(kind) if name != "id"]


def csv(kind: type[Event]) -> bytes:
    """The header alone, as a spreadsheet of the city's languages reads it."""
    return ("\ufeff" + ";".join(header(kind)) + "\r\n").encode()


def workbook(kind: type[Event], codes: CodeLists) -> bytes:
    """A sheet with the header, and one that tells what may stand in which column."""
    book = Workbook(write_only=True)
    table, allowed = book.create_sheet("table"), book.create_sheet("codes")
    table.append(header(kind))
    allowed.append(["column", "code", "name_fi"])
    for row in _allowed(kind, codes):
        allowed.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _allowed(kind: type[Event], codes: CodeLists) -> Iterator[tuple[str, str, str]]:
    data = kind.__annotations__["data"]
    for field in inspect.type_info(data).fields:  # type: ignore[attr-defined]  # a struct
        for kind_of_field in getattr(field.type, "types", (field.type,)):
            if isinstance(kind_of_field, inspect.LiteralType):
                yield from ((field.name, str(value), "") for value in kind_of_field.values)
    for column, code_list in lists_in(data):
        yield from ((column, code, one.name_fi) for code, one in codes.of(code_list).items())
