"""Which entities a workbook speaks for, before anybody takes its rows in."""

from collections.abc import Iterator
from typing import Final

from kokemus.imports import workbooks
from kokemus.imports.columns import normal

SUBJECT: Final = "subject"


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
