"""Which live figures need somebody's eye, by rules that are data. Pure.

Judged are anonymous answers, devices and the city's own answering; objections and complaints never
are. An alert opens once, stays open until the figures say otherwise, and opens again only after
that, on another day at the earliest: figures that hover about a limit do not ring twice a day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from reporting.domain.live import LiveFigure
from reporting.domain.releases import Number

Signal = Literal["negatives", "low_index", "silence", "overdue"]

METRICS: Final[Mapping[Signal, tuple[str, ...]]] = {
    "negatives": ("satisfied_share",),
    "low_index": ("happy_index",),
    "silence": ("press_count", "device_count"),
    "overdue": ("unanswered_overdue",),
}
"""The live figures that each signal is judged by."""
BEFORE: Final = timedelta(days=28)
"""A silent device rings only where answers came in the four weeks before its silence."""
CHANNELS: Final = frozenset({"kiosk", "link", "web_smiley"})
"""Answers that are judged; those given at somebody's home are known at service level only."""
SMALL: Final = 3
"""Counts of messages below this are told as `< 3` on the desk, and never by mail."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an entity needs an eye.

    Attributes:
        code: its name, kept with each alert that it opened.
        signal: what is looked at: the share of negative answers of a four-smiley scale in per
            cent, the smiley index, answers that no longer come from a place with devices, or
            messages unanswered past their day.
        limit: rings at this share or more, below this index, after so many days of silence, or at
            so many messages.
        days: local days looked at, today included.
        min_n: fewer answers say nothing, neither that all is well; of silence, the fewest answers
            in the four weeks before.
        kinds: the kinds of entity that are judged.
    """

    code: str
    signal: Signal
    limit: Number
    days: int
    min_n: int
    kinds: list[str]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules, and the hours of the local day in which no mail goes out."""

    quiet_from: time
    quiet_to: time
    rules: list[Rule]

    def is_quiet(self, local: datetime) -> bool:
        """Whether mail about alerts waits; the hours may reach over midnight."""
        now, start, end = local.time(), self.quiet_from, self.quiet_to
        return start <= now < end if start <= end else now >= start or now < end


class Series(NamedTuple):
    """What an alert is about: a rule's series of an entity."""

    rule: str
    entity: str
    channel: str = ""
    scale: str = ""


class Finding(NamedTuple):
    """What a rule says of a series; one that cannot be judged has none."""

    series: Series
    breached: bool
    value: Number
    n: int | None


class Alert(msgspec.Struct, frozen=True):
    """An alert as it is kept: what rang, since when, and what became of it."""

    id: int
    rule: str
    signal: Signal
    limit: Number
    entity: str
    channel: str
    scale: str
    day: date
    value: Number
    n: int | None
    opened_at: datetime
    cleared_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    comment: str | None = None


def read_policy(raw: bytes) -> Policy:
    """The policy of a JSON file.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return msgspec.json.decode(raw, type=Policy)


def spans(rule: Rule, today: date) -> Sequence[tuple[date, date]]:
    """The spans whose totals a rule needs: the days looked at, of silence those before them too."""
    first = today - timedelta(days=rule.days - 1)
    looked = (first, today)
    return (looked, (first - BEFORE, first - timedelta(days=1))) if rule.signal == "silence" else (
        looked,
    )  # fmt: skip


def judge(rule: Rule, totals: Sequence[Sequence[LiveFigure]]) -> list[Finding]:
    """What a rule says of every series that can be judged.

    Args:
        rule: the rule.
        totals: the figures of `METRICS` over each of `spans`, in their order.
    """
    match rule.signal:
        case "negatives":
            return [
                _finding(rule, one, 100 - value, breached=100 - value >= rule.limit)
                for one, value in _answers(rule, totals[0])
                if one.scale == "smiley4"
            ]
        case "low_index":
            return [
                _finding(rule, one, value, breached=value < rule.limit)
                for one, value in _answers(rule, totals[0])
            ]
        case "silence":
            return _silences(rule, totals[0], totals[1])
        case "overdue":
            return [
                _finding(rule, one, one.rounded, breached=one.rounded >= rule.limit)
                for one in totals[0]
                if one.status == "ok" and not one.dimension and one.rounded is not None
            ]


def _answers(rule: Rule, figures: Iterable[LiveFigure]) -> Iterable[tuple[LiveFigure, Number]]:
    """The figures of the overall question that enough people answered."""
    for one in figures:
        judged = one.status == "ok" and one.family == "overall" and one.channel in CHANNELS
        if judged and one.rounded is not None and (one.n or 0) >= rule.min_n:
            yield one, one.rounded


def _silences(rule: Rule, now: Iterable[LiveFigure], before: Iterable[LiveFigure]) -> list[Finding]:
    """Whether places with devices from which answers came before still send some."""
    figures = list(now)
    placed = {one.entity for one in figures if one.metric == "device_count" and one.rounded}
    heard = _presses(figures)
    return [
        Finding(Series(rule.code, entity, "kiosk"), not heard.get(entity), rule.days, count)
        for entity, count in sorted(_presses(before).items())
        if entity in placed and count >= rule.min_n
    ]


def _presses(figures: Iterable[LiveFigure]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in figures:
        if one.metric == "press_count" and one.channel == "kiosk" and one.rounded:
            found[one.entity] = found.get(one.entity, 0) + int(one.rounded)
    return found


def _finding(rule: Rule, figure: LiveFigure, value: Number, *, breached: bool) -> Finding:
    series = Series(rule.code, figure.entity, figure.channel or "", figure.scale or "")
    return Finding(series, breached, value, figure.n)
