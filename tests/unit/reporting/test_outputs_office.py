"""The workbook and the slides of a round, read back by other libraries than made them."""

import re
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from pptx import Presentation

from reporting.domain import wording
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, Code, Language
from reporting.domain.meters import METERS, MeterCode, meter_table
from reporting.domain.releases import Figure, Text
from reporting.outputs.slides import slide
from reporting.outputs.workbook import workbook
from reporting.texts import Texts
from support.round_builders import own_figure, round_edition

LANGUAGES = Texts().languages


def sheets(edition: Edition, code: Code = "fi") -> Any:
    return load_workbook(BytesIO(workbook(edition, LANGUAGES[code])))


def shown(cell: Any, language: Language) -> str:
    """A cell as a spreadsheet program shows it."""
    if not isinstance(cell.value, int | float):
        return str(cell.value)
    assert cell.value == round(cell.value)
    positive, *signed = cell.number_format.split(";")
    shape = positive if cell.value > 0 or not signed else signed[0] if cell.value < 0 else signed[1]
    digits = language.number(abs(cell.value))
    return re.sub("[#,0]+", digits, shape).replace('"', "")


@pytest.mark.parametrize("code", CODES)
def test_the_workbook_shows_each_figure_as_every_output_prints_it(code: Code) -> None:
    edition, language = round_edition(), LANGUAGES[code]
    found: dict[str, set[str]] = {}
    for sheet in sheets(edition, code):
        for row in sheet.iter_rows(min_row=4):
            cells = {shown(one, language) for one in row[1:] if one.value is not None}
            found.setdefault(str(row[0].value), set()).update(cells)
    names = {one.id: language.of(one.names) for one in edition.content.entities}
    for figure in edition.content.figures:
        row = names[figure.entity]
        if figure.channel:
            row = wording.series_title(figure.channel, figure.scale, figure.family, language)
        assert wording.printed(figure, language) in found[row], figure


def test_the_workbook_has_no_formula_and_no_decimals_behind_a_number() -> None:
    evil = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://example.invalid")',
        "http://x.example",
    ]
    fields = ("type", "baseline", "target", "frequency", "groups", "cost")
    texts = {f"participation_{one}": Text(word) for one, word in zip(fields, evil, strict=True)}
    cells = [one for sheet in sheets(round_edition(**texts)) for row in sheet for one in row]
    assert set(evil) <= {one.value for one in cells}
    assert {one.data_type for one in cells} <= {"s", "n"}
    assert all(one.hyperlink is None for one in cells)


def test_a_number_can_be_counted_with_and_a_status_is_text() -> None:
    (sheet,) = (one for one in sheets(round_edition()) if one.title == "Osallisuus 1")
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=4)}
    assert rows["Kulttuurin ja vapaa-ajan toimiala"][1].value == 100
    assert rows["Kulttuurin ja vapaa-ajan toimiala"][2].value == -4
    assert rows["Helsingin kaupunki"][1].value == "33\N{EN DASH}67\N{NO-BREAK SPACE}%"
    assert rows["Helsingin kaupunki"][2].value == "ei perusvuotta"


def test_the_workbook_is_set_up_to_be_printed_and_has_its_definitions() -> None:
    book = sheets(round_edition())
    assert book.sheetnames[-2:] == ["Mittarit", "Määritelmät"]
    for sheet in book:
        assert sheet.page_setup.paperSize == 9
        assert sheet.print_title_rows == "$3:$3"
        assert sheet.freeze_panes in {"A4", "B4"}
    words = {one.value for row in book["Määritelmät"] for one in row}
    assert {"Osallisuuden tapojen kattavuus", "participation_coverage/1", "ei perusvuotta"} <= words
    told = {one.value for row in book["Mittarit"] for one in row}
    assert {text.fi for meter in meter_table().meters for text in meter.texts.values()} <= told


def opened(edition: Edition, meter: MeterCode = "participation", code: Code = "fi") -> Any:
    (page,) = Presentation(BytesIO(slide(edition, meter, LANGUAGES[code]))).slides
    return page


def written(page: Any) -> str:
    return " ".join(one.text_frame.text for one in page.shapes if one.has_text_frame)


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("code", CODES)
def test_a_slide_has_its_title_its_number_and_a_chart_told_in_words(
    meter: MeterCode, code: Code
) -> None:
    edition, language = round_edition(), LANGUAGES[code]
    page = opened(edition, meter, code)
    (named,) = (one for one in meter_table().meters if one.code == meter)
    assert page.shapes.title.text_frame.text == language.of(named.name)
    headline = {"participation": coverage(edition), "experience": measured(edition)}[meter]
    assert wording.printed(headline, language) in written(page)
    (chart,) = (one for one in page.shapes if one.has_chart)
    alternative = chart._element.nvGraphicFramePr.cNvPr.get("descr")
    (plot,) = chart.chart.plots
    for name, value in zip(plot.categories, plot.series[0].values, strict=True):
        assert f"{name}: {value:g}".casefold() in alternative.casefold()
    assert 'lang="' + {"fi": "fi-FI", "sv": "sv-FI", "en": "en-GB"}[code] in str(page.part.blob)


def test_a_slide_has_no_bar_for_what_is_not_returned() -> None:
    missing = own_figure("participation_methods", "helsinki", None, dimension={"level": "3"})
    (chart,) = (one for one in opened(round_edition(missing)).shapes if one.has_chart)
    (plot,) = chart.chart.plots
    assert list(plot.series[0].values) == [2, 2, None, 0]
    assert plot.categories[2] == "Yhdessä kehittäminen ja tekeminen: ei ilmoitettu"


def coverage(edition: Edition) -> Figure:
    return edition.figures("helsinki", "participation_coverage")[0]


def measured(edition: Edition) -> Figure:
    found = edition.figures("helsinki", "experience_profile")
    return next(one for one in found if one.dimension == {"measured": "yes"})
