"""A slide a meter for the management group, with its number, a sentence and a chart."""

from io import BytesIO
from typing import Any, Final, NamedTuple

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION
from pptx.enum.text import PP_ALIGN
from pptx.util import Emu, Mm, Pt

from reporting.domain.editions import Edition
from reporting.domain.languages import Code, Language
from reporting.domain.meter_views import MeterView, begun, most, said, view
from reporting.domain.meters import MeterCode, code_of
from reporting.domain.round_wording import field_name
from reporting.outputs.meter_page import described

_BLUE: Final = RGBColor.from_string("0000BF")
_DARK: Final = RGBColor.from_string("1A1A1A")
_SOFT: Final = RGBColor.from_string("525A65")
_TITLE_ONLY: Final = 5
"""The place of that layout in the presentation that the library starts from."""
_WIDTH, _HEIGHT = Mm(338.7), Mm(190.5)
_LEFT: Final = Mm(18)
_FULL: Final = Mm(302.7)
_NARROW: Final = Mm(100)
_LOCALES: Final[dict[Code, str]] = {"fi": "fi-FI", "sv": "sv-FI", "en": "en-GB"}


def slide(edition: Edition, meter: MeterCode, language: Language) -> bytes:
    """The slide as a PowerPoint file; its chart can be edited, and has its values in words.

    Args:
        edition: a release of kind `round-yearly`.
        meter: which one.
        language: of its words.
    """
    shown = view(edition, meter, language)
    deck = Presentation()
    deck.slide_width, deck.slide_height = _WIDTH, _HEIGHT
    deck.core_properties.title = shown.name
    deck.core_properties.language = _LOCALES[language.code]
    deck.core_properties.subject = edition.id
    page = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    write = _Writer(page, language)
    title = page.shapes.title
    title.left, title.top, title.width, title.height = _LEFT, Mm(10), _FULL, Mm(26)
    write.words(title, shown.name, _Look(32, _DARK, bold=True))
    number = said(shown.headline, language)
    target = language.word(code_of(meter, "target"), edition.content.texts)
    write.box((46, 34, _NARROW), number, _Look(_size(number), _BLUE, bold=True))
    write.box((84, 26, _NARROW), shown.sentence, _Look(20, _DARK, bold=True))
    write.box((116, 40, _NARROW), f"{field_name('target', language)}: {target}", _Look(16, _DARK))
    write.box((174, 10, _FULL), " ".join(shown.notes), _Look(11, _SOFT))
    if shown.bars:
        _chart(page, shown, language)
    made = BytesIO()
    deck.save(made)
    return made.getvalue()


def _size(number: str) -> int:
    """In points, so that a number stands on one line, and a status in words on two."""
    return next((size for most, size in ((5, 66), (9, 44)) if len(number) <= most), 28)


class _Look(NamedTuple):
    """How words look: their size in points, colour and weight."""

    size: int
    colour: RGBColor
    bold: bool = False


class _Writer:
    """Writes words on a slide, marked with their language."""

    def __init__(self, page: Any, language: Language) -> None:
        self._page = page
        self._locale = _LOCALES[language.code]

    def box(self, place: tuple[int, int, int], words: str, look: _Look) -> None:
        """Words in a box: millimetres from the top, its height in them, and its width."""
        top, height, width = place
        self.words(self._page.shapes.add_textbox(_LEFT, Mm(top), width, Mm(height)), words, look)

    def words(self, shape: Any, words: str, look: _Look) -> None:
        """Words in a shape that is there already."""
        frame = shape.text_frame
        frame.word_wrap = True
        frame.text = words
        for paragraph in frame.paragraphs:
            paragraph.alignment = PP_ALIGN.LEFT
            for run in paragraph.runs:
                run.font.size, run.font.bold = Pt(look.size), look.bold
                run.font.color.rgb = look.colour
                run._r.get_or_add_rPr().set("lang", self._locale)  # noqa: SLF001 - no other way


def _chart(page: Any, shown: MeterView, language: Language) -> None:
    """Bars from the top down; a hidden value has none, and its name says why."""
    data = CategoryChartData(number_format="0")
    told = [
        begun(name) if one.value is not None else f"{begun(name)}: {said(one, language)}"
        for name, one in shown.bars
    ]
    data.categories = told
    data.add_series(shown.chart, [one.value for _, one in shown.bars])
    frame = page.shapes.add_chart(
        XL_CHART_TYPE.BAR_CLUSTERED, Mm(130), Mm(42), Emu(_WIDTH - Mm(130) - _LEFT), Mm(124), data
    )
    names = frame._element.nvGraphicFramePr.cNvPr  # noqa: SLF001 - the library has no name for it
    names.set("descr", described(shown, language))
    chart = frame.chart
    chart.has_legend = False
    chart.has_title = True
    chart.chart_title.text_frame.text = shown.chart
    chart.chart_title.text_frame.paragraphs[0].runs[0].font.size = Pt(16)
    chart.font.size = Pt(14)
    chart.font.color.rgb = _DARK
    chart.category_axis.reverse_order = True
    chart.category_axis.has_major_gridlines = False
    chart.category_axis.format.line.color.rgb = _DARK
    chart.value_axis.visible = False
    chart.value_axis.has_major_gridlines = False
    chart.value_axis.minimum_scale = 0
    chart.value_axis.maximum_scale = most(shown) or 1
    plot = chart.plots[0]
    plot.gap_width = 60
    plot.has_data_labels = True
    plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    plot.data_labels.show_value = True
    plot.series[0].format.fill.solid()
    plot.series[0].format.fill.fore_color.rgb = _BLUE
