"""CSV in the forms that spreadsheets and systems write it: encodings, delimiters, quotes."""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO, TextIOWrapper
from typing import Final

from kokemus.imports.tables import Row, Rows, Unreadable, is_empty

DELIMITERS: Final = ";,\t"
MAX_LINE: Final = 1_000_000
_CHUNK: Final = 1 << 16
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSETS: Final = {
    "utf-8": "utf-8-sig",
    "us-ascii": "utf-8-sig",
    "utf-16": "utf-16",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
}
_UTF8_READ_AS_CP1252: Final = re.compile("\u00c3[\u00a4\u00b6\u00a5\u201e\u2013\u2026\u00a9\u00bc]")
"""What ä, ö, å, Ä, Ö, Å, é and ü in UTF-8 look like in Windows-1252."""
_EXCEL_HINT: Final = re.compile(r"\ufeff?sep=([;,\t])\r?\n?", re.IGNORECASE)

Known = Callable[[Sequence[str]], int]
"""Says how many cells of a possible header name a field."""


def read(body: bytes, known: Known, charset: str | None = None) -> Rows:
    """The rows of a CSV file.

    A file that names no character set is UTF-8 or, with a byte order mark, UTF-16; what is no
    UTF-8 is taken for Windows-1252, in which Excel writes. The delimiter is the one of semicolon,
    comma and tab with which the header names the most fields.

    Args:
        body: the file.
        known: tells which delimiter reads the header best.
        charset: what the sender says about the encoding.

    Raises:
        Unreadable: at once or on the way; the encoding, a quote or a line is broken.
    """
    if body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable("this is an Excel file; send it with the media type of Excel")
    encoding = _encoding(body, charset)
    return _rows(body, encoding, known)


def _encoding(body: bytes, charset: str | None) -> str:
    if charset is not None:
        encoding = _CHARSETS.get(charset.lower())
        if encoding is None:
            raise Unreadable(f"the character set must be one of {', '.join(_CHARSETS)}")
        if not _decodes(body, encoding):
            raise Unreadable("the file is not in the character set that was named")
        return encoding
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            if not _decodes(body, encoding):
                raise Unreadable("the byte order mark and what follows contradict each other")
            return encoding
    if _decodes(body, "utf-8"):
        return "utf-8"
    if _decodes(body, "cp1252", _UTF8_READ_AS_CP1252):
        return "cp1252"
    raise Unreadable("the encoding is mixed or unknown; save the file as CSV UTF-8")


def _decodes(body: bytes, encoding: str, without: re.Pattern[str] | None = None) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(body), _CHUNK):
            text = decoder.decode(body[start : start + _CHUNK])
            if without is not None and without.search(text):
                return False
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _lines(body: bytes, encoding: str) -> Iterator[str]:
    with TextIOWrapper(BytesIO(body), encoding, newline="") as text:
        number = 0
        while line := text.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise Unreadable("a line is too long", number)
            yield line


def _rows(body: bytes, encoding: str, known: Known) -> Rows:
    lines = _lines(body, encoding)
    first, skipped = "", 0
    for first in lines:
        hint = _EXCEL_HINT.fullmatch(first)
        if first.strip("\ufeff \t\r\n;,") and not hint:
            break
        skipped += 1
    else:
        return

    def all_lines() -> Iterator[str]:
        yield first
        yield from lines

    table = csv.reader(all_lines(), delimiter=_delimiter(first, known), strict=True)
    while True:
        line = skipped + table.line_num + 1
        try:
            cells = next(table, None)
        except csv.Error:
            raise Unreadable("a quote is not closed or a cell is too long", line) from None
        if cells is None:
            return
        if not all(map(is_empty, cells)):
            yield Row(line, cells, complete=True)


def _delimiter(header: str, known: Known) -> str:
    def score(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([header], delimiter=delimiter))
        except csv.Error:
            return 0, 0
        return known(cells), len(cells)

    return max(DELIMITERS, key=score)
