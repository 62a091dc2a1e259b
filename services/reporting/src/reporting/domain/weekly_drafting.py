"""Makes the content of an `internal-weekly` release: what a unit's manager reads on Monday.

It holds anonymous answers (class A) by ISO week, by the same rules as a public release, and the
city's own doing (class D): how many devices are in place. Persons' acts are not told by the week,
and objections and complaints not at all. It is for the house only.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from reporting.domain.desk import entities_on
from reporting.domain.drafting import ANONYMOUS, Tree, published
from reporting.domain.live import LiveFigure
from reporting.domain.releases import Content, Figure, Text
from reporting.domain.sensitive import below_sensitive

ANSWERS: Final = ("press_count", "happy_index", "satisfied_share", "nps")
"""The anonymous answers that it holds, in the order of the mail."""
DEVICES: Final = "device_count"
METRICS: Final = (*ANSWERS, DEVICES)
EARLIER: Final = timedelta(weeks=4)
"""The weeks before the one that it is about; their figures stand beside it."""
KINDS: Final = frozenset({"unit", "service"})
"""The kinds of entity that have a manager who gets this mail."""


def weeks(span: tuple[date, date]) -> tuple[date, date]:
    """The days whose weekly figures are needed for a release of a week, from Monday to Sunday."""
    return span[0] - EARLIER, span[1]


def draft_week(
    live: Iterable[LiveFigure],
    tree: Tree,
    texts: Mapping[str, Text],
    span: tuple[date, date],
    as_of: date,
) -> Content:
    """The content of an `internal-weekly` release.

    Args:
        live: figures of `METRICS` by week within `weeks(span)`, compared with the week before.
        tree: the organisation tree.
        texts: names and explanations by code, such as `metric.happy_index`.
        span: the Monday and the Sunday that it is about.
        as_of: the local day of the draft.
    """
    known = {id_: one for id_, one in entities_on(tree.entities, span[1]).items()
             if one.kind in KINDS}  # fmt: skip
    sensitive = below_sensitive(tree.entities)
    figures = [
        _shown(one, known[one.entity].kind, sensitive)
        for one in live
        if one.entity in known
        and one.metric in METRICS
        and one.channel in ANONYMOUS
        and not one.dimension
        and one.status != "no_data"
    ]
    codes = {f"{group}.{one.metric}" for one in figures for group in ("metric", "explain")}
    codes |= {f"channel.{one.channel}" for one in figures}
    codes |= {f"bias_note.{note}" for one in figures for note in one.bias_notes}
    return Content(
        kind="internal-weekly",
        period_start=span[0],
        period_end=span[1],
        as_of=as_of,
        entities=sorted(known.values(), key=lambda one: one.id),
        figures=sorted(figures, key=_place),
        breaks=[],
        texts={code: texts[code] for code in sorted(codes) if code in texts},
        licence="",
    )


def _shown(figure: LiveFigure, kind: str, sensitive: Collection[str]) -> Figure:
    """Answers by the rules of their class; devices are the city's own and told as they are."""
    if figure.metric != DEVICES:
        return published(figure, kind, sensitive)
    return Figure(
        metric=figure.metric,
        entity=figure.entity,
        channel=figure.channel or "",
        scale=None,
        family=None,
        period=figure.period,
        value=int(figure.rounded) if figure.status == "ok" and figure.rounded is not None else None,
        n=None,
        status=figure.status,
        flags=sorted(figure.flags),
        bias_notes=[],
        definition=figure.definition,
    )


def _place(figure: Figure) -> tuple[object, ...]:
    """A fixed order, so that the same figures always give the same bytes."""
    return (
        figure.entity,
        figure.channel,
        figure.scale or "",
        figure.family or "",
        METRICS.index(figure.metric),
        figure.period.first,
    )
