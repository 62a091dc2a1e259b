"""Tables of figures of a release: a row a period, each cell in print or with why there is none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from markupsafe import Markup

from reporting.domain.bars import bar_chart
from reporting.domain.editions import Edition
from reporting.domain.languages import Language
from reporting.domain.releases import Figure, Period
from reporting.domain.wording import flag_words, printed

_FEW: Final = 2
"""Bars below which nothing can be compared, and so nothing is drawn."""
ROWS_SHOWN: Final = 24
"""The newest periods of a table; the release itself holds more."""


class Cell(NamedTuple):
    """A figure in print, or why there is none."""

    text: str
    missing: bool


class GridRow(NamedTuple):
    """A row: its name, what to know of it, its cells."""

    name: str
    about: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Grid:
    """A table, with a drawing of its first column where that says something."""

    caption: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[GridRow]
    chart: Markup | None = None
    worded: int = 0
    """How many of the last columns hold words, a line each, and no numbers."""


@dataclass(frozen=True)
class Chapter:
    """One part of a page."""

    code: Literal[
        "feedback",
        "survey",
        "participation",
        "statutory",
        "measuring",
        "inventory",
        "ladder",
        "drivers",
    ]
    title: str
    sentence: str
    notes: Sequence[str]
    grids: Sequence[Grid]


class Column(NamedTuple):
    """One metric, whole or one breakdown of it."""

    heading: str
    metric: str
    dimension: Mapping[str, str]


def by_period(
    caption: str, figures: Sequence[Figure], columns: Sequence[Column], language: Language
) -> Grid | None:
    """A row a period, the newest first; columns of which the release knows nothing are left out."""
    at = {(one.period, one.metric, tuple(one.dimension.items())): one for one in figures}
    known = {(metric, dimension) for _, metric, dimension in at}
    kept = [one for one in columns if (one.metric, tuple(one.dimension.items())) in known]
    if not kept:
        return None
    periods = sorted({one.period for one in figures}, key=_in_order)[-ROWS_SHOWN:]
    first = kept[0]
    counted = [at.get((one, first.metric, tuple(first.dimension.items()))) for one in periods]
    return Grid(
        caption,
        language.say("Jakso"),
        [one.heading for one in kept],
        [
            GridRow(
                language.period(period),
                flag_words([one for one in figures if one.period == period], language),
                [
                    cell(at.get((period, one.metric, tuple(one.dimension.items()))), language)
                    for one in kept
                ],
            )
            for period in reversed(periods)
        ],
        _chart(caption, counted, periods, language),
    )


def _chart(
    caption: str, counted: Sequence[Figure | None], periods: Sequence[Period], language: Language
) -> Markup | None:
    """Bars of whole months, where two at least are shown."""
    drawn = [
        one if one and one.value is not None and "partial_period" not in one.flags else None
        for one in counted
    ]
    if any(one.grain != "month" for one in periods) or sum(one is not None for one in drawn) < _FEW:
        return None
    return bar_chart(
        language.say("%(caption)s; luvut ovat taulukossa", caption=caption),
        [one.value if one else None for one in drawn],
        [printed(one, language) if one else "" for one in drawn],
        [language.month(one.first) for one in periods],
    )


def cell(figure: Figure | None, language: Language) -> Cell:
    """A figure in print; where there is none, that nothing is known."""
    if figure is None:
        return Cell(language.say("ei tietoa"), missing=True)
    return Cell(printed(figure, language), figure.value is None and figure.range is None)


def plain_sentence(figure: Figure, edition: Edition, language: Language) -> str:
    """A figure with its name and period, where no words of its own are at hand."""
    name = metric_name(figure.metric, edition, language)
    return language.say(
        "%(metric)s (%(period)s): %(value)s.",
        metric=name[:1].upper() + name[1:],
        period=language.period(figure.period),
        value=printed(figure, language),
    )


def metric_name(metric: str, edition: Edition, language: Language) -> str:
    """What the release calls a metric."""
    return language.word(f"metric.{metric}", edition.content.texts)


def of_grain(figures: Iterable[Figure], grain: str) -> list[Figure]:
    """The figures by month, or those by year."""
    return [one for one in figures if one.period.grain == grain]


def newest_of(figures: Iterable[Figure]) -> Figure | None:
    """The whole period that ended last; a month goes before the year that ends with it."""
    return max(
        figures,
        key=lambda one: ("partial_period" not in one.flags, one.period.last, one.period.first),
        default=None,
    )


def _in_order(period: Period) -> tuple[int, int]:
    return period.first.toordinal(), period.last.toordinal()


def biases(figures: Iterable[Figure], edition: Edition, language: Language) -> list[str]:
    """Each bias note of the figures once."""
    notes = dict.fromkeys(note for one in figures for note in one.bias_notes)
    return [language.word(f"bias_note.{one}", edition.content.texts) for one in notes]
