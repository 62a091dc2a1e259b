"""What whoever manages a unit goes through each week: four weeks, devices, and what was done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from reporting.domain.alerts import Policy
from reporting.domain.editions import Edition
from reporting.domain.finding import by_name
from reporting.domain.grids import Cell, Column, Grid, by_period, cell, metric_name
from reporting.domain.languages import Language
from reporting.domain.live import LiveDevice
from reporting.domain.notes import ACTED, KeptNote
from reporting.domain.releases import Entity
from reporting.domain.weekly_drafting import ANSWERS, EARLIER
from reporting.domain.wording import series_title

OVERDUE: Final = "unanswered_overdue"
LONGEST: Final = 20
"""Notes of a page; older ones stand on the page of notes."""


@dataclass(frozen=True)
class DeviceRow:
    """A device in place."""

    name: str
    source: str
    heard: str
    silent: bool


@dataclass(frozen=True)
class Act:
    """Something done, or a meeting that went through the figures."""

    handled: bool
    day: str
    entity: str
    text: str


def four_weeks(today: date) -> tuple[date, date]:
    """The last four whole weeks, from a Monday to a Sunday."""
    monday = today - timedelta(days=today.weekday())
    return monday - EARLIER, monday - timedelta(days=1)


def weeks_told(edition: Edition, entity: str, language: Language) -> list[Grid]:
    """A table for each series, a row a week: how many answered, and how it was."""
    found = defaultdict(list)
    for one in edition.figures(entity, *ANSWERS):
        if one.channel and not one.dimension:
            found[one.channel, one.scale, one.family].append(one)
    made = []
    for key, figures in sorted(found.items(), key=lambda item: [one or "" for one in item[0]]):
        columns = [
            Column(
                language.say("Vastauksia (n)")
                if one == "press_count"
                else metric_name(one, edition, language),
                one,
                {},
            )
            for one in ANSWERS
        ]
        grid = by_period(series_title(*key, language), figures, columns, language)
        made += [grid] if grid else []
    return made


def overdue(edition: Edition, entity: str, language: Language) -> Cell:
    """How many messages wait for an answer beyond their day."""
    found = (one for one in edition.figures(entity, OVERDUE) if not one.dimension)
    return cell(next(found, None), language)


def silent_after(policy: Policy) -> int:
    """After how many days without an answer a device is silent: the shortest rule of alerts."""
    return min((int(one.limit) for one in policy.rules if one.signal == "silence"), default=0)


def devices_told(
    devices: Iterable[LiveDevice], today: date, days: int, language: Language
) -> list[DeviceRow]:
    """The devices, silent ones first.

    Args:
        devices: those in place.
        today: the local day.
        days: without an answer, after which one is silent; 0: none ever is.
        language: to tell it in.
    """
    rows = [
        DeviceRow(
            one.device_id,
            one.source,
            language.day(one.heard) if one.heard else language.say("ei koskaan"),
            bool(days) and (today - (one.heard or one.since)).days >= days,
        )
        for one in devices
    ]
    return sorted(rows, key=lambda one: (not one.silent, one.source, one.name))


def acts(notes: Iterable[KeptNote], tree: dict[str, Entity], language: Language) -> list[Act]:
    """What was done and handled, the newest first, with whom it is about."""
    told = [one.note for one in notes if one.note.kind in ACTED]
    return [
        Act(
            one.kind == "handled",
            language.day(one.day),
            language.of(tree[one.entity].names) if one.entity in tree else one.entity,
            language.of(one.text),
        )
        for one in sorted(told, key=lambda one: one.day, reverse=True)[:LONGEST]
    ]


def others(
    own: Sequence[str], wanted: str, tree: dict[str, Entity], language: Language
) -> list[Entity]:
    """The other entities of somebody who answers for several, by name."""
    return by_name([tree[one] for one in own if one in tree and one != wanted], language)
