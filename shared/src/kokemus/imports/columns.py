"""Which column of a table is which field, and a row as the values of the fields."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from msgspec import inspect

from kokemus.contracts import events
from kokemus.errors import Reason, Refused
from kokemus.imports import cells
from kokemus.imports.tables import Cell, Row, is_empty

_SPEAKABLE: Final = re.compile(r"[a-z_][a-z_]{0,63}")
"""Headers that may be told again: no digits, so no codes or numbers of people."""
_WORD: Final = re.compile(r"[a-z_]{1,64}|\d{4}(?:_or_before|_\d\d)?")
"""What a column of marks may be of: a code without digits, or a year or month."""
_NUMBERED: Final = re.compile(r"(.+?)_(\d{1,2})")
_APART: Final = re.compile(r"[\s.\-]+")


class Field(NamedTuple):
    """What one field asks of its column."""

    name: str
    read: cells.Reader
    item: cells.Reader | None
    """For a list: how one of its items is read, where each has a column of its own."""
    required: bool
    """A column must be there."""
    nullable: bool
    """The cell may be empty, or a dash for a number: not reported."""
    marked: bool = False
    """For a list of words: each may have a column of its own, with a mark where it is meant."""


class Unmatched(Exception):  # noqa: N818 - said of the header
    """The header does not fit the fields; `detail` names which, `column` one of them."""

    def __init__(self, detail: str, column: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.column = column


class _Place(NamedTuple):
    column: int
    field: Field
    item: int | str | None
    """Of a list: the number of one, or the word that a mark stands for."""


def fields_of(struct: Any) -> dict[str, Field]:
    """The fields of a flat struct by name; the items of lists may have numbered columns."""
    found = {}
    for field in inspect.type_info(struct).fields:  # type: ignore[attr-defined]  # a struct
        kind, nullable = _without_null(field.type)
        item = _reader(kind.item_type) if isinstance(kind, inspect.ListType) else None
        found[field.name] = Field(
            name=field.name,
            read=cells.many(item) if item else _reader(kind),
            item=item,
            required=field.required,
            nullable=nullable,
            marked=isinstance(kind, inspect.ListType)
            and isinstance(_without_null(kind.item_type)[0], inspect.StrType),
        )
    return found


def normal(header: Cell) -> str:
    """A header's name as fields are written: lower case, words joined by underscores."""
    return _APART.sub("_", str(header or "").strip("\ufeff \t\r\n")).lower()


class Columns:
    """The places of fields in a table."""

    def __init__(self, places: Sequence[_Place], width: int, unknown: Sequence[int]) -> None:
        self.unknown = unknown
        """Indexes of columns that name no field."""
        self.width = width
        self._places = places

    @classmethod
    def match(cls, header: Sequence[Cell], fields: Mapping[str, Field]) -> Self:
        """Finds the fields' columns.

        Raises:
            Unmatched: no column names a field, one is missing, or two name the same.
        """
        places, unknown = [], []
        width = 1 + max(
            (index for index, cell in enumerate(header) if not is_empty(cell)), default=-1
        )
        for index, cell in enumerate(header[:width]):
            place = _place(index, normal(cell), fields)
            if place is None:
                unknown.append(index)
            else:
                places.append(place)
        if not places:
            raise Unmatched(f"the first row must name the columns: {', '.join(fields)}")
        _check(places, fields)
        return cls(places, width, unknown)

    def named(self, header: Sequence[Cell], index: int) -> str:
        """A column for its sender: its header where it cannot be about a person, or its place."""
        name = normal(header[index])
        return name if _SPEAKABLE.fullmatch(name) else f"column {index + 1}"

    @property
    def last_is_a_mark(self) -> bool:
        """Whether the last column holds marks: nothing else in a row tells that it has shifted."""
        return any(
            place.column == self.width - 1 and isinstance(place.item, str) for place in self._places
        )

    def last_is_empty(self, row: Row) -> bool:
        """Whether the row has nothing under the last header."""
        return len(row.cells) < self.width or is_empty(row.cells[self.width - 1])

    def text_of(self, row: Row, name: str) -> str | None:
        """What a row that may be unreadable otherwise says in a column, if anything."""
        for column, field, _ in self._places:
            if field.name == name and column < len(row.cells):
                return str(row.cells[column] or "").strip() or None
        return None

    def misfit(self, row: Row) -> str | None:
        """Why a row does not fit under the header, if so."""
        if any(not is_empty(cell) for cell in row.cells[self.width :]):
            return "the row has more cells than the header"
        if row.complete and len(row.cells) < self.width:
            return "the row has fewer cells than the header"
        return None

    def values(self, row: Row, zone: ZoneInfo) -> dict[str, Any]:
        """The row's values by field; a field without a column, or left empty, is left out.

        Raises:
            Refused: the first cell that cannot be read; the pointer is its column.
        """
        misfit = self.misfit(row)
        if misfit:
            raise Refused(Reason.INVALID, misfit)
        found: dict[str, Any] = {}
        for place, field, item in self._places:
            cell = row.cells[place] if place < len(row.cells) else None
            column = field.name if item is None else f"{field.name}_{item}"
            try:
                _read(cell, field, item, zone, found)
            except Refused as error:
                raise Refused(error.reason, error.detail, column) from None
        return found


def _read(
    cell: Cell, field: Field, item: int | str | None, zone: ZoneInfo, found: dict[str, Any]
) -> None:
    if isinstance(item, str):
        items = found.setdefault(field.name, [])
        if not is_empty(cell) and cells.boolean(cell, zone):
            items.append(item)
    elif item is not None and field.item is not None:
        items = found.setdefault(field.name, [])
        if is_empty(cell):
            return
        if len(items) != item:
            raise Refused(Reason.INVALID, "a cell before this one is empty")
        items.append(field.item(cell, zone))
    elif is_empty(cell):
        if field.required and not field.nullable:
            raise Refused(Reason.INVALID, "must not be empty")
        if field.required:
            found[field.name] = None
    elif field.nullable and isinstance(cell, str) and cell.strip() in cells.NOT_REPORTED:
        found[field.name] = None
    else:
        found[field.name] = field.read(cell, zone)


def _place(index: int, name: str, fields: Mapping[str, Field]) -> _Place | None:
    if name in fields:
        return _Place(index, fields[name], None)
    numbered = _NUMBERED.fullmatch(name)
    if numbered and numbered[1] in fields and fields[numbered[1]].item is not None:
        return _Place(index, fields[numbered[1]], int(numbered[2]))
    for field in fields.values():
        word = name.removeprefix(f"{field.name}_")
        if field.marked and word != name and _WORD.fullmatch(word):
            return _Place(index, field, word.replace("_", "-") if word[0].isdigit() else word)
    return None


def _check(places: list[_Place], fields: Mapping[str, Field]) -> None:
    places.sort(key=lambda place: (place.field.name, str(place.item).zfill(2)))
    seen: dict[str, list[int | str | None]] = {}
    for place in places:
        seen.setdefault(place.field.name, []).append(place.item)
    for name, items in seen.items():
        words = {item for item in items if isinstance(item, str)}
        if items != [None] and items != list(range(len(items))) and len(words) < len(items):
            raise Unmatched("two columns have this name, or a numbered one is missing", name)
    missing = [name for name, field in fields.items() if field.required and name not in seen]
    if missing:
        raise Unmatched(f"columns are missing: {', '.join(missing)}", missing[0])


def _without_null(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """A type without its constraints and without null, and whether null was allowed."""
    if isinstance(kind, inspect.Metadata):
        return _without_null(kind.type)
    if isinstance(kind, inspect.UnionType):
        others = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        nullable = len(others) < len(kind.types)
        literals = [one for one in others if isinstance(one, inspect.LiteralType)]
        if len(literals) == len(others):
            return inspect.LiteralType(sum((one.values for one in literals), ())), nullable
        return _without_null(others[0])[0], nullable
    return kind, False


_READERS: Final[dict[type[inspect.Type], cells.Reader]] = {
    inspect.StrType: cells.text,
    inspect.IntType: cells.integer,
    inspect.FloatType: cells.number,
    inspect.BoolType: cells.boolean,
    inspect.DateType: cells.day,
    inspect.DateTimeType: cells.instant,
}

_DATED: Final[dict[str | None, cells.Reader]] = {
    events.AS_OF_PATTERN: cells.as_of,
    events.WHEN_PATTERN: cells.when,
}
"""Readers of texts that are days, by their patterns."""


def _reader(kind: inspect.Type) -> cells.Reader:
    kind, _ = _without_null(kind)
    if isinstance(kind, inspect.LiteralType):
        return cells.one_of([str(value) for value in kind.values])
    if isinstance(kind, inspect.StructType):
        required = sum(field.required for field in kind.fields)
        return cells.joined({field.name: _reader(field.type) for field in kind.fields}, required)
    if isinstance(kind, inspect.StrType) and kind.pattern in _DATED:
        return _DATED[kind.pattern]
    return _READERS[type(kind)]
