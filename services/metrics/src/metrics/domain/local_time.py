"""Local days and hours of event times, fast enough for the counting path.

Figures are by the local day of the city. A time's local hour is looked up by its hour and offset,
so that a calendar is asked once an hour and not once an event.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from kokemus.contracts.wire import EARLIEST, LATEST

REFUSED: Final = -1
"""Stands for the local hour of a time that is none, or lies outside 2000 to 2099."""

_HOUR: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)")
_REST: Final = re.compile(r":[0-5]\d:[0-5]\d(?:\.\d{1,9})?")
_MINUTES_AND_SECONDS: Final = frozenset(f":{m:02}:{s:02}" for m in range(60) for s in range(60))
_MOST_HOURS: Final = 100_000


class LocalHours:
    """Turns RFC 3339 texts into local hours: days since 0001-01-01 (ordinal) times 24, plus hour."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known: dict[str, int] = {}
        offsets = (
            datetime(year, month, 1, tzinfo=zone).utcoffset()
            for year in range(2000, 2100)
            for month in (1, 7)
        )
        self._whole_hours = all(offset is None or offset.seconds % 3600 == 0 for offset in offsets)

    def of(self, times: Iterable[str]) -> list[int]:
        """The local hour of each time, or REFUSED."""
        known = self._known
        usual = _MINUTES_AND_SECONDS
        if len(known) > _MOST_HOURS:
            known.clear()
        found = []
        for time in times:
            offset = "Z" if time[-1:] == "Z" else time[-6:]
            hour = known.get(time[:13] + offset)
            rest = time[13 : -len(offset)]
            if hour is None or rest not in usual:
                hour = self._carefully(time, offset, rest)
            found.append(hour)
        return found

    def _carefully(self, time: str, offset: str, rest: str) -> int:
        if not _REST.fullmatch(rest):
            return REFUSED
        whole = self._whole_hours and (offset == "Z" or offset[-2:] == "00")
        key = time[:13] + offset
        if whole and key in self._known:
            return self._known[key]
        hour = self._converted(time[: 13 if whole else 16] + offset)
        if whole:
            self._known[key] = hour
        return hour

    def _converted(self, text: str) -> int:
        if not _HOUR.fullmatch(text):
            return REFUSED
        try:
            moment = datetime.fromisoformat(text)
            if not EARLIEST <= moment < LATEST:
                return REFUSED
            local = moment.astimezone(self._zone)
        except (ValueError, OverflowError):
            return REFUSED
        return local.toordinal() * 24 + local.hour


def day_of(local_hour: int) -> date:
    """The local day of a local hour."""
    return date.fromordinal(local_hour // 24)
