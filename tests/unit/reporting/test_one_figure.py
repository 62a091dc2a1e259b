"""No number stands on a round's papers or in the weekly mail that no figure of the release gives.

That each figure stands there as every output prints it is tested beside each of the outputs.
"""

from io import BytesIO

import pytest
from pptx import Presentation
from pypdf import PdfReader

from reporting.domain.languages import CODES, Code
from reporting.domain.letter_wording import weekly
from reporting.domain.letters import plain
from reporting.domain.meters import METERS, MeterCode
from reporting.domain.releases import Content, Figure
from reporting.domain.weekly_drafting import draft_week
from reporting.outputs.meter_page import meter_page
from reporting.outputs.slides import slide
from reporting.texts import Texts
from support.pdf_files import spoken
from support.printed_numbers import forms, furniture, numbers
from support.release_builders import live
from support.round_builders import own_figure, round_edition
from unit.reporting.test_mail_texts import TREE, WEEK, week

TEXTS = Texts()
WEEKS = {str(week(back).first.isocalendar().week) for back in range(5)}
COUNTS = {str(number) for number in range(13)}
"""What is counted on the page itself: returned 2 of 3, entities that are better."""


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
