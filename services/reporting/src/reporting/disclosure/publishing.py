"""From live figures of persons' acts to what a release prints of them.

A period of a table is published once. From then on its figures stand as they were printed, its
hidden counts stay hidden, and a later tree does not cut it anew; what the house must remember for
that are the counts behind what was printed (`Kept`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from reporting.attacker.bounding import attack
from reporting.attacker.published import Cell, Release, Sum
from reporting.disclosure.hanging import Hanging
from reporting.disclosure.opening import SCALES, stay_open
from reporting.disclosure.public_tables import (
    HEALTH_AND_SOCIAL,
    LEAST_IN_A_CELL,
    LEAST_IN_HEALTH_AND_SOCIAL,
    MIN_N,
    TABLES,
    Table,
)
from reporting.disclosure.standing import late_years, stand
from reporting.disclosure.summing import Counted, Sheet
from reporting.disclosure.suppressing import Suppression, suppress
from reporting.domain.live import LiveEntity, LiveFigure
from reporting.domain.releases import Figure, Period, Reported


class Kept(msgspec.Struct, frozen=True):
    """What the house remembers of a count that was published or hidden: never leaves it."""

    table: str
    id: str
    count: int | None
    """None: a figure beside the counts, or one without."""
    figure: Figure


class TableReport(msgspec.Struct, frozen=True):
    """What was hidden of a table, for the approver.

    Attributes:
        table: its name.
        shown: counts that are printed.
        primary: counts hidden since few persons stand behind them.
        secondary: counts hidden to protect others.
        dropped: counts hidden since nothing protects them.
        loss: persons' acts in the counts hidden to protect others.
        attacked: hidden counts that were attacked.
        fallen: those that the attacker knows too closely; none may be published.
    """

    table: str
    shown: int
    primary: int
    secondary: int
    dropped: int
    loss: int
    attacked: int
    fallen: list[str]


class Protected(NamedTuple):
    """What a release prints of persons' acts; what to keep; what to tell the approver."""

    figures: list[Figure]
    kept: list[Kept]
    report: list[TableReport]


def protect(
    live: Iterable[LiveFigure],
    entities: Iterable[LiveEntity],
    span: tuple[date, date],
    kept: Iterable[Kept] = (),
) -> Protected:
    """What may be published of persons' acts within a span.

    Args:
        live: the figures that `TABLES` name, and what is derived from them, by month and by year;
            the years of the entities that are shown by month too, since months add up to them.
        entities: the organisation tree.
        span: the first and the last day of the release; a period that ends later is left out.
        kept: what earlier releases published or hid.

    Raises:
        Inconsistent: the figures do not add up; they changed while they were read.
    """
    hanging, found = Hanging(entities), list(live)
    before: dict[str, list[Kept]] = defaultdict(list)
    for one in kept:
        before[one.table].append(one)
    parts = [_table(one, found, hanging, span, before[one.name]) for one in TABLES]
    return Protected(
        [figure for part in parts for figure in part.figures],
        [one for part in parts for one in part.kept],
        [line for part in parts for line in part.report],
    )


def least(table: Table, entity: str, period: Period, hanging: Hanging) -> int:
    """How many persons must stand behind a count of the entity."""
    sensitive = not HEALTH_AND_SOCIAL.isdisjoint([entity, *hanging.above(entity, period)])
    return max(LEAST_IN_A_CELL[table.rule], LEAST_IN_HEALTH_AND_SOCIAL if sensitive else 0)


def _table(
    table: Table,
    live: Sequence[LiveFigure],
    hanging: Hanging,
    span: tuple[date, date],
    kept: Sequence[Kept],
) -> Protected:
    frozen = {one.figure.period for one in kept}
    within = [
        one
        for one in live
        if one.status != "no_data"
        and one.channel == (table.channel or one.channel)
        and one.period.grain in table.kinds
        and one.period not in frozen
        and _whole(one, span)
        and hanging.stays(one.entity, one.period)
    ]
    unripe = {one.period for one in within if one.metric == table.metric and one.pending}
    fresh = [
        one
        for one in within
        if one.period not in unripe and hanging.kind(one.entity) in table.kinds[one.period.grain]
    ]
    rows = [
        one
        for one in fresh
        if one.metric == table.metric and _names(one) in table.dimensions[one.period.grain]
    ]
    counts = [_counted(table, one) for one in rows]
    now = [
        counted
        for one in live
        if one.metric == table.metric and (counted := _counted(table, one)) is not None
    ]
    sheet = Sheet(
        hanging,
        table.kinds,
        lambda entity, period: least(table, entity, period, hanging),
        [one for one in counts if one is not None],
        [Counted(one.id, one.figure, one.count) for one in kept if one.count is not None],
        [one for one in now if one.figure.period.grain == "year" and not one.figure.dimension],
    )
    hidden_before = {one.id for one in kept if one.figure.status == "suppressed"}
    shown_before = {one.id for one in kept if one.count is not None} - hidden_before
    tables = sheet.tables(shown_before, hidden_before)
    result = suppress(tables)
    hidden = result.hidden - sheet.unprinted
    printed = [
        Kept(table.name, _id(table, one), counted.number if counted else None,
             _printed(table, one, _id(table, one) in hidden))
        for one, counted in zip(rows, counts, strict=True)
    ]  # fmt: skip
    derived: dict[str, dict[str, Figure]] = defaultdict(dict)
    for one in fresh:
        if one.metric in table.derived and not one.dimension:
            figure = _derived(table, one, sheet, hidden, tables.counts)
            if figure is not None:
                derived[one.metric][_id(table, one)] = figure
    for metric, figures_of in derived.items():
        told = figures_of
        if metric in SCALES:
            told = stay_open(metric, figures_of, sheet.parents, tables.counts)
        printed += [Kept(table.name, name, None, figure) for name, figure in told.items()]
    late = late_years(
        [(one.id, one.count, one.figure) for one in kept if one.count is not None],
        {one.id: one.number for one in now},
        span[1],
    )
    old = stand((one.figure for one in kept if span[0] <= one.figure.period.first), late)
    report = _report(table, sheet, result)
    figures = [one.figure for one in printed]
    return Protected(old + figures, printed, [report] if figures else [])


def _report(table: Table, sheet: Sheet, result: Suppression) -> TableReport:
    tables = sheet.tables((), ())
    unseen = result.hidden | {one for one in sheet.unprinted if tables.counts[one]}
    told = attack(
        Release(
            [
                Cell(
                    name,
                    tables.k[name],
                    None if name in unseen else count,
                    primary=name in tables.primary,
                )
                for name, count in tables.counts.items()
            ],
            [Sum(one.total, one.parts) for one in tables.equations],
        )
    )
    mine = {name: count for name, count in tables.counts.items() if name not in sheet.unprinted}
    return TableReport(
        table=table.name,
        shown=len(mine.keys() - result.hidden),
        primary=len(mine.keys() & result.primary),
        secondary=len(mine.keys() & result.secondary),
        dropped=len(mine.keys() & result.dropped),
        loss=sum(mine[name] for name in (mine.keys() & result.hidden) - result.primary),
        attacked=len(told),
        fallen=sorted(
            one.cell.id for one in told if one.falls and (one.cell.primary or one.cell.id in mine)
        ),
    )


def _printed(table: Table, live: LiveFigure, hidden: bool) -> Figure:  # noqa: FBT001 - of one count
    if hidden:
        return _figure(live, "suppressed")
    if live.status == "ok" and table.n and (live.n or 0) < MIN_N:
        return _figure(live, "below_min_n")
    return _figure(live, live.status)


def _derived(
    table: Table,
    live: LiveFigure,
    sheet: Sheet,
    hidden: frozenset[str],
    counts: Collection[str],
) -> Figure | None:
    """A share or a mean; None where its count is not told at all."""
    base = _id(table, live)
    if base not in counts:
        return _figure(live, live.status) if "reported" in live.flags else None
    if not hidden.isdisjoint({base, *sheet.breakdown(base)}):
        return _figure(live, "suppressed")
    if live.status == "ok" and (live.n or 0) < MIN_N:
        return _figure(live, "below_min_n")
    return _figure(live, live.status)


def _figure(live: LiveFigure, status: str) -> Figure:
    shown = status == "ok"
    rounded = live.rounded
    return Figure(
        metric=live.metric,
        entity=live.entity,
        channel=live.channel or "",
        scale=live.scale,
        family=live.family,
        period=live.period,
        value=(int(rounded) if rounded is not None and rounded == int(rounded) else rounded)
        if shown
        else None,
        n=live.n if shown else None,
        status=status,
        flags=sorted(live.flags),
        bias_notes=sorted(live.bias_notes),
        definition=live.definition,
        range=live.range if shown else None,
        dimension={name: str(value) for name, value in live.dimension.items()},
        reported=Reported(live.reported.as_of, live.reported.source_document)
        if live.reported and "reported" in live.flags
        else None,
    )


def _counted(table: Table, live: LiveFigure) -> Counted | None:
    count = live.n if table.n else live.rounded
    if live.status != "ok" or count is None:
        return None
    return Counted(_id(table, live), _figure(live, "ok"), int(count))


def _whole(live: LiveFigure, span: tuple[date, date]) -> bool:
    """Whether a period has ended, so that no later release tells a longer one of the same name."""
    period = live.period
    if "reported" in live.flags:  # as cut as where it was published before
        return period.last <= span[1]
    whole = (period.last + timedelta(days=1)).day == 1 and period.first.day == 1
    months = (period.first.month, period.last.month)
    return period.last <= span[1] and whole and (period.grain == "month" or months == (1, 12))


def _names(live: LiveFigure) -> tuple[str, ...]:
    return tuple(sorted(live.dimension))


def _id(table: Table, live: LiveFigure) -> str:
    series = [live.scale or "", live.family or ""] if table.channel == "survey" else []
    broken_down = [f"{name}={value}" for name, value in sorted(live.dimension.items())]
    period = f"{live.period.first}..{live.period.last}"
    return "|".join([table.name, live.entity, *series, *broken_down, period])
