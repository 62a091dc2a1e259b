"""What a public page says of an entity, worked out from one release in one language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from markupsafe import Markup

from reporting.domain import finding, wording
from reporting.domain.chapters import Told, chapters, told
from reporting.domain.charts import Axis, Line, Mark, line_chart
from reporting.domain.drafting import NPS_SHARES
from reporting.domain.editions import Edition, Row, Series
from reporting.domain.grids import Chapter
from reporting.domain.languages import Language
from reporting.domain.releases import Break, Entity, Figure

MONTHS_SHOWN: Final = 24
"""The newest months of a chart and its table; the release itself holds more."""
_LABELS: Final = 3
_CHARTS: Final = (
    ("happy_index",),
    ("satisfied_share", "very_positive_share"),
    ("promoter_share", "detractor_share"),
)
"""What is drawn together, each from 0 to 100."""


@dataclass(frozen=True)
class Tile:
    """A figure to read at a glance: its name, and its value or the status in words."""

    metric: str
    label: str
    value: str
    missing: bool


@dataclass(frozen=True)
class TableRow:
    """A period, and what there is: a cell a column, or why there is nothing at all."""

    period: str
    cells: Sequence[str]
    missing: str
    about: str


@dataclass(frozen=True)
class Table:
    """The figures of one grain: a chart's every value, and more."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[TableRow]
    charts: Sequence[tuple[Sequence[str], Markup]]
    """The names of the lines, and the drawing."""
    partial: bool
    """Whether the drawings have rings, for periods that are no whole ones."""
    breaks: Sequence[str]


@dataclass(frozen=True)
class Section:
    """One series of an entity."""

    title: str
    asked: str
    sentence: str
    change: str
    tiles: Sequence[Tile]
    period: str
    reported: str
    tables: Sequence[Table]


@dataclass(frozen=True)
class Page:
    """An entity's page."""

    id: str
    name: str
    kind: str
    lead: str
    above: Sequence[tuple[str, str]]
    below: Sequence[tuple[str, str, str]]
    """Id, name and kind; by name, never by a figure."""
    sections: Sequence[Section]
    chapters: Sequence[Chapter]
    told: Sequence[Told]
    """What the city heard and did."""
    service_map_id: int | None
    ended: str
    """The day on which it ended; empty while it stands."""
    explanations: Sequence[tuple[str, str]]
    """Each metric of the page and what it says."""
    notes: Sequence[str]
    """What to know when reading: how answers were had, and whom they leave out."""


def page(edition: Edition, entity: Entity, language: Language) -> Page:
    """The page of an entity of this edition."""
    told_of = [one for one in edition.series(entity.id) if wording.is_told(one)]
    sections = [_section(edition, entity, one, language) for one in told_of]
    figures = [one for series in told_of for one in _figures(series)]
    texts = edition.content.texts
    name = language.of(entity.names)
    parts = chapters(edition, entity, language)
    own = [one for one in edition.content.notes if one.entity == entity.id]
    return Page(
        id=entity.id,
        name=name,
        kind=language.word(entity.kind),
        lead=_lead(edition, entity, parts, language),
        above=[(one.id, language.of(one.names)) for one in edition.ancestors(entity.id)],
        below=[
            (one.id, language.of(one.names), language.word(one.kind))
            for one in finding.by_name(edition.children(entity.id), language)
        ],
        sections=sections,
        chapters=parts,
        told=told(own, texts, language),
        service_map_id=entity.service_map_id,
        ended=language.day(entity.ended) if entity.ended else "",
        explanations=wording.explanations(figures, texts, language),
        notes=wording.notes(figures, texts, language) if figures else [],
    )


def _lead(edition: Edition, entity: Entity, parts: Sequence[Chapter], language: Language) -> str:
    """What the page begins with: of the answers at devices, else of whatever else is known."""
    for series in edition.series(entity.id):
        if series.newest and wording.is_told(series):
            return wording.lead(edition, series, series.newest, language)
    told_of = (one.sentence for one in parts if one.sentence)
    return next(told_of, language.say("Tästä ei ole vastauksia tässä julkaisussa."))


def tiles(row: Row, edition: Edition, language: Language) -> list[Tile]:
    """The row's figures to read at a glance, the index first."""
    order = (*wording.LEVELS, *NPS_SHARES, "press_count")
    return [
        Tile(
            name,
            language.say("Vastauksia (n)")
            if name == "press_count" and "nps" in row.figures
            else language.word(f"metric.{name}", edition.content.texts),
            wording.printed(row.figures[name], language),
            row.figures[name].value is None,
        )
        for name in order
        if name in row.figures
    ]


def _section(edition: Edition, entity: Entity, series: Series, language: Language) -> Section:
    row = series.newest
    reported = [one for one in _figures(series) if "reported" in one.flags]
    index = row.figures.get("happy_index") if row else None
    title = wording.series_title(series.channel, series.scale, series.family, language)
    if len(reported) == len(_figures(series)):
        title += f", {language.word('flag.reported')}"
    return Section(
        title=title,
        asked=wording.asked(series, language),
        sentence=wording.sentence(edition, series, row, language) if row else "",
        change=wording.since_last_year(index.change, language) if index else "",
        tiles=tiles(row, edition, language) if row else [],
        period=language.period(row.period) if row else "",
        reported=wording.reported(reported, language),
        tables=[
            _table(edition, entity, series, grain, language)
            for grain in ("month", "year")
            if series.rows[grain]
        ],
    )


def _figures(series: Series) -> list[Figure]:
    return [one for rows in series.rows.values() for row in rows for one in row.figures.values()]


def _table(
    edition: Edition, entity: Entity, series: Series, grain: str, language: Language
) -> Table:
    rows = series.rows[grain][-MONTHS_SHOWN:]
    metrics = [
        name
        for name in ("press_count", *wording.LEVELS, *NPS_SHARES)
        if any(name in row.figures for row in rows)
    ]
    names = {name: language.word(f"metric.{name}", edition.content.texts) for name in metrics}
    breaks = [
        one for one in edition.breaks(entity.id, series)
        if rows[0].period.first < one.date <= rows[-1].period.last
    ]  # fmt: skip
    axis = Axis(
        _labels(rows, language),
        partial=frozenset(index for index, row in enumerate(rows) if series.partial(row)),
    )
    marks = [_mark(one, number, rows) for number, one in enumerate(breaks, 1)]
    return Table(
        caption=wording.caption(grain, language),
        columns=[wording.heading(name, names[name], language) for name in metrics],
        rows=[_table_row(series, row, metrics, language) for row in rows],
        charts=_charts(rows, names, axis, marks, language),
        partial=bool(axis.partial),
        breaks=[
            language.say(
                "%(date)s: %(what)s", date=language.day(one.date), what=language.of(one.what)
            )
            for one in breaks
        ],
    )


def _table_row(series: Series, row: Row, metrics: Sequence[str], language: Language) -> TableRow:
    statuses = {one.status for one in row.figures.values()}
    nothing = all(one.value is None and one.range is None for one in row.figures.values())
    silence = language.word("status.no_data")
    return TableRow(
        period=language.period(row.period),
        cells=[
            wording.printed(row.figures[name], language) if name in row.figures else silence
            for name in metrics
        ],
        missing=language.word(f"status.{statuses.pop()}") if nothing and len(statuses) == 1 else "",
        about="; ".join(
            filter(None, (wording.row_notes(row, language), wording.late(series, row, language)))
        ),
    )


def _charts(
    rows: Sequence[Row],
    names: Mapping[str, str],
    axis: Axis,
    marks: Sequence[Mark],
    language: Language,
) -> list[tuple[Sequence[str], Markup]]:
    caption = wording.caption(rows[0].period.grain, language)
    text = language.say("%(caption)s; luvut ovat taulukossa", caption=caption)
    drawn: list[tuple[Sequence[str], Markup]] = []
    for group in _CHARTS:
        lines = [
            line
            for name in group
            if name in names
            and _drawable(line := _line(rows, name, names[name], language), axis.partial)
        ]
        lines = [replace(one, dashed=place > 0) for place, one in enumerate(lines)]
        if not lines:
            continue
        title = language.sentence([one.name for one in lines])
        unit = "" if group == ("happy_index",) else ("%" if language.code == "en" else " %")
        chart = line_chart(title, text, lines, replace(axis, unit=unit), marks)
        drawn.append(([one.name for one in lines], chart))
    return drawn


def _drawable(line: Line, partial: frozenset[int]) -> bool:
    """Several values, one of a whole period at least: others cannot be told from each other."""
    known = {index for index, value in enumerate(line.values) if value is not None}
    return len(known) > 1 and bool(known - partial)


def _line(rows: Sequence[Row], metric: str, name: str, language: Language) -> Line:
    figures = [row.figures.get(metric) for row in rows]
    return Line(
        name,
        [one.value if one else None for one in figures],
        [wording.printed(one, language) if one else "" for one in figures],
    )


def _labels(rows: Sequence[Row], language: Language) -> list[str]:
    step = -(-len(rows) // _LABELS)
    last = len(rows) - 1
    return [
        _label(row, language) if (last - index) % step == 0 else ""
        for index, row in enumerate(rows)
    ]


def _label(row: Row, language: Language) -> str:
    first = row.period.first
    if row.period.grain == "month":
        return language.month(first)
    return str(first.year)


def _mark(one: Break, number: int, rows: Sequence[Row]) -> Mark:
    day = timedelta(days=1)
    for index, row in enumerate(rows):
        if one.date <= row.period.first:
            return Mark(index, str(number), one.kind == "breaks")
        if one.date < row.period.last + day:
            return Mark(index + 0.5, str(number), one.kind == "breaks")
    return Mark(len(rows), str(number), one.kind == "breaks")
