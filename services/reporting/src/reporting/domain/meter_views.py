"""What a round's release tells of a meter, ready for page, slide and workbook alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from reporting.domain import finding, wording
from reporting.domain.editions import Edition
from reporting.domain.languages import N_, Language
from reporting.domain.meters import MeterCode, code_of
from reporting.domain.releases import Entity, Figure

Dimension = Mapping[str, str]
LEVELS: Final = ("1", "2", "3", "4")
CHANGES: Final = ("better", "no_clear_change", "worse", "not_comparable")
_WHOLE: Final[Dimension] = {}
_MEASURED: Final[Dimension] = {"measured": "yes"}
_CHANNELS: Final = ("kiosk", "mobile", "link", "web_smiley", "survey")


class Column(NamedTuple):
    """A column: its heading, and which figure of a row stands in it."""

    heading: str
    metric: str
    dimension: Dimension


class Line(NamedTuple):
    """A row of a table; a figure that the release does not hold is None."""

    name: str
    figures: Sequence[Figure | None]


class MeterGrid(NamedTuple):
    """A table of figures."""

    caption: str
    first: str
    """The heading of the rows' names."""
    columns: Sequence[Column]
    lines: Sequence[Line]


class MeterView(NamedTuple):
    """A meter in one language."""

    code: MeterCode
    name: str
    period: str
    headline: Figure | None
    sentence: str
    chart: str
    """What the bars show."""
    bars: Sequence[tuple[str, Figure]]
    grids: Sequence[MeterGrid]
    notes: Sequence[str]


def view(edition: Edition, meter: MeterCode, language: Language) -> MeterView:
    """The meter as every output of a round tells it."""
    build = _participation if meter == "participation" else _experience
    return build(edition, language)


def said(figure: Figure | None, language: Language) -> str:
    """A cell as it is printed; what the release does not hold is no data."""
    return wording.printed(figure, language) if figure else language.word("status.no_data")


def most(shown: MeterView) -> float:
    """The longest that a bar could be: the service entities that are counted."""
    return max((one.n or one.value or 0 for _, one in shown.bars), default=0)


def begun(words: str) -> str:
    """The words as a heading or a sentence begins: with a capital."""
    return words[:1].upper() + words[1:]


def _participation(edition: Edition, language: Language) -> MeterView:
    say, texts = language.say, edition.content.texts
    whole = [
        Column(say("Kattavuus"), "participation_coverage", _WHOLE),
        Column(say("Muutos"), "participation_change", _WHOLE),
    ]
    levels = [
        Column(language.word(f"level.{one}"), "participation_methods", {"level": one})
        for one in LEVELS
    ]
    city = _city(edition)
    headline = _figure(edition, city, "participation_coverage", _WHOLE)
    bars = [(one.heading, _figure(edition, city, one.metric, one.dimension)) for one in levels]
    upper = MeterGrid(
        say("Kattavuus ja palvelukokonaisuudet, joilla on tapoja kullakin tasolla"),
        say("Toimiala"),
        [*whole, *levels],
        _lines(edition, _upper(edition, language), [*whole, *levels], language),
    )
    ways = [Column(say("Tapoja"), "participation_methods", _WHOLE), *levels]
    below = MeterGrid(
        say("Osallisuuden tavat palvelukokonaisuuksittain"),
        language.word("service_entity"),
        ways,
        _lines(edition, _below(edition, language), ways, language),
    )
    return MeterView(
        "participation",
        language.word(code_of("participation"), texts),
        language.period(headline.period) if headline else "",
        headline,
        _sentence(
            N_("Osallisuuden tapojen kattavuus: %(value)s (%(period)s)."), headline, language
        ),
        say("Palvelukokonaisuudet, joilla on tapoja kullakin tasolla"),
        [(name, one) for name, one in bars if one],
        [upper, below],
        _notes(edition, upper, language),
    )


def _experience(edition: Edition, language: Language) -> MeterView:
    say, texts = language.say, edition.content.texts
    city = _city(edition)
    headline = _figure(edition, city, "experience_profile", _MEASURED)
    columns = [
        Column(say("Palvelukokonaisuuksia"), "experience_profile", _WHOLE),
        Column(say("Mittaa kokemusta"), "experience_profile", _MEASURED),
        Column(say("Ei mittaa"), "experience_profile", {"measured": "no"}),
        *(
            Column(language.word(f"metric.{name}", texts), name, _WHOLE)
            for name in ("measurement_coverage", "observed_measurement_coverage")
        ),
    ]
    upper = MeterGrid(
        say("Kokemuksen mittaaminen"),
        say("Toimiala"),
        columns,
        _lines(edition, _upper(edition, language), columns, language),
    )
    changes = _changes(edition, city, language)
    drawn = max(changes.lines, key=_sum, default=None)
    bars = (
        [(one.heading, figure) for one, figure in zip(changes.columns, drawn.figures, strict=True)]
        if drawn
        else [(one.heading, figure) for one, figure in
              zip(columns[1:3], upper.lines[0].figures[1:3], strict=True)]
        if upper.lines
        else []
    )  # fmt: skip
    return MeterView(
        "experience",
        language.word(code_of("experience"), texts),
        language.period(headline.period) if headline else "",
        headline,
        _sentence(
            N_("Kokemusta mittaavia palvelukokonaisuuksia: %(value)s (%(period)s)."),
            headline,
            language,
        ),
        say("Muutos edelliseen 12 kuukauteen: %(channel)s", channel=drawn.name)
        if drawn
        else say("Mittaako palvelukokonaisuus kokemusta"),
        [(name, one) for name, one in bars if one],
        [one for one in (upper, changes) if one.lines],
        _notes(edition, upper, language),
    )


def _changes(edition: Edition, city: Entity | None, language: Language) -> MeterGrid:
    """How service entities have changed in each channel, scale and family: never pooled."""
    columns = [
        Column(
            language.word(f"change.{one}" if one != "not_comparable" else f"status.{one}"),
            "experience_profile",
            {"change": one},
        )
        for one in CHANGES
    ]
    found = [
        one for one in _newest(edition, city, "experience_profile") if "change" in one.dimension
    ]
    keys = dict.fromkeys(
        (one.channel, one.scale, one.family) for one in sorted(found, key=_by_channel)
    )
    lines = [
        Line(
            wording.series_title(*key, language),
            [
                next(
                    (one for one in found
                     if (one.channel, one.scale, one.family) == key
                     and one.dimension == column.dimension), None
                )
                for column in columns
            ],
        )
        for key in keys
    ]  # fmt: skip
    return MeterGrid(
        language.say("Palvelukokonaisuuksien muutos kanavittain, koko kaupunki"),
        language.say("Kanava"),
        columns,
        lines,
    )


def _city(edition: Edition) -> Entity | None:
    return next((one for one in edition.content.entities if one.kind == "city"), None)


def _upper(edition: Edition, language: Language) -> list[Entity]:
    """The city and its divisions, by name."""
    city = _city(edition)
    divisions = [one for one in edition.content.entities if one.kind == "division"]
    return [*([city] if city else []), *finding.by_name(divisions, language)]


def _below(edition: Edition, language: Language) -> list[Entity]:
    found = [one for one in edition.content.entities if one.kind == "service_entity"]
    return finding.by_name(found, language)


def _newest(edition: Edition, entity: Entity | None, metric: str) -> list[Figure]:
    """The entity's figures of the newest period that the release holds of the metric."""
    found = edition.figures(entity.id, metric) if entity else []
    last = max((one.period.last for one in found), default=None)
    return [one for one in found if one.period.last == last]


def _figure(
    edition: Edition, entity: Entity | None, metric: str, dimension: Dimension
) -> Figure | None:
    """The figure over all channels."""
    return next(
        (one for one in _newest(edition, entity, metric)
         if one.dimension == dimension and not one.channel), None
    )  # fmt: skip


def _lines(
    edition: Edition, entities: Iterable[Entity], columns: Sequence[Column], language: Language
) -> list[Line]:
    return [
        Line(
            language.of(one.names),
            [_figure(edition, one, column.metric, column.dimension) for column in columns],
        )
        for one in entities
    ]


def _sentence(message: str, figure: Figure | None, language: Language) -> str:
    period = language.period(figure.period) if figure else "\N{EN DASH}"
    return language.say(message, value=said(figure, language), period=period)


def _notes(edition: Edition, grid: MeterGrid, language: Language) -> list[str]:
    """The flags of what is shown, in words, and from which release it is."""
    flags = dict.fromkeys(
        flag for line in grid.lines for one in line.figures if one for flag in one.flags
    )
    told = [language.word(f"flag.{flag}") for flag in flags]
    release = language.say(
        "Luvut ovat julkaisusta %(release)s (%(date)s).",
        release=edition.id,
        date=language.day(edition.content.as_of),
    )
    return [*([begun(f"{', '.join(told)}.")] if told else []), release]


def _by_channel(figure: Figure) -> tuple[int, str, str]:
    known = figure.channel in _CHANNELS
    place = _CHANNELS.index(figure.channel) if known else len(_CHANNELS)
    return place, figure.scale or "", figure.family or ""


def _sum(line: Line) -> float:
    return sum(one.value or 0 for one in line.figures if one)
