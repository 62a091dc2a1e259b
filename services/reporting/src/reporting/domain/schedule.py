"""When drafts are made without anybody asking, and what they cover."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from kokemus.working_days import working_day
from reporting.domain.releases import Kind, Release

WORKING_DAY_OF_MONTH: Final = 8
"""The month before is drafted on this working day: late answers of a device have come by then,
and people who approve are at work."""
WORKING_DAY_OF_WEEK: Final = 1
"""The week before is drafted on this working day."""

_DAY: Final = timedelta(days=1)


class Due(NamedTuple):
    """A draft that ought to exist by now."""

    kind: Kind
    first: date
    last: date


def due(today: date, releases: Iterable[Release]) -> Iterator[Due]:
    """The drafts that are missing today, in working days and by Finnish holidays.

    A period is drafted once, whatever became of its draft: who wants another one makes it by hand.
    A draft that may not be approved, since figures or texts are missing, is tried again each day.

    Args:
        today: the local day.
        releases: all that were ever drafted.
    """
    known = {
        (one.kind, one.period_end)
        for one in releases
        if one.state != "draft" or one.steps[0].at.date() >= today
    }
    month = today.replace(day=1)
    end = month - _DAY
    if today >= working_day(month, WORKING_DAY_OF_MONTH) and ("public-monthly", end) not in known:
        yield Due("public-monthly", date(end.year - 1, 1, 1), end)
    monday = today - timedelta(days=today.weekday())
    end = monday - _DAY
    if today >= working_day(monday, WORKING_DAY_OF_WEEK) and ("internal-weekly", end) not in known:
        yield Due("internal-weekly", monday - timedelta(days=7), end)
