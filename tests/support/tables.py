"""Tables as the sources' people save them: CSV text and Excel workbooks."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

PRESS = {
    "subject": "terveysasema-kallio",
    "time": "2018-01-31T14:30:00+02:00",
    "device_id": "4711",
    "scale": "smiley4",
    "value": "3",
    "question_id": "q-overall",
    "channel": "kiosk",
}
"""A row of presses; tests replace what matters."""


def csv_file(
    rows: Sequence[Mapping[str, Any]], *, delimiter: str = ";", encoding: str = "utf-8"
) -> bytes:
    """Rows as CSV; the first one names the columns."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode(encoding)


def workbook(rows: Sequence[Sequence[Any]], *, date_1904: bool = False) -> bytes:
    """Cells as an Excel workbook, dates as Excel keeps them."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"date_1904": date_1904, "strings_to_numbers": False})
    sheet = book.add_worksheet()
    moment = book.add_format({"num_format": "d.m.yyyy h:mm"})
    day = book.add_format({"num_format": 14})
    for line, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            match cell:
                case datetime():
                    sheet.write_datetime(line, column, cell, moment)
                case date():
                    sheet.write_datetime(line, column, cell, day)
                case _:
                    sheet.write(line, column, cell)
    book.close()
    return buffer.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """A workbook with one part of its archive replaced, or one added."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        new.writestr(name, part)
    return changed.getvalue()


def part_of(content: bytes, name: str) -> bytes:
    """A part of a workbook's archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)
