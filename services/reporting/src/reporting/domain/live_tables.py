"""The desk's tables of live figures: never published, and marked as live."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from markupsafe import Markup

from reporting.domain.charts import sparkline
from reporting.domain.desk import path
from reporting.domain.drafting import METRICS as ANSWERS
from reporting.domain.languages import Language
from reporting.domain.live import LiveBreak, LiveFigure
from reporting.domain.releases import Entity, Text
from reporting.domain.wording import changed, series_title, swing, swing_ends

_SCALES: Final = {
    "happy_index": (0, 100),
    "very_positive_share": (0, 100),
    "satisfied_share": (0, 100),
    "nps": (-100, 100),
    "promoter_share": (0, 100),
    "passive_share": (0, 100),
    "detractor_share": (0, 100),
    "mean_likert5": (1, 5),
    "mean_grade4_10": (4, 10),
}
"""The metrics that a small line can show, with where their scale begins and ends."""
METRICS: Final = (*ANSWERS, "mean_likert5", "mean_grade4_10")
"""What the desk shows of answers."""
_FIRST: Final = ("happy_index", "nps", "mean_likert5", "mean_grade4_10")
"""The metrics by which a child is shown: no series has two."""

_SPAN: Final = 0.2
"""The part of a metric's scale that a small line shows at least: a smaller change looks small."""

SeriesKey = tuple[str, str, str]


class Line(NamedTuple):
    """Months of one figure, from the first to the last; None where nothing is told."""

    months: Sequence[date]
    values: Sequence[float | None]


class Lines:
    """The small lines of a page, with the breaks in their series.

    Args:
        months: figures by month.
        breaks: of all entities.
        tree: by id.
    """

    def __init__(
        self,
        months: Iterable[LiveFigure],
        breaks: Iterable[LiveBreak],
        tree: Mapping[str, Entity],
    ) -> None:
        found: dict[tuple[str, str, SeriesKey], list[LiveFigure]] = defaultdict(list)
        for one in months:
            found[one.entity, one.metric, _key(one)].append(one)
        self._lines = {key: _line(figures) for key, figures in found.items()}
        self._breaks = list(breaks)
        self._tree = tree

    def of(self, figure: LiveFigure) -> Line:
        """The months of a figure."""
        return self._lines.get((figure.entity, figure.metric, _key(figure)), Line((), ()))

    def breaks(self, figure: LiveFigure, months: Sequence[date]) -> dict[int, LiveBreak]:
        """The breaks within these months, each by the place of the month in which it lies."""
        above = {one.id for one in path(self._tree, figure.entity)}
        return {
            place: one
            for one in self._breaks
            if one.entity in above
            and (one.metric, one.channel) == (figure.metric, figure.channel)
            and (place := bisect_right(months, one.date) - 1) > 0
        }


def _line(figures: Iterable[LiveFigure]) -> Line:
    ordered = sorted(figures, key=lambda one: one.period.first)
    values = [one.rounded if one.status == "ok" else None for one in ordered]
    return Line([one.period.first for one in ordered], values)


@dataclass(frozen=True)
class LiveRow:
    """One live figure."""

    label: str
    value: str
    swing: str
    """Between which values it swings from day to day."""
    n: str
    status: str
    change: str
    spark: Markup | None


@dataclass(frozen=True)
class LiveSeries:
    """The live figures of one channel and scale."""

    title: str
    rows: Sequence[LiveRow]


class Compared(NamedTuple):
    """One series of a direct child: its index, NPS or mean, and how far that may be read."""

    title: str
    n: str
    value: str
    swing: str
    """Between which values it swings from day to day."""
    status: str
    change: str
    spark: Markup | None


@dataclass(frozen=True)
class Below:
    """A direct child with its series; one that says so where it has none."""

    id: str
    name: str
    kind: str
    series: Sequence[Compared]


COLUMNS: Final = (
    "entity", "metric", "channel", "scale", "family", "dimension", "from", "to", "value", "low",
    "high", "swing_low", "swing_high", "n", "status", "flags", "change", "verdict",
)  # fmt: skip


def as_rows(figures: Iterable[LiveFigure]) -> list[Sequence[object]]:
    """Live figures as the rows of a table, by codes, with its head: only what is printed too."""
    rows: list[Sequence[object]] = [COLUMNS]
    for one in figures:
        change, ends = one.change, swing_ends(one)
        rows.append(
            (
                one.entity,
                one.metric,
                one.channel,
                one.scale,
                one.family,
                " ".join(f"{name}={value}" for name, value in sorted(one.dimension.items())),
                one.period.first,
                one.period.last,
                one.rounded,
                one.range and one.range.low,
                one.range and one.range.high,
                *(ends or (None, None)),
                one.n,
                one.status,
                " ".join(one.flags),
                change and change.value,
                change and (change.verdict or change.status),
            )
        )
    return rows


def series(totals: Iterable[LiveFigure], lines: Lines, language: Language) -> list[LiveSeries]:
    """The figures of one entity by series, each with its last months as a small line."""
    grouped: dict[SeriesKey, list[LiveRow]] = defaultdict(list)
    for one in sorted(totals, key=lambda figure: METRICS.index(figure.metric)):
        if one.channel is not None and not one.dimension:
            grouped[_key(one)].append(_row(one, lines, language))
    return [
        LiveSeries(series_title(*key, language), rows)
        for key, rows in sorted(grouped.items(), key=lambda item: _rank(item[0]))
    ]


def reading(
    totals: Iterable[LiveFigure], texts: Mapping[str, Text], language: Language
) -> list[str]:
    """What to know of an entity's answers: who chose to answer, and each bias note once."""
    notes: dict[str, None] = {}
    for one in totals:
        if "self_selected" in one.flags:
            said = "Vastaajat ovat itse päättäneet vastata: luvut eivät ole otos kaikista."
            notes[language.say(said)] = None
        notes |= dict.fromkeys(language.word(f"bias_note.{note}", texts) for note in one.bias_notes)
    return list(notes)


def below(
    children: Sequence[Entity], totals: Iterable[LiveFigure], lines: Lines, language: Language
) -> list[Below]:
    """The children in this order, each with all its series."""
    found: dict[str, dict[SeriesKey, dict[str, LiveFigure]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for one in totals:
        if one.channel is not None and not one.dimension:
            found[one.entity][_key(one)][one.metric] = one
    nothing = Compared("", "", "", "", language.word("status.no_data"), "", None)
    return [
        Below(
            child.id,
            language.of(child.names),
            language.word(child.kind),
            [
                _compared(key, by_metric, lines, language)
                for key, by_metric in sorted(
                    found[child.id].items(), key=lambda item: _rank(item[0])
                )
            ]
            or [nothing],
        )
        for child in children
    ]


def _compared(
    key: SeriesKey, by_metric: Mapping[str, LiveFigure], lines: Lines, language: Language
) -> Compared:
    count = by_metric.get("press_count")
    level = next((by_metric[name] for name in _FIRST if name in by_metric), None)
    return Compared(
        series_title(*key, language),
        _value(count, language),
        _value(level, language),
        swing(level, language) if level else "",
        _status(level or count, language),
        changed(level.change, language) if level else "",
        _spark(level, lines, language) if level else None,
    )


def _rank(key: SeriesKey) -> tuple[str, bool, SeriesKey]:
    """By channel; within it the overall question comes first."""
    return key[0], key[2] != "overall", key


def _key(figure: LiveFigure) -> SeriesKey:
    return figure.channel or "", figure.scale or "", figure.family or ""


def _row(figure: LiveFigure, lines: Lines, language: Language) -> LiveRow:
    return LiveRow(
        label=language.say("Vastauksia (n)")
        if figure.metric == "press_count" and not (figure.scale or "").startswith("smiley")
        else language.word(f"metric.{figure.metric}"),
        value=_value(figure, language),
        swing=swing(figure, language),
        n=language.number(figure.n) if figure.n is not None else "",
        status=_status(figure, language),
        change=changed(figure.change, language),
        spark=_spark(figure, lines, language),
    )


def _value(figure: LiveFigure | None, language: Language) -> str:
    if figure is not None and figure.status == "few":
        return language.word("status.few")
    if figure is None or figure.rounded is None:
        return "\N{EN DASH}"
    return language.value(figure.metric, figure.rounded)


def _status(figure: LiveFigure | None, language: Language) -> str:
    if figure is None:
        return language.word("status.no_data")
    words = [] if figure.status in ("ok", "few") else [language.word(f"status.{figure.status}")]
    words += [language.word(f"flag.{flag}") for flag in figure.flags if flag != "self_selected"]
    return ", ".join(words)


def _spark(figure: LiveFigure, lines: Lines, language: Language) -> Markup | None:
    months, values = lines.of(figure)
    known = [value for value in values if value is not None]
    scale = _SCALES.get(figure.metric)
    if scale is None or len(known) < 2:
        return None
    words = language.say(
        "Viimeiset kuukaudet: alussa %(first)s, lopussa %(last)s",
        first=language.value(figure.metric, known[0]),
        last=language.value(figure.metric, known[-1]),
    )
    breaks = lines.breaks(figure, months)
    for place in sorted(breaks):
        words += "; " + language.say("katkos: %(month)s", month=language.month(months[place]))
    span = max(max(known) - min(known), _SPAN * (scale[1] - scale[0]))
    bottom = (max(known) + min(known) - span) / 2
    heights = [None if value is None else 100 * (value - bottom) / span for value in values]
    return sparkline(words, heights, {at: one.kind == "breaks" for at, one in breaks.items()})
