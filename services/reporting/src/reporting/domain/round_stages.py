"""The steps that a meter goes through in a year's round, and by when."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from kokemus.working_days import working_day
from reporting.domain.meters import MeterCode, Stage, StageCode

StageState = Literal["done", "late", "soon", "open"]
SOON_DAYS = 14
"""So long before its day a step is shown as one to take now: a draft is read by several people."""


class Deadline(NamedTuple):
    """A step with its day; None: whenever the body that decides meets."""

    stage: StageCode
    due: date | None
    usual: date | None
    """The day on which it falls unless somebody moves it."""


class StageRow(NamedTuple):
    """A step, and how far each meter is with it."""

    deadline: Deadline
    states: Mapping[MeterCode, StageState]


def deadlines(
    year: int, stages: Sequence[Stage], moved: Mapping[StageCode, date]
) -> list[Deadline]:
    """The days of a year's steps: as somebody moved them, else the usual ones.

    A usual day that is no working day moves to the next one. What somebody chose stays.
    """
    found = []
    for one in stages:
        usual = working_day(date(year, one.month, one.day), 1) if one.month and one.day else None
        found.append(Deadline(one.code, moved.get(one.code, usual), usual))
    return found


def progress(
    steps: Sequence[Deadline],
    taken: Collection[tuple[MeterCode, StageCode]],
    meters: Sequence[MeterCode],
    today: date,
) -> list[StageRow]:
    """How far the meters are."""
    return [
        StageRow(one, {code: _state(one, (code, one.stage) in taken, today) for code in meters})
        for one in steps
    ]


def _state(deadline: Deadline, done: bool, today: date) -> StageState:  # noqa: FBT001 - one caller
    if done:
        return "done"
    if deadline.due is None:
        return "open"
    left = (deadline.due - today).days
    if left < 0:
        return "late"
    return "soon" if left <= SOON_DAYS else "open"
