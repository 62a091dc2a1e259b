"""What a division's committee gets once a year: an entity and those right below it, on one page.

It is told from a release only, in the words of its public pages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reporting.domain import wording
from reporting.domain.chapters import Told, told
from reporting.domain.editions import Edition, Row, Series
from reporting.domain.finding import by_name
from reporting.domain.grids import Cell, Chapter, Grid, GridRow, cell
from reporting.domain.languages import Language
from reporting.domain.letter_wording import below
from reporting.domain.pages import page
from reporting.domain.releases import Entity, Figure, Note

YEARS: Final = 3
"""The newest years of a table."""
LEVELS: Final = 4
MOST_BREAKS: Final = 6
_GRID: Final = {"feedback": -1, "survey": 0, "participation": 0, "statutory": 0}
"""Which table of a chapter is told: that by year."""


@dataclass(frozen=True)
class Pack:
    """The page, in words and printed figures."""

    name: str
    lead: str
    experience: Grid | None
    chapters: Sequence[Chapter]
    told: Sequence[Told]
    breaks: Sequence[str]
    notes: Sequence[str]


def pack(edition: Edition, entity: Entity, language: Language) -> Pack:
    """The page of an entity.

    Args:
        edition: a release of kind `public-monthly`.
        entity: usually a division.
        language: of the page.
    """
    shown = page(edition, entity, language)
    within = below(edition.content.entities, [entity.id])
    notes = [one for one in edition.content.notes if one.entity in within]
    return Pack(
        shown.name,
        shown.lead,
        _experience(edition, entity, language),
        [_shortened(one) for one in shown.chapters if one.code in _GRID],
        _told(notes, edition, language),
        _breaks(edition, {*within, *(one.id for one in edition.ancestors(entity.id))}, language),
        shown.notes,
    )


def _experience(edition: Edition, entity: Entity, language: Language) -> Grid | None:
    """The newest year of the entity and of those right below it, by name and never by figure."""
    of = [entity, *by_name(edition.children(entity.id), language)]
    rows = [row for one in of if (row := _experienced(edition, one, language))]
    if not rows:
        return None
    columns = [
        language.say("Vuosi"),
        language.say("Vastauksia (n)"),
        language.say("Hymiöindeksi tai NPS"),
        language.say("Muutos vuodessa"),
    ]
    return Grid(language.say("Kokemus"), language.say("Nimi"), columns, rows)


def _experienced(edition: Edition, entity: Entity, language: Language) -> GridRow | None:
    told_of = (one for one in edition.series(entity.id) if wording.is_told(one))
    series = next((one for one in told_of if one.rows["year"]), None)
    if series is None:
        return None
    row = _newest(series)
    level = _level(row)
    change = wording.changed(level.change, language) if level else ""
    return GridRow(
        language.of(entity.names),
        wording.series_title(series.channel, series.scale, series.family, language),
        [
            Cell(language.period(row.period), missing=False),
            cell(row.figures.get("press_count"), language),
            cell(level, language),
            Cell(change or language.word("status.no_baseline"), missing=not change),
        ],
    )


def _newest(series: Series) -> Row:
    """The newest whole year, else the newest."""
    years = series.rows["year"]
    return next((one for one in reversed(years) if not series.partial(one)), years[-1])


def _level(row: Row) -> Figure | None:
    return next((row.figures[name] for name in wording.LEVELS if name in row.figures), None)


def _shortened(chapter: Chapter) -> Chapter:
    """The chapter with its table by year, without a drawing and without older years."""
    grids = list(chapter.grids)[_GRID[chapter.code] :][:1]
    most = LEVELS if chapter.code == "participation" else YEARS
    return replace(chapter, grids=[replace(one, rows=one.rows[:most], chart=None) for one in grids])


def _told(notes: Iterable[Note], edition: Edition, language: Language) -> list[Told]:
    """The notes, newest first, each with whom it is about."""
    return [
        replace(one, about=", ".join(filter(None, (name, one.about))))
        for note in sorted(notes, key=lambda note: note.day, reverse=True)
        for name in [language.of(edition.entities[note.entity].names)]
        for one in told([note], edition.content.texts, language)
    ]


def _breaks(edition: Edition, entities: set[str], language: Language) -> list[str]:
    """The newest breaks in series of these entities."""
    found = sorted(
        (one for one in edition.content.breaks if one.entity in entities),
        key=lambda one: (one.date, one.what.fi),
        reverse=True,
    )
    words = (
        language.say("%(date)s: %(what)s", date=language.day(one.date), what=language.of(one.what))
        for one in found
    )
    return list(dict.fromkeys(words))[:MOST_BREAKS]
