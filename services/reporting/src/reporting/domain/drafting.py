"""Makes the content of a release from live figures: only what may leave the house is let through.

Class A (anonymous answers at devices and on pages) is published at n >= 30, by month at the
finest; home visits and sensitive services at service level only. Class D (the city's own doing) is
published as it is. What persons did (B and C) comes from `reporting.disclosure` and is taken over
as that left it.
Everything else is null with the status that says why; an unrounded value never comes this far.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final, NamedTuple

import msgspec

from reporting.domain.live import LiveBreak, LiveEntity, LiveFigure
from reporting.domain.releases import Break, Change, Content, Entity, Figure, Period, Reported, Text
from reporting.domain.sensitive import below_sensitive

NPS_SHARES: Final = ("promoter_share", "passive_share", "detractor_share")
"""The parts of `nps`: they stand beside it, and nowhere else."""
METRICS: Final = (
    "press_count",
    "happy_index",
    "very_positive_share",
    "satisfied_share",
    "nps",
    *NPS_SHARES,
)
"""The anonymous answers that a `public-monthly` release holds, in the order of its pages."""
OWN_DOING: Final = (
    "participation_methods",
    "participation_coverage",
    "participation_change",
    "game_measures",
    "measurement_coverage",
    "observed_measurement_coverage",
    "measurement_staleness",
    "measured_entities",
    "device_count",
    "experience_profile",
)
"""What the city did itself, by year: nobody stands behind these figures who could be given away."""
UPPER: Final = frozenset({"city", "division", "service_entity"})
"""The kinds of entities that `OWN_DOING` is told of."""
GRAINS: Final = ("month", "year")
MIN_N: Final = 30
"""The smallest n at which a figure of class A is published."""
ANONYMOUS: Final = frozenset({"kiosk", "mobile", "web_smiley"})
"""Channels on which nobody knows who answers; a link or a survey was sent to somebody."""
CHANNELS_BY_SERVICE: Final = frozenset({"mobile"})
"""Channels that are never published for a single unit: the answer is given at somebody's home."""


class Tree(NamedTuple):
    """The organisation tree as the metrics API gives it."""

    entities: Sequence[LiveEntity]
    breaks: Sequence[LiveBreak]


def draft(  # noqa: PLR0913 - all that a release is made of
    live: Iterable[LiveFigure],
    tree: Tree,
    texts: Mapping[str, Text],
    span: tuple[date, date],
    as_of: date,
    *,
    protected: Sequence[Figure] = (),
) -> Content:
    """The content of a `public-monthly` release.

    Args:
        live: figures of `METRICS` by `GRAINS`, and of `OWN_DOING` by year, within the span.
        tree: the organisation tree, with its series breaks.
        texts: names and explanations by code, such as `metric.happy_index`.
        span: the first and the last day that the release covers.
        as_of: the local day of the draft: the cut-off of knowledge.
        protected: counts of what persons did, and what is made of them, as they may be published.
    """
    entities = entities_within(tree.entities, span)
    known = {one.id: one for one in entities}
    found = [one for one in live if one.entity in known]
    sensitive = below_sensitive(tree.entities)
    answers = [
        published(one, known[one.entity].kind, sensitive)
        for one in found
        if one.metric in METRICS and one.channel in ANONYMOUS and not one.dimension
    ]
    own = (taken_over(one) for one in found if one.metric in OWN_DOING and one.status != "no_data")
    figures = [
        *_compared(_trimmed(answers), span),
        *sorted(own, key=_place),
        *sorted(protected, key=_place),
    ]
    return Content(
        kind="public-monthly",
        period_start=span[0],
        period_end=span[1],
        as_of=as_of,
        entities=entities,
        figures=figures,
        breaks=breaks_within(tree.breaks, span),
        texts=_texts(figures, texts),
    )


def published(figure: LiveFigure, entity_kind: str, sensitive: Collection[str]) -> Figure:
    """The figure as a release shows it.

    Args:
        figure: the live figure.
        entity_kind: the kind of its entity.
        sensitive: the entities of which no anonymous answer is told.
    """
    reported = "reported" in figure.flags
    n = figure.rounded if figure.metric == "press_count" else figure.n
    status = figure.status
    visit = figure.channel in CHANNELS_BY_SERVICE and entity_kind == "unit"
    if status == "ok" and (visit or figure.entity in sensitive):
        status = "suppressed"
    elif status == "ok" and (not reported if n is None else n < MIN_N):
        status = "below_min_n"
    shown = status == "ok"
    return Figure(
        metric=figure.metric,
        entity=figure.entity,
        channel=figure.channel or "",
        scale=figure.scale,
        family=figure.family,
        period=figure.period,
        value=_plain(figure.rounded) if shown else None,
        n=int(n) if shown and n is not None else None,
        status=status,
        flags=sorted(figure.flags),
        bias_notes=sorted(figure.bias_notes),
        definition=figure.definition,
        range=figure.range if shown else None,
        change=figure.change if shown else None,
        reported=Reported(figure.reported.as_of, figure.reported.source_document)
        if reported and figure.reported
        else None,
    )


def taken_over(figure: LiveFigure) -> Figure:
    """A figure as the metrics API tells it: null unless it is `ok`, with that status."""
    shown = figure.status == "ok"
    return Figure(
        metric=figure.metric,
        entity=figure.entity,
        channel=figure.channel or "",
        scale=figure.scale,
        family=figure.family,
        period=figure.period,
        value=_plain(figure.rounded) if shown else None,
        n=figure.n if shown else None,
        status=figure.status,
        flags=sorted(figure.flags),
        bias_notes=sorted(figure.bias_notes),
        definition=figure.definition,
        range=figure.range if shown else None,
        dimension={name: str(value) for name, value in figure.dimension.items()},
    )


def _place(figure: Figure) -> tuple[object, ...]:
    """A fixed order, so that the same figures always give the same bytes."""
    return (
        figure.metric,
        figure.entity,
        figure.channel,
        figure.scale or "",
        figure.period.grain,
        figure.period.first,
        figure.period.last,
        sorted(figure.dimension.items()),
    )


def entities_within(live: Iterable[LiveEntity], span: tuple[date, date]) -> list[Entity]:
    """The organisation tree of a release, by id: each entity as it stood last in the span."""
    found = (_entity(one, span) for one in live)
    return sorted((one for one in found if one is not None), key=lambda one: one.id)


def _plain(value: float | None) -> int | float | None:
    """The number as it is printed: without decimals where it has none."""
    return int(value) if value is not None and value == int(value) else value


def _entity(live: LiveEntity, span: tuple[date, date]) -> Entity | None:
    """The entity as it stood last in the span; None if it stood nowhere in it."""
    standing = [
        one
        for one in live.validities
        if one.valid_from <= span[1] and (one.valid_to is None or one.valid_to >= span[0])
    ]
    if not standing:
        return None
    last = max(standing, key=lambda one: one.valid_from)
    ended = last.valid_to if last.valid_to is not None and last.valid_to <= span[1] else None
    return Entity(live.id, live.kind, last.parent, last.names, live.service_map_id, ended)


def _trimmed(figures: Iterable[Figure]) -> list[Figure]:
    """The figures in a fixed order, without the silence before and after each whole series."""
    rank = {metric: index for index, metric in enumerate(METRICS)}
    ordered = sorted(
        figures,
        key=lambda one: (
            *_series(one),
            one.period.grain,
            rank[one.metric],
            one.period.first,
            one.period.last,
        ),
    )
    kept: list[Figure] = []
    for _, series in groupby(ordered, key=lambda one: (*_series(one), one.period.grain)):
        members = list(series)
        heard = [one.period.first for one in members if one.status != "no_data"]
        if heard:
            first, last = min(heard), max(heard)
            kept += [one for one in members if first <= one.period.first <= last]
    return kept


def _compared(figures: Sequence[Figure], span: tuple[date, date]) -> list[Figure]:
    """The figures, without comparisons over the month or the year in which their series began.

    Answers came for an unknown part of that, unless the release itself begins there.
    """
    began: dict[object, date] = {}
    for one in figures:
        if one.period.grain == "month" and one.status != "no_data":
            first = one.period.first
            began[_series(one)] = min(first, began.get(_series(one), first))
    return [
        msgspec.structs.replace(one, change=Change(None, None, "not_comparable"))
        if one.change is not None
        and one.change.value is not None
        and _before(one.period, began.get(_series(one), span[0]), span[0])
        else one
        for one in figures
    ]


def _before(period: Period, began: date, start: date) -> bool:
    """Whether the same period a year before is no whole one, for a series that began then."""
    if began.replace(day=1) == start.replace(day=1):
        return False
    if period.grain == "year":
        return began.year >= period.first.year - 1 and began.month > 1
    return (began.year, began.month) >= (period.first.year - 1, period.first.month)


def _series(figure: Figure) -> tuple[str, str, str, str]:
    return figure.entity, figure.channel, figure.scale or "", figure.family or ""


def breaks_within(breaks: Iterable[LiveBreak], span: tuple[date, date]) -> list[Break]:
    """The breaks of anonymous answers' series within a span, by day."""
    kept = [
        Break(one.entity, one.date, one.metric, one.channel, one.kind, one.what)
        for one in breaks
        if one.metric in METRICS and span[0] <= one.date <= span[1]
    ]
    return sorted(kept, key=lambda one: (one.date, one.entity, one.metric, one.channel))


def _texts(figures: Iterable[Figure], texts: Mapping[str, Text]) -> dict[str, Text]:
    codes: set[str] = set()
    for one in figures:
        codes |= {f"metric.{one.metric}", f"explain.{one.metric}", f"channel.{one.channel}"}
        codes |= {f"{name}.{value}" for name, value in one.dimension.items()}
        codes |= {f"flag.{flag}" for flag in one.flags}
        codes |= {f"status.{one.status}"} - {"status.ok"}
        codes |= {f"bias_note.{note}" for note in one.bias_notes}
    return {code: texts[code] for code in sorted(codes) if code in texts}
