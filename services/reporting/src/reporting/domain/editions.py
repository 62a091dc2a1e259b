"""A release opened for reading: its entities, figures and breaks, found by what pages ask for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from reporting.domain.drafting import METRICS
from reporting.domain.releases import Break, Content, Entity, Figure, Period

_CHANNELS: Final = ("kiosk", "mobile", "web_smiley")


class Row(NamedTuple):
    """All figures of one series and period, by metric."""

    period: Period
    figures: dict[str, Figure]


class Series(NamedTuple):
    """One channel, scale and family of an entity; series are never pooled."""

    channel: str
    scale: str | None
    family: str | None
    rows: dict[str, list[Row]]
    """By grain, in order of time."""

    @property
    def newest(self) -> Row | None:
        """The row that a page speaks of first: the newest month that is whole, else the newest."""
        months, years = self.rows["month"], self.rows["year"]
        whole = next((row for row in reversed(months) if not self.partial(row)), None)
        return whole or next(reversed(months or years), None)

    def late_start(self, year: Period) -> Period | None:
        """The first month with answers in a year; None where it is January, or not known."""
        if year.grain != "year":
            return None
        heard = (
            row.period
            for row in self.rows["month"]
            if row.period.first.year == year.first.year
            and any(one.status != "no_data" for one in row.figures.values())
        )
        month = next(heard, None)
        return month if month and month.first.month > 1 else None

    def partial(self, row: Row) -> bool:
        """Whether the row tells of a part of its period only, and so is compared with no other."""
        flagged = any("partial_period" in one.flags for one in row.figures.values())
        return flagged or self.late_start(row.period) is not None


class Edition:
    """One release, indexed. Nothing in it changes, so it may be shared and kept."""

    def __init__(self, id_: str, content: Content) -> None:
        self.id = id_
        self.content = content
        self.entities = {one.id: one for one in content.entities}
        self._children: dict[str | None, list[Entity]] = defaultdict(list)
        for one in content.entities:
            parent = one.parent if one.parent in self.entities else None
            self._children[parent].append(one)
        self._series: dict[str, list[Series]] = {}
        figures: dict[str, list[Figure]] = defaultdict(list)
        for figure in content.figures:
            figures[figure.entity].append(figure)
        self._figures = figures
        for entity, own in figures.items():
            answers = [one for one in own if one.metric in METRICS and not one.dimension]
            self._series[entity] = _series(answers)

    def children(self, entity: str | None) -> Sequence[Entity]:
        """The entities right below, in no meaningful order; below None: the tops of the tree."""
        return self._children.get(entity, ())

    def ancestors(self, entity: str) -> list[Entity]:
        """The entities above, from the top."""
        return list(self._above(entity))[::-1]

    def series(self, entity: str) -> Sequence[Series]:
        """The series of an entity, by channel in a fixed order."""
        return self._series.get(entity, ())

    def figures(self, entity: str, *metrics: str) -> list[Figure]:
        """All figures of these metrics that the release holds of an entity, breakdowns included."""
        return [one for one in self._figures.get(entity, ()) if one.metric in metrics]

    def breaks(self, entity: str, series: Series) -> list[Break]:
        """The breaks that hold for a series: the entity's own and those of the entities above."""
        holds = {entity, *(one.id for one in self._above(entity))}
        metrics = {name for rows in series.rows.values() for row in rows for name in row.figures}
        found: dict[tuple[object, ...], Break] = {}
        for one in self.content.breaks:
            if one.entity in holds and one.channel == series.channel and one.metric in metrics:
                found.setdefault((one.date, one.kind, one.what.fi), one)
        return list(found.values())

    def _above(self, entity: str) -> Iterator[Entity]:
        seen = {entity}
        parent = self.entities[entity].parent
        while parent in self.entities and parent not in seen:
            seen.add(parent)
            yield self.entities[parent]
            parent = self.entities[parent].parent


def _series(figures: Sequence[Figure]) -> list[Series]:
    rows: dict[tuple[str, str | None, str | None], dict[tuple[str, Period], dict[str, Figure]]] = (
        defaultdict(lambda: defaultdict(dict))
    )
    for one in figures:
        of_series = rows[one.channel, one.scale, one.family]
        of_series[one.period.grain, one.period][one.metric] = one
    return [
        Series(
            *key,
            {
                grain: [
                    Row(period, {name: found[name] for name in METRICS if name in found})
                    for (its_grain, period), found in sorted(
                        by_period.items(), key=lambda item: item[0][1].first
                    )
                    if its_grain == grain
                ]
                for grain in ("month", "year")
            },
        )
        for key, by_period in sorted(rows.items(), key=lambda item: _rank(*item))
    ]


def _rank(
    key: tuple[str, str | None, str | None], periods: Iterable[tuple[str, Period]]
) -> tuple[int, str, int, bool, str, str]:
    """By channel; within it what was heard last comes first, then the overall question."""
    channel, scale, family = key
    known = _CHANNELS.index(channel) if channel in _CHANNELS else len(_CHANNELS)
    newest = max(period.last.toordinal() for _, period in periods)
    return known, channel, -newest, family != "overall", scale or "", family or ""
