"""Working days in Finland."""

from datetime import date, timedelta
from functools import cache
from typing import Final

import holidays

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def is_working_day(day: date) -> bool:
    """Whether a day is a Monday to Friday and no Finnish holiday.

    Christmas Eve and Midsummer Eve count as holidays.
    """
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def working_day(first: date, number: int) -> date:
    """The working day of this number (1: the next one) from a day on, itself included."""
    day, left = first, number
    while (left := left - is_working_day(day)) > 0:
        day += _DAY
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FI", years=year))
