"""What a public page says of an entity, worked out from one release in one language."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import msgspec
from markupsafe import Markup

from reporting.domain.charts import Axis, Line, Mark, line_chart
from reporting.domain.drafting import METRICS, MIN_N, NPS_SHARES
from reporting.domain.editions import Edition, Row, Series
from reporting.domain.languages import N_, Language
from reporting.domain.releases import Break, Change, Entity, Figure, Text

MONTHS_SHOWN: Final = 24
"""The newest months of a chart and its table; the release itself holds more."""
LISTED_WITH_UNITS: Final = 300
"""Entities up to which the start page lists every unit: it stays under 100 kB."""
FOUND_SHOWN: Final = 100
_LABELS: Final = 4
_LEVELS: Final = ("happy_index", "nps", "satisfied_share", "very_positive_share")
"""The metrics that say how it was, in the order in which a sentence prefers them."""
_CHARTS: Final = (
    ("happy_index",),
    ("satisfied_share", "very_positive_share"),
    ("promoter_share", "detractor_share"),
)
"""What is drawn together, each from 0 to 100."""
_UNMARKED: Final = frozenset({"self_selected", "bias_note"})
"""Flags that hold for a whole series, and so stand in its notes and not in each row."""

_HEARD: Final = {
    "kiosk": N_(
        "Palautelaitteilla annettiin %(n)s hymiövastausta (%(period)s), ja %(metric)s oli"
        " %(value)s."
    ),
    "mobile": N_(
        "Kotikäynneillä annettiin %(n)s hymiövastausta (%(period)s), ja %(metric)s oli %(value)s."
    ),
    "link": N_(
        "Linkkikyselyihin annettiin %(n)s hymiövastausta (%(period)s), ja %(metric)s oli %(value)s."
    ),
    "web_smiley": N_(
        "Verkkosivuilla annettiin %(n)s hymiövastausta (%(period)s), ja %(metric)s oli %(value)s."
    ),
}
_RECOMMENDED: Final = N_(
    "Suosittelukysymykseen annettiin %(n)s vastausta (%(period)s), ja %(metric)s oli %(value)s."
)
_ASKED_TO_RECOMMEND: Final = N_(
    "Asiakkailta kysyttiin asteikolla 0\N{EN DASH}10, kuinka todennäköisesti he suosittelisivat"
    " palvelua."
)
_SCALES: Final = {
    "nps": N_("asteikko 0\N{EN DASH}10"),
    "likert5": N_("asteikko 1\N{EN DASH}5"),
    "grade4_10": N_("asteikko 4\N{EN DASH}10"),
}
_FAMILIES: Final = {"recommend": N_("suosittelukysymys")}
_COLUMNS: Final = {
    "press_count": N_("Vastauksia (n)"),
    "nps": N_("NPS"),
    "promoter_share": N_("Suosittelijat"),
    "passive_share": N_("Passiiviset"),
    "detractor_share": N_("Arvostelijat"),
}
"""Metrics whose name is too long for a column."""
_UNCHANGED: Final = {
    "not_comparable": N_("Hymiöindeksiä ei voi verrata vuoden takaiseen."),
    "no_baseline": N_("Vuoden takaista hymiöindeksiä ei ole."),
}
"""Why there is no change to tell, in a sentence."""
_ASKED: Final = {
    "kiosk": N_("Asiakkaita pyydettiin arvioimaan asiointinsa palautelaitteen hymiöillä."),
    "mobile": N_("Asiakkaita pyydettiin arvioimaan kotikäynti sovelluksen hymiöillä."),
    "link": N_("Asiakkaille lähetettiin linkki, jonka kautta he arvioivat asiointinsa hymiöillä."),
    "web_smiley": N_("Verkkosivujen kävijöitä pyydettiin arvioimaan käyntinsä hymiöillä."),
}


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
    explanations: Sequence[tuple[str, str]]
    """Each metric of the page and what it says."""
    notes: Sequence[str]
    """What to know when reading: how answers were had, and whom they leave out."""


@dataclass(frozen=True)
class Branch:
    """An entity in the tree of the start page, with what hangs below it."""

    id: str
    name: str
    kind: str
    below: Sequence["Branch"]
    units: Sequence["Branch"]
    """What hangs below it and is a unit."""


class Embedded(msgspec.Struct, frozen=True):
    """One figure for a foreign page, in words."""

    release: str
    entity: str
    name: str
    metric: str
    label: str
    value: str
    missing: bool
    period: str
    sentence: str
    note: str
    url: str
    more: str


def tree(edition: Edition, language: Language, parent: str | None = None) -> list[Branch]:
    """Entities from the tops down, sorted by name on each level.

    Where there are many, units are left to the search and to their services' pages.
    """
    units = len(edition.entities) <= LISTED_WITH_UNITS
    found = []
    for one in by_name(edition.children(parent), language):
        if one.kind == "unit" and not units:
            continue
        below = tree(edition, language, one.id)
        found.append(
            Branch(
                one.id,
                language.of(one.names),
                language.word(one.kind),
                [branch for branch in below if edition.entities[branch.id].kind != "unit"],
                [branch for branch in below if edition.entities[branch.id].kind == "unit"],
            )
        )
    return found


def embedded(
    edition: Edition, entity: Entity, metric: str, language: Language, base_url: str
) -> Embedded:
    """The newest figure of a metric as a foreign page shows it; its status if there is none."""
    name = language.of(entity.names)
    series = next(
        (one for one in edition.series(entity.id) if one.newest and metric in one.newest.figures),
        None,
    )
    row = series.newest if series else None
    figure = row.figures[metric] if row else None
    return Embedded(
        release=edition.id,
        entity=entity.id,
        name=name,
        metric=metric,
        label=language.word(f"metric.{metric}", edition.content.texts),
        value=printed(figure, language) if figure else language.word("status.no_data"),
        missing=figure is None or figure.value is None,
        period=language.period(row.period) if row else "",
        sentence=sentence(edition, series, row, language) if series and row else "",
        note=_row_notes(row, language) if row else "",
        url=f"{base_url}/{language.code}/{entity.id}",
        more=language.say("Katso kaikki luvut: %(name)s", name=name),
    )


def page(edition: Edition, entity: Entity, language: Language) -> Page:
    """The page of an entity of this edition."""
    sections = [_section(edition, entity, one, language) for one in edition.series(entity.id)]
    figures = [one for series in edition.series(entity.id) for one in _figures(series)]
    texts = edition.content.texts
    name = language.of(entity.names)
    lead = (
        sections[0].sentence
        if sections
        else language.say("Tästä ei ole vastauksia tässä julkaisussa.")
    )
    return Page(
        id=entity.id,
        name=name,
        kind=language.word(entity.kind),
        lead=lead,
        above=[(one.id, language.of(one.names)) for one in edition.ancestors(entity.id)],
        below=[
            (one.id, language.of(one.names), language.word(one.kind))
            for one in by_name(edition.children(entity.id), language)
        ],
        sections=sections,
        explanations=_explanations(figures, texts, language),
        notes=_notes(figures, texts, language) if figures else [],
    )


def by_name(entities: Sequence[Entity], language: Language) -> list[Entity]:
    """The entities as the language sorts their names."""
    return sorted(entities, key=lambda one: (language.sort_key(language.of(one.names)), one.id))


def matching(edition: Edition, query: str, language: Language) -> list[Entity]:
    """The first entities by name whose name in any language holds every word of the query."""
    words = query.casefold().split()
    found = [
        one
        for one in edition.entities.values()
        if all(any(word in name for name in _names(one)) for word in words)
    ]  # fmt: skip
    return by_name(found, language)[:FOUND_SHOWN]


def _names(entity: Entity) -> list[str]:
    names = entity.names
    return [one.casefold() for one in (names.fi, names.sv, names.en) if one]


def printed(figure: Figure, language: Language) -> str:
    """A figure as every output prints it: its value, its range, or its status in words."""
    if figure.value is not None:
        return language.value(figure.metric, figure.value)
    if figure.range is not None:
        low, high = figure.range.low, figure.range.high
        return f"{language.number(low, 1)}\N{EN DASH}{language.number(high, 1)}"
    return language.word(f"status.{figure.status}")


def series_title(channel: str, scale: str | None, family: str | None, language: Language) -> str:
    """What a series is called: its channel, its scale, and its family where it is another."""
    name = language.word(f"channel.{channel}")
    faces = {"smiley4": 4, "smiley5": 5}.get(scale or "")
    parts = [
        name[:1].upper() + name[1:],
        None if family == "overall" else _said(_FAMILIES, family, language),
        language.say("%(count)s hymiötä", count=faces)
        if faces
        else _said(_SCALES, scale, language),
    ]
    return ", ".join(one for one in parts if one)


def changed(change: Change | None, language: Language) -> str:
    """What a comparison with the year before says, in words; empty where there is none."""
    if change is None:
        return ""
    if change.status == "changed_composition":
        why = language.word("flag.changed_composition")
    elif change.status == "ok":
        why = language.word(f"change.{change.verdict or 'no_clear_change'}")
    else:
        why = language.word(f"status.{change.status}")
    if change.value is None or change.status not in ("ok", "changed_composition"):
        return why
    return f"{language.change(change.value)}, {why}"


def tiles(row: Row, edition: Edition, language: Language) -> list[Tile]:
    """The row's figures to read at a glance, the index first."""
    order = (*_LEVELS, *NPS_SHARES, "press_count")
    return [
        Tile(
            name,
            language.say("Vastauksia (n)")
            if name == "press_count" and "nps" in row.figures
            else language.word(f"metric.{name}", edition.content.texts),
            printed(row.figures[name], language),
            row.figures[name].value is None,
        )
        for name in order
        if name in row.figures
    ]


def sentence(edition: Edition, series: Series, row: Row, language: Language) -> str:
    """One sentence: how many answered, when, and how it was."""
    period = language.period(row.period)
    count = row.figures.get("press_count")
    level = next(
        (one for name in _LEVELS if (one := row.figures.get(name)) and one.value is not None), None
    )
    if count is None or count.value is None or level is None:
        first = count or next(iter(row.figures.values()))
        said = printed(first, language)
        return language.say("%(period)s: %(status)s.", period=period, status=said)
    name = language.word(f"metric.{level.metric}", edition.content.texts)
    said = _HEARD.get(series.channel, _HEARD["kiosk"])
    if level.metric == "nps":
        said = _RECOMMENDED
    return language.say(
        said,
        n=printed(count, language),
        period=period,
        metric=name.partition(" (")[0],
        value=printed(level, language),
    )


def _section(edition: Edition, entity: Entity, series: Series, language: Language) -> Section:
    row = series.newest
    reported = [one for one in _figures(series) if "reported" in one.flags]
    index = row.figures.get("happy_index") if row else None
    title = series_title(series.channel, series.scale, series.family, language)
    if len(reported) == len(_figures(series)):
        title += f", {language.word('flag.reported')}"
    return Section(
        title=title,
        asked=_asked(series, language),
        sentence=sentence(edition, series, row, language) if row else "",
        change=_since_last_year(index.change, language) if index else "",
        tiles=tiles(row, edition, language) if row else [],
        period=language.period(row.period) if row else "",
        reported=_reported(reported, language),
        tables=[
            _table(edition, entity, series, grain, language)
            for grain in ("month", "year")
            if series.rows[grain]
        ],
    )


def _since_last_year(change: Change | None, language: Language) -> str:
    if change is None:
        return ""
    if change.status in _UNCHANGED:
        return language.say(_UNCHANGED[change.status])
    return language.say(
        "Hymiöindeksin muutos vuodessa: %(change)s.", change=changed(change, language)
    )


def _asked(series: Series, language: Language) -> str:
    if series.family == "recommend":
        return language.say(_ASKED_TO_RECOMMEND)
    return language.say(_ASKED[series.channel]) if series.channel in _ASKED else ""


def _figures(series: Series) -> list[Figure]:
    return [one for rows in series.rows.values() for row in rows for one in row.figures.values()]


def _explanations(
    figures: Sequence[Figure], texts: Mapping[str, Text], language: Language
) -> list[tuple[str, str]]:
    """Each text once, with the names of all the metrics that it explains."""
    named: dict[str, list[str]] = defaultdict(list)
    for name in METRICS:
        if any(one.metric == name for one in figures):
            named[language.word(f"explain.{name}", texts)].append(
                language.word(f"metric.{name}", texts)
            )
    return [(language.sentence(names), text) for text, names in named.items()]


def _notes(figures: Sequence[Figure], texts: Mapping[str, Text], language: Language) -> list[str]:
    notes = dict.fromkeys(note for one in figures for note in one.bias_notes)
    return [*_general_notes(figures, language)] + [
        language.word(f"bias_note.{note}", texts) for note in notes
    ]


def _general_notes(figures: Sequence[Figure], language: Language) -> Iterator[str]:
    if any("self_selected" in one.flags for one in figures):
        yield language.say("Vastaajat ovat itse päättäneet vastata: luvut eivät ole otos kaikista.")
    yield language.say(
        "Lukua ei näytetä, jos vastauksia on alle %(count)s. Puuttuva luku ei ole nolla.",
        count=MIN_N,
    )


def _reported(figures: Sequence[Figure], language: Language) -> str:
    if not figures:
        return ""
    said = language.say(
        "Merkityt luvut on julkaistu aiemmin muualla, ja ne näytetään sellaisina kuin ne"
        " julkaistiin."
    )
    told = [one.reported for one in figures if one.reported]
    if told:
        last = max(one.as_of for one in told)
        said += " " + language.say("Niiden tiedot päättyvät %(date)s.", date=language.day(last))
        source = language.sentence(sorted({one.source for one in told}))
        said += " " + language.say("Lähde: %(source)s.", source=source)
    return said


def _table(
    edition: Edition, entity: Entity, series: Series, grain: str, language: Language
) -> Table:
    rows = series.rows[grain][-MONTHS_SHOWN:]
    metrics = [
        name
        for name in ("press_count", *_LEVELS, *NPS_SHARES)
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
        caption=_caption(grain, language),
        columns=[_heading(name, names[name], language) for name in metrics],
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


def _heading(metric: str, name: str, language: Language) -> str:
    """A metric's name, short enough for a column."""
    if metric in _COLUMNS:
        return language.say(_COLUMNS[metric])
    return name.partition(" (")[0]


def _caption(grain: str, language: Language) -> str:
    return language.say("Kuukausittain") if grain == "month" else language.say("Vuosittain")


def _table_row(series: Series, row: Row, metrics: Sequence[str], language: Language) -> TableRow:
    statuses = {one.status for one in row.figures.values()}
    nothing = all(one.value is None and one.range is None for one in row.figures.values())
    silence = language.word("status.no_data")
    return TableRow(
        period=language.period(row.period),
        cells=[
            printed(row.figures[name], language) if name in row.figures else silence
            for name in metrics
        ],
        missing=language.word(f"status.{statuses.pop()}") if nothing and len(statuses) == 1 else "",
        about="; ".join(filter(None, (_row_notes(row, language), _late(series, row, language)))),
    )


def _late(series: Series, row: Row, language: Language) -> str:
    month = series.late_start(row.period)
    if month is None:
        return ""
    return language.say(
        "ei koko vuosi: ensimmäinen kuukausi on %(month)s", month=language.period(month)
    )


def _row_notes(row: Row, language: Language) -> str:
    flags = dict.fromkeys(
        flag for one in row.figures.values() for flag in one.flags if flag not in _UNMARKED
    )
    return ", ".join(language.word(f"flag.{flag}") for flag in flags)


def _charts(
    rows: Sequence[Row],
    names: Mapping[str, str],
    axis: Axis,
    marks: Sequence[Mark],
    language: Language,
) -> list[tuple[Sequence[str], Markup]]:
    caption = _caption(rows[0].period.grain, language)
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
        [printed(one, language) if one else "" for one in figures],
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


def _said(words: Mapping[str, str], code: str | None, language: Language) -> str | None:
    return language.say(words[code]) if code is not None and code in words else code


def _mark(one: Break, number: int, rows: Sequence[Row]) -> Mark:
    day = timedelta(days=1)
    for index, row in enumerate(rows):
        if one.date <= row.period.first:
            return Mark(index, str(number), one.kind == "breaks")
        if one.date < row.period.last + day:
            return Mark(index + 0.5, str(number), one.kind == "breaks")
    return Mark(len(rows), str(number), one.kind == "breaks")
