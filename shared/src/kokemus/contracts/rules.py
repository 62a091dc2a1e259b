"""The rules across the fields of an event's data, which its types cannot say."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import singledispatch
from typing import Any, Final

from kokemus.contracts import events
from kokemus.errors import Reason, Refused

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
FIRST_DAY: Final = date(1500, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""Days of validities and periods: what lies beyond is a mistake, and arithmetic would overflow."""


@singledispatch
def check_data(data: Any, pointer: str) -> None:
    """Checks the data of one event, nested observations included.

    Raises:
        Refused: naming the field.
    """


@check_data.register
def _(data: events.Press, pointer: str) -> None:
    _check_value(data, 0, events.SCALE_SIZES[data.scale] - 1, pointer)


@check_data.register
def _(data: events.SurveyAnswer, pointer: str) -> None:
    _check_value(data, *events.SURVEY_SCALES[data.scale], pointer)


@check_data.register
def _(data: events.Misused, pointer: str) -> None:
    check_data(data.press.data, f"{pointer}/press/data")


@check_data.register
def _(data: events.Withdrawn, pointer: str) -> None:
    check_data(data.original.data, f"{pointer}/original/data")


@check_data.register
def _(data: events.Counted, pointer: str) -> None:
    size = events.SCALE_SIZES[data.scale]
    if len(data.counts) != size:
        raise Refused(
            Reason.INVALID, f"counts has {size} numbers on {data.scale}", f"{pointer}/counts"
        )
    _check_period(data, pointer)


@check_data.register(events.EntityDefinition)
@check_data.register(events.DevicePlacement)
def _(data: events.EntityDefinition | events.DevicePlacement, pointer: str) -> None:
    _check_validities(data.validities, f"{pointer}/validities")


@check_data.register(events.ReportedFigure)
@check_data.register(events.Change)
@check_data.register(events.Publication)
def _check_period(data: Any, pointer: str) -> None:
    if data.period_end < data.period_start:
        raise Refused(Reason.INVALID, "period_end is before period_start", f"{pointer}/period_end")


@check_data.register
def _check_known(data: events.Period, pointer: str) -> None:
    _check_period(data, pointer)
    try:
        known = EARLIEST <= data.known_at(UTC) < LATEST
    except ValueError:
        known = False
    if not known:
        raise Refused(Reason.INVALID_TIME, "must lie between 2000 and 2099", f"{pointer}/as_of")


@check_data.register
def _(data: events.SurveyResult, pointer: str) -> None:
    _check_known(data, pointer)
    if (data.min is None) != (data.max is None):
        missing = "min" if data.min is None else "max"
        raise Refused(Reason.INVALID, "a range has both ends", f"{pointer}/{missing}")
    lowest, highest = map(float, events.SURVEY_SCALES[data.scale])
    for name in ("min", "mean", "max"):
        value: float | None = getattr(data, name)
        if value is None:
            continue
        if not lowest <= value <= highest:
            raise Refused(
                Reason.INVALID,
                "must lie on the scale, and in order: min, mean, max",
                f"{pointer}/{name}",
            )
        lowest = value


@check_data.register
def _(data: events.Survey, pointer: str) -> None:
    if data.customers is not None and data.offered is not None and data.offered > data.customers:
        raise Refused(
            Reason.INVALID, "offered to more than there are customers", f"{pointer}/offered"
        )
    seen = set()
    for index, question in enumerate(data.questions):
        if question.question_id in seen:
            raise Refused(
                Reason.INVALID,
                "a survey has each question once",
                f"{pointer}/questions/{index}/question_id",
            )
        seen.add(question.question_id)


@check_data.register
def _(data: events.MethodReport, pointer: str) -> None:
    level = events.NO_METHODS.get(data.method)
    if level not in (None, data.level):
        raise Refused(Reason.INVALID, f"this code is of level {level}", f"{pointer}/level")
    if level is not None and data.volume:
        raise Refused(Reason.INVALID, "nothing in use has no volume", f"{pointer}/volume")


@check_data.register
def _(data: events.Game, pointer: str) -> None:
    for index, action in enumerate(data.actions):
        if action.method in events.NO_METHODS:
            raise Refused(
                Reason.INVALID, "an action names a way", f"{pointer}/actions/{index}/method"
            )


@check_data.register
def _(data: events.Practice, pointer: str) -> None:
    for index, when in enumerate(data.last_time):
        _check_when(when, f"{pointer}/last_time/{index}")
    if data.next_planned is not None:
        _check_when(data.next_planned, f"{pointer}/next_planned")


def _check_value(
    data: events.Press | events.SurveyAnswer, lowest: int, highest: int, pointer: str
) -> None:
    if not lowest <= data.value <= highest:
        raise Refused(
            Reason.INVALID,
            f"value is {lowest} to {highest} on {data.scale}",
            f"{pointer}/value",
        )


def _check_when(when: str, pointer: str) -> None:
    """Holds a year, a month or a day against the calendar."""
    year, month, day = [*map(int, when.removesuffix("-or-before").split("-")), 1, 1][:3]
    try:
        known = FIRST_DAY <= date(year, month, day) <= LAST_DAY
    except ValueError:
        known = False
    if not known:
        raise Refused(Reason.INVALID_TIME, "there is no such day", pointer)


def _check_validities(
    validities: Sequence[events.EntityValidity | events.DeviceValidity], pointer: str
) -> None:
    for index, validity in enumerate(validities):
        if validity.valid_to is not None and validity.valid_to < validity.valid_from:
            raise Refused(
                Reason.INVALID, "valid_to is before valid_from", f"{pointer}/{index}/valid_to"
            )
