"""Builds live and published figures with only what a test cares about."""

from datetime import date
from typing import Any

import msgspec

from reporting.domain.drafting import Tree, draft
from reporting.domain.live import LiveBreak, LiveEntity, LiveFigure, LiveValidity
from reporting.domain.releases import Content, Figure, Period, Text

SPAN = (date(2026, 1, 1), date(2026, 12, 31))


def text(fi: str = "Nimi", sv: str | None = "Namn", en: str | None = "Name") -> Text:
    return Text(fi, sv, en)


def live(metric: str = "happy_index", rounded: float | None = 87, **more: Any) -> LiveFigure:
    given: dict[str, Any] = {
        "metric": metric,
        "entity": "kallio",
        "channel": "kiosk",
        "scale": "smiley4",
        "family": "overall",
        "period": whole_month(1),
        "rounded": rounded,
        "n": 100,
        "status": "ok",
    }
    return LiveFigure(**(given | more))


def counted(metric: str, value: float | None, **more: Any) -> Figure:
    """A published figure that is no anonymous answer; hidden where it has no value."""
    given: dict[str, Any] = {
        "metric": metric,
        "entity": "kallio",
        "channel": "web_feedback",
        "scale": None,
        "family": None,
        "period": whole_month(1),
        "value": value,
        "n": None,
        "status": "ok" if value is not None else "suppressed",
        "flags": [],
        "bias_notes": [],
        "definition": f"{metric}/1",
    }
    return Figure(**(given | more))


def whole_month(number: int, year: int = 2026) -> Period:
    first = date(year, number, 1)
    following = date(year + number // 12, number % 12 + 1, 1)
    return Period(first, date.fromordinal(following.toordinal() - 1), "month")


def whole_year(year: int) -> Period:
    return Period(date(year, 1, 1), date(year, 12, 31), "year")


def entity(
    id_: str = "kallio", kind: str = "unit", parent: str | None = None, **more: Any
) -> LiveEntity:
    given: dict[str, Any] = {
        "parent": parent,
        "names": text(id_.title()),
        "valid_from": date(2000, 1, 1),
    } | more
    return LiveEntity(id_, kind, [LiveValidity(**given)])


def content(
    *figures: LiveFigure,
    entities: tuple[LiveEntity, ...] = (),
    breaks: tuple[LiveBreak, ...] = (),
    span: tuple[date, date] = SPAN,
) -> Content:
    """A draft of these figures, with a text for every code that it names."""
    known = entities or tuple(entity(id_) for id_ in sorted({one.entity for one in figures}))
    codes = [
        f"{group}.{code}"
        for group, code in [(g, one.metric) for one in figures for g in ("metric", "explain")]
        + [("channel", one.channel) for one in figures]
        + [("bias_note", note) for one in figures for note in one.bias_notes]
        + [("status", one.status) for one in figures]
    ]
    texts = {code: text(code) for code in codes}
    return draft(figures, Tree(known, breaks), texts, span, date(2026, 11, 23))


def without(value: Content, **changes: Any) -> Content:
    """The content with other fields."""
    return msgspec.structs.replace(value, **changes)
