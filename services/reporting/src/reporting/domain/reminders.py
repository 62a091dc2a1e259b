"""When somebody is reminded of a day by which something is due. Pure."""

from datetime import date, timedelta
from typing import Final

REMINDERS: Final = (14, 7, 1, -1)
"""Days before the day that something is due; -1: the day after it."""


def reminder(due: date, today: date) -> int | None:
    """The last of `REMINDERS` whose day has come; None before the first and after the last.

    A day on which nobody could be reminded is made up for, by one mail and not by all of them.
    """
    left = (due - today) / timedelta(days=1)
    come = [days for days in REMINDERS if left <= days]
    return come[-1] if come and left >= REMINDERS[-1] else None
