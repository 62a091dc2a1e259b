"""A strategy meter on one A4 page for the City Board, as PDF/UA."""

from typing import Any, Final

from reporting.domain.editions import Edition
from reporting.domain.languages import Language
from reporting.domain.meter_views import MeterGrid, MeterView, begun, most, said, view
from reporting.domain.meters import FIELDS, MeterCode, code_of
from reporting.domain.named_bars import Bar, named_bars
from reporting.domain.round_wording import field_name
from reporting.outputs import typesetting

GRIDS: Final = {"participation": 1, "experience": 2}
"""How many of a meter's tables stand on its page; the workbook has them all."""


class TooLongError(Exception):
    """A page does not hold all that it should; nothing is set smaller to make it fit.

    Attributes:
        fields: which texts are too long: names of fields, `name` or `figures`.
    """

    def __init__(self, fields: list[str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


def meter_page(edition: Edition, meter: MeterCode, language: Language) -> bytes:
    """The page as PDF/UA: what the meter is, its figures as chart and table, and the list text.

    Args:
        edition: a release of kind `round-yearly`.
        meter: which one.
        language: of the page.

    Raises:
        TooLongError: it is more than one page.
    """
    data = _data(edition, view(edition, meter, language), language)
    if fields := _too_long(data):
        raise TooLongError(fields)
    return typesetting.pdf("meter", data, edition.content.as_of)


def too_long(edition: Edition, meter: MeterCode, language: Language) -> list[str]:
    """Which texts keep the meter's page from being made; none: it is one page."""
    return _too_long(_data(edition, view(edition, meter, language), language))


def _too_long(data: dict[str, Any]) -> list[str]:
    found = list(dict.fromkeys(typesetting.noted("meter", data, "too-long")))
    if found or typesetting.noted("meter", data, "pages") == ["1"]:
        return found
    return ["list_text"]  # it has what the others leave


def _data(edition: Edition, shown: MeterView, language: Language) -> dict[str, Any]:
    texts = edition.content.texts
    year = edition.content.period_end.year
    return {
        "lang": language.code,
        "title": f"{shown.name} {year}",
        "kicker": language.say("Kaupunkistrategian mittari, vuosi %(year)s", year=year),
        "name": shown.name,
        "labels": {one: field_name(one, language) for one in FIELDS},
        "texts": {one: language.word(code_of(shown.code, one), texts) for one in FIELDS},
        "sentence": shown.sentence,
        "charts": [_chart(shown, language)] if shown.bars else [],
        "grids": [_grid(one, language) for one in shown.grids[: GRIDS[shown.code]]],
        "notes": list(shown.notes),
    }


def _chart(shown: MeterView, language: Language) -> dict[str, str]:
    bars = [Bar(begun(name), one.value, said(one, language)) for name, one in shown.bars]
    alternative = described(shown, language)
    drawn = named_bars(alternative, bars, most(shown))
    # The typesetter knows no colour of its surroundings.
    svg = str(drawn).replace("<svg ", '<svg color="#1a1a1a" font-family="Libertinus Serif" ', 1)
    svg = svg.replace('class="chart-bar"', 'class="chart-bar" color="#0000bf"')
    return {"title": shown.chart, "svg": svg, "alt": alternative}


def described(shown: MeterView, language: Language) -> str:
    """What the chart shows with every value, for whoever does not see it."""
    told = "; ".join(f"{name}: {said(one, language)}" for name, one in shown.bars)
    return f"{shown.chart}. {told}."


def _grid(grid: MeterGrid, language: Language) -> dict[str, Any]:
    return {
        "caption": grid.caption,
        "columns": [
            begun(one) for one in (grid.first, *(column.heading for column in grid.columns))
        ],
        "rows": [
            [line.name, *(said(one, language) for one in line.figures)] for line in grid.lines
        ],
    }
