"""Which days a poll asks for, and how far a poller has come once they are read. Pure.

The vendor takes local dates without a zone, so every window is widened to the earliest and the
latest date that any of the points' zones has.
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

LONGEST: Final = timedelta(days=31)
"""The vendor allows a year; a month bounds what is read twice when a long catch-up is cut off."""


class Window(NamedTuple):
    """Local days from `start` to before `end`, as the vendor's startDate and endDate."""

    start: date
    end: date


def windows(since: datetime, now: datetime, zones: Collection[ZoneInfo]) -> list[Window]:
    """The windows that a poll reads, oldest first, without a gap and without overlapping.

    Together they hold every local day from `since` to `now`, both included, in every zone.

    Args:
        since: where to start; with a start `overlap` before the place of the last poll, a row that
            reaches the vendor up to `overlap` after its press is read by the next poll.
        now: when the poll begins.
        zones: every zone that a point may lie in, at least one.
    """
    start = min(since.astimezone(zone).date() for zone in zones)
    end = max(now.astimezone(zone).date() for zone in zones) + timedelta(days=1)
    found = []
    while start < end:
        until = min(start + LONGEST, end)
        found.append(Window(start, until))
        start = until
    return found


def reached(window: Window, now: datetime, zones: Collection[ZoneInfo]) -> datetime:
    """The place of a poller that has read `window`, and all before it, in a poll begun at `now`.

    It never passes `now`: what is pressed while a poll runs belongs to the next one.
    """
    ends = (datetime.combine(window.end, time(), tzinfo=zone) for zone in zones)
    return min(now, *ends)
