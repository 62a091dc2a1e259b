"""The workbook behind the meters' pages: their tables, texts, definitions and notes.

A value is a number, so that it can be counted with: the rounded one, with a format that shows it as
every output prints it and no decimals behind that. All else is text, and no cell is a formula.
"""

from io import BytesIO
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reporting.domain.editions import Edition
from reporting.domain.languages import DECIMALS, Language
from reporting.domain.meter_views import MeterGrid, MeterView, begun, said, view
from reporting.domain.meters import FIELDS, code_of, known
from reporting.domain.releases import Figure
from reporting.domain.round_wording import field_name

_BLUE: Final = "#0000BF"
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 16, "font_color": _BLUE},
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 2, "bg_color": "#E6EFF8"},
    "name": {"text_wrap": True, "valign": "top", "bottom": 4},
    "text": {"text_wrap": True, "valign": "top", "align": "left", "num_format": "@", "bottom": 4},
    "word": {"valign": "top", "align": "right", "num_format": "@", "bottom": 4},
    "note": {"text_wrap": True, "valign": "top", "font_color": "#525A65"},
}  # fmt: skip
_NUMBER: Final[dict[str, Any]] = {"valign": "top", "align": "right", "bottom": 4}
_NAMES_WIDTH: Final = 38
_FIGURES_WIDTH: Final = 20
_TEXT_WIDTH: Final = 92
_LINE: Final = 15
"""Points of a line of words. Rows are made high enough here: not every program does it."""


def workbook(edition: Edition, language: Language) -> bytes:
    """The tables of every meter of a round's release as an Excel file.

    Args:
        edition: a release of kind `round-yearly`.
        language: of its words; numbers follow the reader's own settings.
    """
    made = BytesIO()
    year = edition.content.period_end.year
    title = language.say("Kaupunkistrategian mittarit %(year)s", year=year)
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": title, "comments": edition.id})
        sheets = _Sheets(book, edition, language)
        for meter in known(edition.content.texts):
            shown = view(edition, meter, language)
            for number, grid in enumerate(shown.grids, 1):
                sheets.add_grid(f"{_sheet_names(language)[meter]} {number}", shown, grid)
        sheets.add_texts(title)
        sheets.add_definitions()
    return made.getvalue()


class _Sheets:
    """Adds sheets to a workbook; the place of each is the order in which they are added."""

    def __init__(self, book: xlsxwriter.Workbook, edition: Edition, language: Language) -> None:
        self._book = book
        self._edition = edition
        self._language = language
        self._numbers: dict[str, Format] = {}
        self._looks = {name: book.add_format(look) for name, look in _LOOKS.items()}

    def add_grid(self, name: str, shown: MeterView, grid: MeterGrid) -> None:
        """A table of figures."""
        sheet = self._sheet(name, f"{shown.name}: {grid.caption}")
        sheet.set_landscape()
        sheet.set_column(0, 0, _NAMES_WIDTH)
        sheet.set_column(1, len(grid.columns), _FIGURES_WIDTH)
        heads = [grid.first, *(one.heading for one in grid.columns)]
        for column, heading in enumerate(heads):
            sheet.write_string(2, column, begun(heading), self._looks["head"])
        sheet.set_row(2, 3 * _LINE)
        for row, line in enumerate(grid.lines, 3):
            sheet.write_string(row, 0, line.name, self._looks["name"])
            for column, figure in enumerate(line.figures, 1):
                self._write(sheet, row, column, figure)
        sheet.freeze_panes(3, 1)
        sheet.repeat_rows(2)
        for row, note in enumerate(shown.notes, len(grid.lines) + 4):
            sheet.write_string(row, 0, note)

    def add_texts(self, title: str) -> None:
        """What the meters are, field by field."""
        say, texts = self._language.say, self._edition.content.texts
        sheet = self._sheet(say("Mittarit"), title)
        sheet.set_column(0, 1, _NAMES_WIDTH)
        sheet.set_column(2, 2, _TEXT_WIDTH)
        sheet.set_landscape()
        self._heads(sheet, say("Mittari"), say("Tieto"), say("Teksti"))
        rows = [(meter, field) for meter in known(texts) for field in FIELDS]
        for row, (meter, field) in enumerate(rows, 3):
            name = self._language.word(code_of(meter), texts)
            told = self._language.word(code_of(meter, field), texts)
            self._words(sheet, row, name, field_name(field, self._language), told)

    def add_definitions(self) -> None:
        """What each metric says, and how it was counted; then what the words for no number mean."""
        say, texts = self._language.say, self._edition.content.texts
        sheet = self._sheet(say("Määritelmät"), say("Määritelmät ja huomautukset"))
        sheet.set_column(0, 1, _NAMES_WIDTH)
        sheet.set_column(2, 2, _TEXT_WIDTH)
        sheet.set_landscape()
        self._heads(sheet, say("Mittari tai merkintä"), say("Versio"), say("Selitys"))
        metrics = {one.metric: one.definition or "" for one in self._edition.content.figures}
        row = 3
        for metric, definition in sorted(metrics.items()):
            name = begun(self._language.word(f"metric.{metric}", texts))
            explained = self._language.word(f"explain.{metric}", texts)
            told = explained if explained != f"explain.{metric}" else ""
            self._words(sheet, row, name, definition, told)
            row += 1
        for status in sorted({one.status for one in self._edition.content.figures} - {"ok"}):
            word = self._language.word(f"status.{status}")
            self._words(
                sheet, row, word, "", say("Luvun tilalla: lukua ei ole, eikä se ole nolla.")
            )
            row += 1

    def _sheet(self, name: str, title: str) -> Worksheet:
        sheet = self._book.add_worksheet(name)
        sheet.write_string(0, 0, title, self._looks["title"])
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L{self._edition.id}&R&P / &N")
        return sheet

    def _heads(self, sheet: Worksheet, *headings: str) -> None:
        for column, heading in enumerate(headings):
            sheet.write_string(2, column, heading, self._looks["head"])
        sheet.freeze_panes(3, 0)
        sheet.repeat_rows(2)

    def _words(self, sheet: Worksheet, row: int, *words: str) -> None:
        for column, word in enumerate(words):
            sheet.write_string(row, column, word, self._looks["text"])
        lines = (-(-len(word) // (_TEXT_WIDTH - 8)) + word.count("\n") for word in words)
        sheet.set_row(row, _LINE * max(1, *lines))

    def _write(self, sheet: Worksheet, row: int, column: int, figure: Figure | None) -> None:
        if figure is None or figure.value is None:
            told = said(figure, self._language)
            sheet.write_string(row, column, told, self._looks["word"])
        else:
            sheet.write_number(row, column, figure.value, self._number(figure.metric))

    def _number(self, metric: str) -> Format:
        """A format that shows a number as the language prints this metric's values."""
        shape = _shape(metric, self._language)
        if shape not in self._numbers:
            self._numbers[shape] = self._book.add_format({**_NUMBER, "num_format": shape})
        return self._numbers[shape]


def _shape(metric: str, language: Language) -> str:
    decimals = DECIMALS.get(metric, 0)
    digits = "#,##0" + ("." + "0" * decimals if decimals else "")
    unit = language.value(metric, 0).removeprefix(language.number(0, decimals))
    if language.value(metric, 1).startswith("+"):
        return f'+{digits};"\N{MINUS SIGN}"{digits};0'
    return f'{digits}"{unit}"' if unit else digits


def _sheet_names(language: Language) -> dict[str, str]:
    """Short enough for a tab, whatever a city calls its meters."""
    return {
        "participation": language.say("Osallisuus"),
        "experience": language.say("Kokemus"),
    }
