"""How often a source is asked, and how long a poller waits when it is told to."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 300.0
LONGEST_RETRY_AFTER: Final = 86_400.0
"""A peer that says longer is taken at a day, so that a mistyped header cannot end the polling."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The clocks, the sleeper and the dice, so that tests need neither time nor luck.

    Attributes:
        now: wall-clock time with an offset.
        monotonic: seconds that never run backwards.
        sleep: waits so many seconds.
        dice: where jitter comes from.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    dice: random.Random

    async def rest(self, interval: timedelta) -> None:
        """Waits for the next poll, give or take a tenth, so that pollers do not keep step."""
        await self.sleep(interval / timedelta(seconds=1) * self.dice.uniform(0.9, 1.1))


class Pace:
    """Lets one request through at a time, at most so many a second."""

    def __init__(self, rate: float, timing: Timing) -> None:
        self._gap = 1 / rate
        self._timing = timing
        self._next = timing.monotonic()

    async def turn(self) -> None:
        """Returns when the next request may go."""
        wait = self._next - self._timing.monotonic()
        if wait > 0:
            await self._timing.sleep(wait)
        self._next = self._timing.monotonic() + self._gap


def back_off(attempt: int, dice: random.Random) -> float:
    """Seconds to wait after the attempt of this number, from 1: doubling, half of it by chance."""
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))
    return wait * dice.uniform(0.5, 1)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, in either of its forms; None: it says nothing."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), LONGEST_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(header) - now
    except (ValueError, TypeError):
        return None
    return min(max(wait / timedelta(seconds=1), 0.0), LONGEST_RETRY_AFTER)
