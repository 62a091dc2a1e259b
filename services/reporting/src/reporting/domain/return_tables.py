"""Which entities a workbook speaks for, before anybody takes its rows in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from kokemus.imports import workbooks
from kokemus.imports.columns import normal

SUBJECT: Final = "subject"


class Foreign(NamedTuple):
    """Rows of a workbook that speak for entities that somebody does not return for."""

    rows: int
    """Of the whole workbook."""
    others: int
    lines: Sequence[int]
    """The first of them, as a spreadsheet counts."""


def foreign(named: Iterable[tuple[int, str]], is_own: Callable[[str], bool], most: int) -> Foreign:
    """The rows whose subject is not one's own; keeps no more than so many lines.

    Args:
        named: line and subject of each row.
        is_own: whether a subject is; asked once of each.
        most: how many lines to name.
    """
    known = cache(is_own)
    rows = count = 0
    lines: list[int] = []
    for line, subject in named:
        rows += 1
        if known(subject):
            continue
        count += 1
        if len(lines) < most:
            lines.append(line)
    return Foreign(rows, count, lines)


def subjects(content: bytes) -> Iterator[tuple[int, str]]:
    """The line and the subject of each row of a workbook; none where no column is called so.

    Raises:
        Unreadable: it is no workbook.
        TooLarge: it unpacks to too much.
    """
    rows = workbooks.read(content)
    header = next(rows, None)
    places = [
        index
        for index, cell in enumerate(header.cells if header else [])
        if normal(cell) == SUBJECT
    ]
    for row in rows:
        for index in places:
            if index < len(row.cells) and row.cells[index] is not None:
                yield row.line, str(row.cells[index]).strip()
