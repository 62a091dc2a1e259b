"""A figure is the same number or none on a round's papers, in the weekly mail and in print at all.

Pages, embeds, posters and tables are read from the running service, of the same release.
"""

from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from pptx import Presentation
from pypdf import PdfReader

from reporting.disclosure.public_tables import TABLES
from reporting.domain.drafting import METRICS, OWN_DOING
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, Code, Language
from reporting.domain.letter_wording import weekly
from reporting.domain.letters import plain
from reporting.domain.meters import METERS, MeterCode
from reporting.domain.releases import Content, Figure
from reporting.domain.weekly_drafting import draft_week
from reporting.domain.wording import printed
from reporting.outputs.meter_page import meter_page
from reporting.outputs.slides import slide
from reporting.outputs.workbook import workbook
from reporting.texts import Texts
from support.every_figure import every_figure, every_figure_of_a_round
from support.pdf_files import spoken
from support.printed_numbers import forms, furniture, numbers
from support.release_builders import live
from support.round_builders import own_figure, round_edition
from unit.reporting.test_mail_texts import TREE, WEEK, week

TEXTS = Texts()
WEEKS = {str(week(back).first.isocalendar().week) for back in range(5)}
COUNTS = {str(number) for number in range(13)}
"""What is counted on the page itself: returned 2 of 3, entities that are better."""
ONE_DECIMAL = {"mean_likert5", "mean_grade4_10"}
PER_CENT = {"participation_coverage", "measurement_coverage", "observed_measurement_coverage"}
ON_PAPER = {
    "participation_coverage", "participation_change", "participation_methods",
    "measurement_coverage", "observed_measurement_coverage", "experience_profile",
}  # fmt: skip
"""What the strategy's meters are made of."""


def is_on_paper(figure: Figure) -> bool:
    """Of service entities the papers tell which ways they have, and no more."""
    below = figure.entity == "terveys"
    return figure.metric in ON_PAPER and (not below or figure.metric == "participation_methods")


def number_in(words: str, language: Language) -> Decimal:
    """The number that somebody reads: by hand, and not with the words' own way to print."""
    point, thousands = (".", ",") if language.code == "en" else (",", "\N{NO-BREAK SPACE}")
    bare = words.removesuffix("%").removesuffix("\N{NO-BREAK SPACE}")
    bare = bare.partition(" ")[0]  # months have a unit after a space
    plain = bare.replace(thousands, "").replace(point, ".").replace("\N{MINUS SIGN}", "-")
    return Decimal(plain)


def test_the_release_holds_every_published_metric_and_hidden_cells_of_each_class() -> None:
    figures = every_figure().figures
    told = {one.metric for one in figures if one.value is not None}
    by_class = {
        "A": set(METRICS),
        "B": {name for one in TABLES if one.rule == "B" for name in (one.metric, *one.derived)},
        "C": {one.metric for one in TABLES if one.rule == "C"},
        "D": set(OWN_DOING),
    }
    assert told == set().union(*by_class.values())
    hidden = {one.metric for one in figures if one.value is None and one.range is None}
    assert all(hidden & metrics for metrics in by_class.values())


@pytest.mark.parametrize("code", CODES)
def test_what_is_printed_is_the_figure_s_own_number_or_none(code: Code) -> None:
    language = TEXTS.languages[code]
    for figure in every_figure().figures:
        shown = printed(figure, language)
        if figure.range is not None:
            low, high = (number_in(one, language) for one in shown.split("\N{EN DASH}"))
            assert (low, high) == tuple(
                Decimal(str(one)) for one in (figure.range.low, figure.range.high)
            )
        elif figure.value is None:
            assert not numbers(shown), shown
        else:
            found = number_in(shown, language)
            assert found == Decimal(str(figure.value)), shown
            assert found.as_tuple().exponent == -(figure.metric in ONE_DECIMAL), shown
            share = figure.metric.endswith("_share") or figure.metric in PER_CENT
            assert shown.endswith("%") == share, shown


@pytest.mark.parametrize("code", CODES)
def test_a_figure_is_the_same_number_or_none_on_every_paper_of_a_round(code: Code) -> None:
    edition = Edition("round-yearly.2026-12.0123456789ab", every_figure_of_a_round())
    language = TEXTS.languages[code]
    figures = [one for one in edition.content.figures if is_on_paper(one)]
    book, amounts = cells(edition, language)
    shown = {one.value for one in figures if one.value is not None}
    assert amounts == shown
    assert {printed(one, language) for one in figures if one.value is None} <= book
    for meter in METERS:
        page = spoken(PdfReader(BytesIO(meter_page(edition, meter, language))))
        assert not strangers(page, edition.content, code, COUNTS)
        values = charted(edition, meter, language)
        assert values <= shown
        assert {language.number(one) for one in values} <= numbers(page)


def cells(edition: Edition, language: Language) -> tuple[set[str], set[float]]:
    """The words and the numbers in the tables of a round's workbook."""
    book = load_workbook(BytesIO(workbook(edition, language)))
    found = [one.value for sheet in book for row in sheet.iter_rows(min_row=4) for one in row]
    words = {one for one in found if isinstance(one, str)}
    return words, {one for one in found if isinstance(one, int | float)}


def charted(edition: Edition, meter: MeterCode, language: Language) -> set[float]:
    """The numbers of a slide's chart."""
    (page,) = Presentation(BytesIO(slide(edition, meter, language))).slides
    charts: list[Any] = [one.chart for one in page.shapes if one.has_chart]
    found = [value for chart in charts for series in chart.plots[0].series
             for value in series.values]  # fmt: skip
    assert found
    return {one for one in found if one is not None}


def strangers(told: str, content: Content, code: Code, also: set[str]) -> set[str]:
    """Numbers in what is told that come neither from a figure nor from fixed words."""
    known = {number for one in content.figures for number in forms(one, TEXTS.languages[code])}
    return numbers(told) - known - furniture(content, code) - also


def of_round() -> list[Figure]:
    return [
        own_figure("participation_coverage", "kuva", 87, n=1),
        own_figure("measurement_coverage", "helsinki", 67),
        own_figure("participation_methods", "terveys", 1234),
    ]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("meter", METERS)
def test_a_round_s_page_and_slide_hold_no_other_number(meter: MeterCode, code: Code) -> None:
    edition, language = round_edition(*of_round()), TEXTS.languages[code]
    page = spoken(PdfReader(BytesIO(meter_page(edition, meter, language))))
    (shown,) = Presentation(BytesIO(slide(edition, meter, language))).slides
    words = " ".join(one.text_frame.text for one in shown.shapes if one.has_text_frame)
    assert not strangers(page, edition.content, code, COUNTS)
    assert not strangers(words, edition.content, code, COUNTS)


@pytest.mark.parametrize("code", CODES)
def test_the_weekly_mail_holds_no_other_number(code: Code) -> None:
    figures = [
        live("press_count", 21_207, n=21_207, period=week()),
        live("happy_index", 81, n=21_207, period=week()),
        live("happy_index", 84, n=190, period=week(1)),
    ]
    content = draft_week(figures, TREE, TEXTS.glossary, WEEK, WEEK[1])
    letter = weekly(content, ["kallio"], TEXTS.languages[code])
    assert letter is not None
    told = plain(letter, "https://kokemus.example", ("", ""))
    assert "84" in numbers(told)
    assert not strangers(told, content, code, WEEKS)
