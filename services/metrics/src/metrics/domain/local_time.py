"""Local days and hours of event times, fast enough for the counting path.

Figures are by the local day of the city. Times in the canonical form are read by columns, a whole
batch at once, and a calendar is asked once for each quarter of an hour that occurs: no zone's
offset changes within one.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from kokemus.contracts.events import Instant
from kokemus.contracts.rules import EARLIEST, LATEST

REFUSED: Final = -1
"""Stands for the local hour of a time that is none, or lies outside 2000 to 2099."""

_QUARTER: Final = 15 * 60
_FIRST_QUARTER: Final = int(EARLIEST.timestamp()) // _QUARTER
_AFTER_QUARTERS: Final = int(LATEST.timestamp()) // _QUARTER
_SHORTEST: Final = len("2026-01-01T00:00:00Z")
_LONGEST: Final = len("2026-01-01T00:00:00.123456789+00:00")
_MARKS: Final = ((4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"))
_DIGITS: Final = [at for at in range(19) if at not in {mark for mark, _ in _MARKS}]
_MOST_KNOWN: Final = 100_000

_MONTH_LENGTHS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class LocalHours:
    """Turns RFC 3339 texts into local hours: the day's ordinal times 24, plus the hour."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known: dict[int, int] = {}

    def of(self, times: Sequence[str]) -> Numbers:
        """The local hour of each time, or REFUSED."""
        quarters = np.full(len(times), REFUSED, dtype=np.int64)
        lengths = np.fromiter(map(len, times), dtype=np.int64, count=len(times))
        for length in np.unique(lengths).tolist():
            if _SHORTEST <= length <= _LONGEST:
                (which,) = np.nonzero(lengths == length)
                same = times if len(which) == len(times) else [times[at] for at in which.tolist()]
                text = "".join(same).encode()
                if len(text) == length * len(which):
                    quarters[which] = _quarters(np.frombuffer(text, np.uint8).reshape(-1, length))
        for at in np.flatnonzero(quarters == REFUSED).tolist():
            quarters[at] = _quarter_of_unusual(times[at])
        distinct, inverse = np.unique(quarters, return_inverse=True)
        found: Numbers = np.array([self._hour(q) for q in distinct.tolist()], dtype=np.int64)
        return found[inverse]

    def of_moment(self, moment: datetime) -> int:
        """The local hour of a moment between 2000 and 2099."""
        local = moment.astimezone(self._zone)
        return local.toordinal() * 24 + local.hour

    def _hour(self, quarter: int) -> int:
        if not _FIRST_QUARTER <= quarter < _AFTER_QUARTERS:
            return REFUSED
        hour = self._known.get(quarter)
        if hour is None:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            moment = datetime.fromtimestamp(quarter * _QUARTER, tz=UTC)
            hour = self._known[quarter] = self.of_moment(moment)
        return hour


def day_of(local_hour: int) -> date:
    """The local day of a local hour."""
    return date.fromordinal(local_hour // 24)


def _quarters(text: Bytes) -> Numbers:
    """Quarters since 1970 of times that have the same length, one a row; REFUSED where unusual."""
    digits = text - np.uint8(ord("0"))
    good = (digits[:, _DIGITS] < 10).all(axis=1)
    for at, mark in _MARKS:
        good &= text[:, at] == ord(mark)
    zulu = text[:, -1] == ord("Z")
    offset_form = (digits[:, [-5, -4, -2, -1]] < 10).all(axis=1) & (text[:, -3] == ord(":"))
    sign = np.where(text[:, -6] == ord("+"), 1, np.where(text[:, -6] == ord("-"), -1, 0))
    good &= zulu | (offset_form & (sign != 0))
    for rows, until in ((zulu, -1), (~zulu, -6)):
        fraction = digits[:, 19:until]
        if fraction.shape[1] and rows.any():
            dotted = text[:, 19] == ord(".")
            good &= ~rows | (dotted & (fraction[:, 1:] < 10).all(axis=1) & (fraction.shape[1] > 1))

    end = text.shape[1]

    def number(first: int, last: int) -> Numbers:
        value = digits[:, first].astype(np.int64)
        for at in range(first + 1, last):
            value = value * 10 + digits[:, at]
        return value

    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    hour, minute, second = number(11, 13), number(14, 16), number(17, 19)
    ahead = np.where(zulu, 0, sign * (number(end - 5, end - 3) * 60 + number(end - 2, end)))
    good &= (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = _MONTH_LENGTHS[np.where(good, month, 0)] + (leap & (month == 2))
    good &= (day >= 1) & (day <= length) & (np.abs(ahead) < 24 * 60)
    minutes = _days_since_1970(year, month, day) * 1440 + hour * 60 + minute - ahead
    return np.where(good, minutes // 15, REFUSED)


def _days_since_1970(year: Numbers, month: Numbers, day: Numbers) -> Numbers:
    """Days of the proleptic Gregorian calendar, counted in years that begin in March.

    Source: Howard Hinnant, chrono-compatible low-level date algorithms, days_from_civil.
    """
    year = year - (month <= 2)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days: Numbers = year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719_468
    return days


def _quarter_of_unusual(text: str) -> int:
    """The quarter of a time in any other form that the contracts allow, or REFUSED."""
    try:
        moment = msgspec.convert(text, Instant)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=_QUARTER)
    except (msgspec.ValidationError, OverflowError):
        return REFUSED
