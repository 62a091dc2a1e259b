"""How content people are at the demo's units, by day and hour. Pure, and in log-odds.

A day is the same whatever year it is played in, so everything here follows the calendar: slow waves
of each service and unit, the crowd of the season, the weekday and the hour, and two units whose
people change their mind in spring.
"""

import math
import random
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from kokemus_platform.demo.city import Device

CROWD: Final = 0.5
"""How much a season with twice the usual presses takes away: people wait."""
WAITING: Final = (0.30, 0.42)
"""How much the busiest hour of the morning and of the afternoon takes away."""
WEEKDAYS: Final = (-0.1, -0.03, 0.0, 0.02, 0.06, 0.08, 0.08)
LUCK: Final = 0.12
"""The deviation of one unit's one day."""

TURNING: Final[Mapping[str, int]] = {"lepolahden-terveysasema": 1, "koivurinteen-kirjasto": -1}
"""Units that change every April: to the better in even years and back in odd ones, or against."""
TURN: Final = 0.45
TURN_MONTH: Final = 4
TURN_DAYS: Final = 45


class Wave(NamedTuple):
    """A slow coming and going."""

    size: float
    days: float
    phase: float

    def at(self, day: date) -> float:
        """Its height on a day."""
        return self.size * math.sin(2 * math.pi * (day.toordinal() / self.days + self.phase))


def on(seed: int, device: Device, day: date) -> float:
    """The log-odds of contentment at a device on a day, before the hour counts."""
    service = device.service
    luck = random.Random(f"{seed}/luck/{device.unit}/{day}")  # noqa: S311 - a demo must repeat itself
    return (
        math.log(service.quality / (1 - service.quality))
        + device.mood
        + _wave(f"{seed}/{service.id}", 0.14).at(day)
        + _wave(f"{seed}/{device.unit}", 0.22).at(day)
        + _turn(device.unit, day)
        + CROWD * (1 - service.months[day.month - 1])
        + WEEKDAYS[day.weekday()]
        + luck.gauss(0, LUCK)
    )


@cache
def waiting(hour: int) -> float:
    """What waiting takes away in an hour: queues grow late in the morning, and after work."""
    morning, afternoon = (
        size * math.exp(-(((hour - peak) / 1.5) ** 2))
        for size, peak in zip(WAITING, (10.5, 15.5), strict=True)
    )
    return morning + afternoon


def share(log_odds: float) -> float:
    """From log-odds to a share, in steps of half a per cent: so few are worth remembering."""
    return round(200 / (1 + math.exp(-log_odds))) / 200


@cache
def _wave(name: str, size: float) -> Wave:
    luck = random.Random(name)  # noqa: S311 - a demo must repeat itself
    return Wave(size * luck.uniform(0.6, 1.4), luck.uniform(300, 700), luck.random())


def _turn(unit: str, day: date) -> float:
    if unit not in TURNING:
        return 0.0
    since = (day - date(day.year, TURN_MONTH, 1)).days
    done = min(max(since / TURN_DAYS, 0.0), 1.0)
    after = 1 if day.year % 2 == 0 else -1
    return TURNING[unit] * TURN * after * (2 * done - 1)
