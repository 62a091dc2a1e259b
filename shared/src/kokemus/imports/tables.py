"""What a table is, whichever format it came in."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Final, NamedTuple

MAX_COLUMNS: Final = 500
"""More than any kind has fields; a row of millions of empty cells ends here."""


class Unusable(NamedTuple):
    """A cell that holds something, but nothing that could be read; `why` completes 'the cell …'."""

    why: str


Cell = str | int | float | bool | datetime | time | Unusable | None
"""CSV has texts only. Excel's dates have no offset. None: empty."""


class Row(NamedTuple):
    """One row; `line` counts from 1 as the user's editor or Excel shows it.

    `complete` is whether the format writes every cell of a row, as CSV does, so that a row that is
    shorter than the header has lost some.
    """

    line: int
    cells: Sequence[Cell]
    complete: bool


class Unreadable(Exception):  # noqa: N818 - said of the file
    """The file cannot be read from here on.

    Attributes:
        detail: one sentence for the sender, without any value of the file.
        line: where, if a line can be told.
    """

    def __init__(self, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line


class TooLarge(Exception):  # noqa: N818 - said of the file
    """The file is larger, or unpacks to more, than is read here."""


Rows = Iterator[Row]
"""The header first, then the data; rows without any content are left out. Raises `Unreadable`."""


def is_empty(cell: Cell) -> bool:
    """Whether a cell holds nothing but space."""
    return cell is None or (isinstance(cell, str) and not cell.strip())
