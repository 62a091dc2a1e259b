"""The first sheet of an Excel workbook, row by row, whatever else the file tries.

Files come from outside, so everything is streamed through expat and bounded: what the archive
unpacks to, how deep XML nests, how long a token, a cell and a row may be. Documents with a DOCTYPE
are refused, so that there are no entities. Of formulas only the stored results are read.
"""

import posixpath
from array import array
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time
from io import BytesIO
from struct import error as StructError  # noqa: N812 - a class by its nature
from typing import Any, Final
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - a class by its nature

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from kokemus.imports.tables import (
    MAX_COLUMNS,
    Cell,
    Row,
    Rows,
    TooLarge,
    Unreadable,
    Unusable,
    is_empty,
)

MAX_UNPACKED: Final = 200 * 1024 * 1024
MAX_STRINGS: Final = 32 * 1024 * 1024
"""Of the texts that cells share, which must be held in memory."""
MAX_PARTS: Final = 2_000
MAX_ROWS: Final = 1_048_576
"""Excel's own limit."""
_MAX_TEXT: Final = 32_767
"""Characters in a cell: Excel's own limit."""
_MAX_DEPTH: Final = 40
_MAX_TOKEN: Final = 1 << 20
_CHUNK: Final = 1 << 16

_NO_WORKBOOK: Final = "this is no Excel workbook (.xlsx), or it is damaged or has a password"
_NO_RESULT: Final = Unusable("holds a formula whose result was not saved")
_ERROR: Final = Unusable("holds a formula's error")
_NO_NUMBER: Final = Unusable("holds no readable number")
_NO_DATE: Final = Unusable("holds a date that does not exist")

_DAMAGED: Final = (
    BadZipFile,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    StructError,
    ValueError,
    ZlibError,
)
"""What the archive's reader raises over damaged files, which it promises nothing about."""

Attributes = Mapping[str, str]


def read(body: bytes) -> Rows:
    """The rows of the first sheet that is not hidden.

    Raises:
        TooLarge: it unpacks to more than 200 MiB.
        Unreadable: at once or on the way; it is no workbook.
    """
    try:
        archive = ZipFile(BytesIO(body))
        parts = archive.infolist()
    except _DAMAGED as error:
        raise Unreadable(_NO_WORKBOOK) from error
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise TooLarge
    if any(part.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for part in parts):
        raise Unreadable(_NO_WORKBOOK)
    return _rows(_Workbook(archive))


class _Part:
    """One XML part, parsed in steps; a subclass handles elements by their local names."""

    def __init__(self) -> None:
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, archive: ZipFile, name: str) -> Iterator[None]:
        """Parses a part of the archive, pausing after each piece."""
        try:
            with archive.open(name) as stream:
                fed = 0
                while piece := stream.read(_CHUNK):
                    fed += len(piece)
                    self._parser.Parse(piece, False)
                    if fed - max(self._parser.CurrentByteIndex, 0) > _MAX_TOKEN + _CHUNK:
                        raise Unreadable(_NO_WORKBOOK)
                    yield
                self._parser.Parse(b"", True)
            yield
        except (
            *_DAMAGED,
            expat.ExpatError,
        ) as error:
            raise Unreadable(_NO_WORKBOOK) from error

    def read(self, archive: ZipFile, name: str) -> None:
        """Parses a whole part."""
        for _ in self.feed(archive, name):
            pass

    def started(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def ended(self, name: str) -> None:
        """An element ends."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Unreadable(_NO_WORKBOOK)
        self.started(_local(name), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.ended(_local(name))

    def _refuse(self, *_: Any) -> None:
        raise Unreadable("a workbook with a DOCTYPE is not read")


class _Elements(_Part):
    """Collects elements without content, bounded, as (name, attributes by local name)."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Attributes]] = []
        self._names = names
        self._path: list[str] = []

    def started(self, name: str, attributes: Attributes) -> None:
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if f"{parent}/{name}" in self._names:
            if len(self.found) > 100_000:
                raise Unreadable(_NO_WORKBOOK)
            self.found.append((name, {_local(key): value for key, value in attributes.items()}))

    def ended(self, name: str) -> None:  # noqa: ARG002 - the innermost one
        self._path.pop()


class _Text(_Part):
    """Gathers text, a cell's length at most."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._length = 0

    def listen(self) -> None:
        """Begins to gather."""
        self._parser.CharacterDataHandler = self._gather

    def pause(self) -> None:
        """Lets text pass."""
        self._parser.CharacterDataHandler = None

    def take(self) -> str:
        """What was gathered since the last time."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return text

    def _gather(self, piece: str) -> None:
        self._length += len(piece)
        if self._length > _MAX_TEXT:
            raise Unreadable("a cell holds more text than Excel allows")
        self._pieces.append(piece)


class Texts:
    """Texts by number, packed: a million of them as objects would take 75 MB and more."""

    def __init__(self) -> None:
        self._packed = bytearray()
        self._ends = array("I", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        return self._packed[self._ends[number] : self._ends[number + 1]].decode()

    def append(self, text: str) -> None:
        """Adds the next one."""
        self._packed += text.encode()
        self._ends.append(len(self._packed))


class _SharedStrings(_Text):
    """The texts that cells refer to by number, without the readings of East Asian scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = Texts()
        self._phonetic = False

    def started(self, name: str, attributes: Attributes) -> None:  # noqa: ARG002
        if name == "rPh":
            self._phonetic = True
        elif name == "t" and not self._phonetic:
            self.listen()

    def ended(self, name: str) -> None:
        if name == "t":
            self.pause()
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            self.texts.append(self.take())


class _Workbook:
    """What the cells of a sheet are read by."""

    def __init__(self, archive: ZipFile) -> None:
        self.archive = archive
        names = {part.filename: part.file_size for part in archive.infolist()}
        main = self._related("_rels/.rels", "", "/officeDocument")
        if not main:
            raise Unreadable(_NO_WORKBOOK)
        workbook = next(iter(main.values()))
        folder, _, file = workbook.rpartition("/")
        relations = f"{folder}/_rels/{file}.rels".lstrip("/")
        content = _Elements("workbook/workbookPr", "sheets/sheet")
        content.read(archive, workbook)
        self.epoch = WINDOWS_EPOCH
        self.sheet = ""
        sheets = self._related(relations, folder, "/worksheet")
        for name, attributes in content.found:
            if name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                self.epoch = MAC_EPOCH
            if name == "sheet" and attributes.get("state", "visible") == "visible":
                self.sheet = self.sheet or sheets.get(attributes.get("id", ""), "")
        if not self.sheet:
            raise Unreadable("the workbook has no sheet that can be read")
        self.strings = Texts()
        for name in self._related(relations, folder, "/sharedStrings").values():
            if names.get(name, 0) > MAX_STRINGS:
                raise TooLarge
            shared = _SharedStrings()
            shared.read(archive, name)
            self.strings = shared.texts
        self.dates: frozenset[str] = frozenset()
        for name in self._related(relations, folder, "/styles").values():
            self.dates = _date_styles(archive, name)

    def _related(self, relations: str, folder: str, kind: str) -> dict[str, str]:
        elements = _Elements("Relationships/Relationship")
        elements.read(self.archive, relations)
        return {
            one.get("Id", ""): posixpath.normpath(
                posixpath.join("/", folder, one.get("Target", ""))
            ).lstrip("/")
            for _, one in elements.found
            if one.get("Type", "").endswith(kind)
        }


def _local(name: str) -> str:
    """A name without its namespace's prefix."""
    return name.rpartition(":")[2]


def _date_styles(archive: ZipFile, name: str) -> frozenset[str]:
    """The cell styles, by their number as text, that show a number as a date or a time."""
    elements = _Elements("numFmts/numFmt", "cellXfs/xf")
    elements.read(archive, name)
    formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
    formats |= {
        one.get("numFmtId", ""): one.get("formatCode", "")
        for kind, one in elements.found
        if kind == "numFmt"
    }
    styles = [one for kind, one in elements.found if kind == "xf"]
    return frozenset(
        str(index)
        for index, style in enumerate(styles)
        if is_date_format(formats.get(style.get("numFmtId", "0")))
    )


class _Sheet(_Text):
    """Turns a sheet's elements into rows."""

    def __init__(self, workbook: _Workbook) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._workbook = workbook
        self._line = 0
        self._cells: list[Cell] = []
        self._column = 0
        self._attributes: Attributes = {}
        self._formula = False

    def started(self, name: str, attributes: Attributes) -> None:
        if name == "row":
            self._begin_row(attributes)
        elif name == "c":
            self._attributes = attributes
            self._formula = False
            self._column = _column(attributes.get("r"), len(self._cells))
        elif name == "f":
            self._formula = True
        elif name in {"v", "t"}:
            self.listen()

    def ended(self, name: str) -> None:
        if name in {"v", "t"}:
            self.pause()
        elif name == "c":
            cell = self._cell(self.take())
            if cell is not None:
                self._cells += [None] * (self._column - len(self._cells))
                self._cells[self._column :] = [cell]
        elif name == "row" and not all(map(is_empty, self._cells)):
            self.rows.append(Row(self._line, self._cells, complete=False))

    def _begin_row(self, attributes: Attributes) -> None:
        given = attributes.get("r", str(self._line + 1))
        line = int(given) if given.isdecimal() and len(given) < 9 else 0
        if not self._line < line <= MAX_ROWS:
            raise Unreadable(_NO_WORKBOOK, self._line or None)
        self._line = line
        self._cells = []

    def _cell(self, text: str) -> Cell:  # noqa: PLR0911 - one answer a type
        kind = self._attributes.get("t", "n")
        if not text:
            return _NO_RESULT if self._formula and kind != "str" else None
        match kind:
            case "s":
                known = (
                    text.isdecimal() and len(text) < 9 and int(text) < len(self._workbook.strings)
                )
                return self._workbook.strings[int(text)] if known else _NO_NUMBER
            case "str" | "inlineStr":
                return text
            case "b":
                return text == "1"
            case "d":
                return text
            case "n":
                number = _number(text)
                dated = self._attributes.get("s", "0") in self._workbook.dates
                if not dated or isinstance(number, Unusable):
                    return number
                return _moment(number, self._workbook.epoch)
            case _:
                return _ERROR


def _rows(workbook: _Workbook) -> Rows:
    sheet = _Sheet(workbook)
    for _ in sheet.feed(workbook.archive, workbook.sheet):
        yield from sheet.rows
        sheet.rows.clear()


def _column(reference: str | None, following: int) -> int:
    """The index of a cell's column: of its reference such as `AB12`, else the following one."""
    if reference is None:
        index = following
    else:
        index = 0
        for letter in reference.rstrip("0123456789")[:4]:
            index = index * 26 + ord(letter.upper()) - ord("A") + 1
        index -= 1
    if not following <= index < MAX_COLUMNS:
        raise Unreadable(f"a row has more than {MAX_COLUMNS} cells, or they are out of order")
    return index


def _number(text: str) -> int | float | Unusable:
    if len(text) > 40:
        return _NO_NUMBER
    convert: Callable[[str], int | float] = int if text.lstrip("-").isdecimal() else float
    try:
        number = convert(text)
    except ValueError:
        return _NO_NUMBER
    return number if abs(number) < 1e300 else _NO_NUMBER


def _moment(number: float, epoch: datetime) -> datetime | time | Unusable:
    try:
        found: datetime | time = from_excel(number, epoch)
    except (OverflowError, ValueError):
        return _NO_DATE
    return found
