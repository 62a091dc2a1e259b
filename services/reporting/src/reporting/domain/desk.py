"""What the desk shows of the live figures: never published, and marked as live."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from markupsafe import Markup

from reporting.domain.charts import sparkline
from reporting.domain.drafting import METRICS
from reporting.domain.languages import Language
from reporting.domain.live import LiveBreak, LiveEntity, LiveFigure
from reporting.domain.people import Person, Role
from reporting.domain.releases import Entity
from reporting.domain.wording import changed, series_title

_LOWEST: Final = {
    "happy_index": 0,
    "very_positive_share": 0,
    "satisfied_share": 0,
    "nps": -100,
    "promoter_share": 0,
    "passive_share": 0,
    "detractor_share": 0,
}
"""Where the metrics that a small line can show begin; each ends at 100."""
_FIRST: Final = ("happy_index", "nps")
"""The metrics by which a child is shown: no series has both."""

_SPAN: Final = 0.2
"""The part of a metric's scale that a small line shows at least: a smaller change looks small."""

SeriesKey = tuple[str, str, str]


@dataclass(frozen=True)
class LiveRow:
    """One live figure."""

    label: str
    value: str
    n: str
    status: str
    change: str
    spark: Markup | None


@dataclass(frozen=True)
class LiveSeries:
    """The live figures of one channel and scale."""

    title: str
    rows: Sequence[LiveRow]


@dataclass(frozen=True)
class Below:
    """A direct child with its count and its index or NPS, each with its status in words."""

    id: str
    name: str
    kind: str
    series: str
    count: str
    index: str
    status: str
    change: str
    spark: Markup | None


def entities_on(live: Iterable[LiveEntity], day: date) -> dict[str, Entity]:
    """The tree as it stands on a day: entities that ended before or begin later are left out."""
    found = {}
    for one in live:
        for validity in one.validities:
            if validity.valid_from <= day and (validity.valid_to or day) >= day:
                found[one.id] = Entity(one.id, one.kind, validity.parent, validity.names)
    return found


def path(entities: Mapping[str, Entity], entity: str) -> list[Entity]:
    """The entities from the top to this one, itself included."""
    found: list[Entity] = []
    current: str | None = entity
    while current is not None and current in entities and entities[current] not in found:
        found.append(entities[current])
        current = entities[current].parent
    return found[::-1]


def answers_for(
    person: Person, roles: frozenset[Role], entity: str, tree: Mapping[str, Entity]
) -> bool:
    """Whether one of the person's roles is among these, for the entity or for one above it."""
    above = [one.id for one in path(tree, entity)] or [entity]
    return any(person.may(roles, one) for one in above)


def may_see(person: Person, entity: str, tree: Mapping[str, Entity]) -> bool:
    """Whether the person sees the live figures of an entity.

    Those whose roles hold in some entities see these and what is below them.
    """
    own = person.entities
    return own is None or entity in own or any(one.id in own for one in path(tree, entity))


def breaks_of(
    breaks: Iterable[LiveBreak],
    above: Sequence[Entity],
    span: tuple[date, date],
    language: Language,
) -> list[tuple[str, str, str]]:
    """The breaks in an entity's series within a span, by day: the day, the series, what it was."""
    ids = {one.id for one in above}
    found = sorted(
        (one for one in breaks if one.entity in ids and span[0] <= one.date <= span[1]),
        key=lambda one: (one.date, one.channel, one.metric),
    )
    rows = (
        (language.day(one.date), language.word(f"channel.{one.channel}"), language.of(one.what))
        for one in found
    )
    return list(dict.fromkeys(rows))


COLUMNS: Final = (
    "entity", "metric", "channel", "scale", "family", "from", "to", "value", "n", "status", "flags",
    "change", "verdict",
)  # fmt: skip


def as_rows(figures: Iterable[LiveFigure]) -> list[Sequence[object]]:
    """Live figures as the rows of a table, by codes, with its head: only what is printed too."""
    rows: list[Sequence[object]] = [COLUMNS]
    for one in figures:
        if one.channel is None or one.dimension:
            continue
        change = one.change
        rows.append(
            (
                one.entity,
                one.metric,
                one.channel,
                one.scale,
                one.family,
                one.period.first,
                one.period.last,
                one.rounded,
                one.n,
                one.status,
                " ".join(one.flags),
                change and change.value,
                change and (change.verdict or change.status),
            )
        )
    return rows


def series(
    totals: Iterable[LiveFigure], months: Iterable[LiveFigure], language: Language
) -> list[LiveSeries]:
    """The figures of one entity by series, each with its last months as a small line."""
    lines = _lines(months)
    grouped: dict[SeriesKey, list[LiveRow]] = defaultdict(list)
    for one in sorted(totals, key=lambda figure: METRICS.index(figure.metric)):
        if one.channel is not None and not one.dimension:
            grouped[_key(one)].append(_row(one, lines, language))
    return [
        LiveSeries(series_title(*key, language), rows)
        for key, rows in sorted(grouped.items(), key=lambda item: _rank(item[0]))
    ]


def below(
    children: Sequence[Entity],
    totals: Iterable[LiveFigure],
    months: Iterable[LiveFigure],
    language: Language,
) -> list[Below]:
    """The children by name, a row for each of their series, or one that says there is none."""
    lines = _lines(months)
    figures: dict[str, dict[SeriesKey, dict[str, LiveFigure]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for one in totals:
        if one.channel is not None and not one.dimension:
            figures[one.entity][_key(one)][one.metric] = one
    rows: list[Below] = []
    for child in children:
        name, kind = language.of(child.names), language.word(child.kind)
        silence = language.word("status.no_data")
        if child.id not in figures:
            rows.append(Below(child.id, name, kind, "", "", "", silence, "", None))
        for key, by_metric in sorted(figures[child.id].items(), key=lambda item: _rank(item[0])):
            count = by_metric.get("press_count")
            index = next((by_metric[name] for name in _FIRST if name in by_metric), None)
            rows.append(
                Below(
                    child.id,
                    name,
                    kind,
                    series_title(*key, language),
                    _value(count, language),
                    _value(index, language),
                    _status(index or count, language),
                    changed(index.change, language) if index else "",
                    _spark(index, lines, language) if index else None,
                )
            )
    return rows


def _rank(key: SeriesKey) -> tuple[str, bool, SeriesKey]:
    """By channel; within it the overall question comes first."""
    return key[0], key[2] != "overall", key


def _key(figure: LiveFigure) -> SeriesKey:
    return figure.channel or "", figure.scale or "", figure.family or ""


def _lines(months: Iterable[LiveFigure]) -> dict[tuple[str, str, SeriesKey], list[float | None]]:
    found: dict[tuple[str, str, SeriesKey], list[tuple[date, float | None]]] = defaultdict(list)
    for one in months:
        value = one.rounded if one.status == "ok" else None
        found[one.entity, one.metric, _key(one)].append((one.period.first, value))
    return {
        key: [value for _, value in sorted(points, key=lambda point: point[0])]
        for key, points in found.items()
    }


def _row(
    figure: LiveFigure,
    lines: dict[tuple[str, str, SeriesKey], list[float | None]],
    language: Language,
) -> LiveRow:
    return LiveRow(
        label=language.say("Vastauksia (n)")
        if figure.metric == "press_count" and figure.scale == "nps"
        else language.word(f"metric.{figure.metric}"),
        value=_value(figure, language),
        n=language.number(figure.n) if figure.n is not None else "",
        status=_status(figure, language),
        change=changed(figure.change, language),
        spark=_spark(figure, lines, language),
    )


def _value(figure: LiveFigure | None, language: Language) -> str:
    if figure is None or figure.rounded is None:
        return "\N{EN DASH}"
    return language.value(figure.metric, figure.rounded)


def _status(figure: LiveFigure | None, language: Language) -> str:
    if figure is None:
        return language.word("status.no_data")
    words = [] if figure.status == "ok" else [language.word(f"status.{figure.status}")]
    words += [language.word(f"flag.{flag}") for flag in figure.flags if flag != "self_selected"]
    return ", ".join(words)


def _spark(
    figure: LiveFigure,
    lines: dict[tuple[str, str, SeriesKey], list[float | None]],
    language: Language,
) -> Markup | None:
    values = lines.get((figure.entity, figure.metric, _key(figure)), [])
    known = [value for value in values if value is not None]
    lowest = _LOWEST.get(figure.metric)
    if lowest is None or len(known) < 2:
        return None
    words = language.say(
        "Viimeiset kuukaudet: alussa %(first)s, lopussa %(last)s",
        first=language.value(figure.metric, known[0]),
        last=language.value(figure.metric, known[-1]),
    )
    span = max(max(known) - min(known), _SPAN * (100 - lowest))
    bottom = (max(known) + min(known) - span) / 2
    heights = [None if value is None else 100 * (value - bottom) / span for value in values]
    return sparkline(words, heights)
