"""The closed code lists and the glossary: data that a city extends with files of its own.

The edges (HTTP, files, polls) hold every code against its list and refuse what it lacks. Topics are
read without: a code that was taken out of its list later stays readable where it was used.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import msgspec

from kokemus.contracts import events
from kokemus.contracts.topics import FILES
from kokemus.errors import Reason, Refused

LANGUAGES: Final = ("fi", "sv", "en")

_LEVEL: Final = re.compile(r"\blevel ([1-4])\b")
"""How the note of a method says on which level of the ladder it is."""
_COLUMNS: Final = re.compile(r"\bcolumns: ([a-z0-9_ ]+)")
"""How the note of a theme of the participation game says which columns it has."""


class Code(NamedTuple):
    """A member of a closed list."""

    code_list: str
    code: str
    name_fi: str
    note: str

    @property
    def level(self) -> int | None:
        """The level of the ladder on which a method is; None for any other code."""
        found = _LEVEL.search(self.note)
        return int(found[1]) if found else None

    @property
    def columns(self) -> list[str]:
        """The columns of a theme of the participation game; none for any other code."""
        found = _COLUMNS.search(self.note)
        return found[1].split() if found else []


class CodeLists:
    """Every closed list by its name, such as `press_reason`, and its codes in their order."""

    def __init__(self, codes: Mapping[str, Mapping[str, Code]]) -> None:
        self._codes = codes

    @classmethod
    def load(cls, *more: Path | None) -> Self:
        """The lists of the contracts, then of a city's own CSV files with the same columns, if any.

        A file adds lists and codes, and renames codes that it repeats; it takes none away.

        Raises:
            ValueError: a file cannot be read, or its columns are not `list`, `code`, `name_fi`,
                `note`.
        """
        codes: dict[str, dict[str, Code]] = {}
        own = tuple(path for path in more if path is not None)
        for row in _rows("code_lists.csv", ("list", "code", "name_fi", "note"), own):
            code = Code(*row)
            codes.setdefault(code.code_list, {})[code.code] = code
        return cls(codes)

    def of(self, code_list: str) -> Mapping[str, Code]:
        """The codes of a list; none for a list that nobody made."""
        return self._codes.get(code_list, {})

    def check(self, event: events.Event) -> None:
        """Holds each code of an event against its list.

        Raises:
            Refused: naming the first field whose code its list lacks, never the code itself.
        """
        for pointer, code_list, code in _codes_in(event.data, "/data"):
            if code not in self.of(code_list):
                raise Refused(Reason.INVALID, f"no such code in the list {code_list}", pointer)
        match event.data:
            case events.MethodReport() as report:
                self._check_level(report)
            case events.Game() as game:
                self._check_columns(game)
            case _:
                pass

    def _check_level(self, report: events.MethodReport) -> None:
        level = self.of("method")[report.method].level
        if level not in (None, report.level):
            raise Refused(Reason.INVALID, f"this method is on level {level}", "/data/level")

    def _check_columns(self, game: events.Game) -> None:
        for index, measure in enumerate(game.measures):
            columns = self.of("game_theme")[measure.theme].columns
            if columns and measure.column not in columns:
                raise Refused(
                    Reason.INVALID,
                    "this theme does not have this column",
                    f"/data/measures/{index}/column",
                )

    def refused(self, batch: Sequence[events.Event]) -> dict[int, Refused]:
        """What `check` says of many events, by position; free of cost where no type has codes."""
        coded = {kind for kind in set(map(type, batch)) if _coded_fields(kind)}
        refused: dict[int, Refused] = {}
        if coded:
            for position, event in enumerate(batch):
                try:
                    self.check(event)
                except Refused as error:
                    refused[position] = error
        return refused


class Glossary:
    """The words of the city in its languages, by codes such as `metric.happy_index`.

    A thing that was called otherwise has its earlier words under `code/year`, the last year that
    had them: `ombudsperson/2023`.
    """

    def __init__(self, terms: Mapping[str, Mapping[str, str]]) -> None:
        self._terms = terms

    @classmethod
    def load(cls, *more: Path) -> Self:
        """The glossary of the contracts; a city's own CSV files add terms and replace them.

        Raises:
            ValueError: a file cannot be read, or its columns are not `code`, `fi`, `sv`, `en`.
        """
        return cls(
            {
                code: dict(zip(LANGUAGES, names, strict=True))
                for code, *names in _rows("glossary.csv", ("code", *LANGUAGES), more)
            }
        )

    def term(self, code: str, language: str, year: int | None = None) -> str:
        """The word for a code, now or as it was in a year; in Finnish where that language has none.

        Raises:
            KeyError: the glossary does not have the code.
        """
        ended = [int(term[len(code) + 1 :]) for term in self._terms if term.startswith(f"{code}/")]
        last = min((one for one in ended if year is not None and year <= one), default=None)
        names = self._terms[code if last is None else f"{code}/{last}"]
        return names.get(language) or names["fi"]

    def __contains__(self, code: str) -> bool:
        return code in self._terms

    def __iter__(self) -> Iterator[str]:
        return iter(self._terms)


def _rows(name: str, columns: tuple[str, ...], more: tuple[Path, ...]) -> Iterator[list[str]]:
    texts = {name: (FILES / "data" / name).read_text("utf-8")}
    try:
        texts |= {str(path): path.read_text("utf-8-sig") for path in more}
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"a file of codes or words cannot be read: {error}") from None
    for source, text in texts.items():
        table = csv.reader(StringIO(text))
        if tuple(next(table, ())) != columns:
            raise ValueError(f"{source}: the columns must be {', '.join(columns)}")
        for row in table:
            if len(row) != len(columns):
                raise ValueError(f"{source}, line {table.line_num}: {len(columns)} cells expected")
            yield row


def lists_in(struct: Any) -> Iterator[tuple[str, str]]:
    """The fields of a struct, and of the structs within, that hold codes, each with its list."""
    for field in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]  # a struct
        for kind in _alternatives(field.type):
            if isinstance(kind, msgspec.inspect.StructType):
                yield from lists_in(kind.cls)
    yield from ((name, code_list) for name, code_list in _coded_fields(struct) if code_list)


@cache
def _coded_fields(struct: Any) -> tuple[tuple[str, str | None], ...]:
    """The fields that hold codes, with their list, or (None) structs with codes in them."""
    found: list[tuple[str, str | None]] = []
    for field in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]  # a struct
        for kind in _alternatives(field.type):
            if isinstance(kind, msgspec.inspect.Metadata):
                code_list = (kind.extra_json_schema or {}).get(events.CODE_LIST)
                if code_list:
                    found.append((field.name, code_list))
            elif isinstance(kind, msgspec.inspect.StructType) and _coded_fields(kind.cls):
                found.append((field.name, None))
    return tuple(dict.fromkeys(found))


def _alternatives(kind: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    """What a field may hold, itself, in a union or in a list."""
    if isinstance(kind, msgspec.inspect.UnionType):
        for alternative in kind.types:
            yield from _alternatives(alternative)
    elif isinstance(kind, msgspec.inspect.ListType):
        yield from _alternatives(kind.item_type)
    else:
        yield kind


def _codes_in(data: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Every code within a struct as (pointer, list, code)."""
    struct: Any = type(data)
    for name, code_list in _coded_fields(struct):
        value = getattr(data, name)
        many = isinstance(value, list)
        for index, item in enumerate(value if many else [value]):
            pointer = f"{path}/{name}/{index}" if many else f"{path}/{name}"
            if code_list is None:
                yield from _codes_in(item, pointer)
            elif item is not None:
                yield pointer, code_list, item
