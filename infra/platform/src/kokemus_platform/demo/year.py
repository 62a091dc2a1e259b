"""What is pressed on the demo's kiosks. Pure: a day is the same whatever year it is played in.

So the demo may be played again on a later date: only the days between are new.
"""

import math
import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from itertools import accumulate
from typing import Final, Literal
from zoneinfo import ZoneInfo

from kokemus.contracts import events
from kokemus_platform.demo import contentment
from kokemus_platform.demo.city import SOURCE, Device, devices

ZONE: Final = ZoneInfo("Europe/Helsinki")
DAYS: Final = 365
MISUSE: Final = 0.02
LATE: Final = 0.03
LONGEST_DELAY: Final = 14
"""Days that a device without a connection keeps its presses at most."""
ANSWERED: Final = 0.08
"""The share of answers whose follow-up is answered too."""
SILENT: Final = "K007"
SILENT_DAYS: Final = 21
"""For so long, up to today, one device has said nothing."""
EARLIER: Final = 0.15
"""The share of a day's presses that is played of the year before: enough to compare with."""
TICK: Final = timedelta(seconds=20)
"""A trickle's press comes so often: about the city's mean over day and night."""

WEEKDAYS: Final = (1.12, 1.04, 1.0, 0.98, 0.86, 1.0, 1.0)
"""How busy a weekday is."""
REASONS: Final = ("henkilokunta", "odotusaika", "tilat", "asian_hoituminen", "tiedonsaanti", "muu")
REASON_WEIGHTS: Final = {
    "negative": tuple(accumulate((0.12, 0.38, 0.12, 0.2, 0.13, 0.05))),
    "positive": tuple(accumulate((0.42, 0.1, 0.12, 0.22, 0.1, 0.04))),
}


def first_day(today: date) -> date:
    """The first of the last 365 full days."""
    return today - timedelta(days=DAYS)


def arrivals(seed: int, today: date) -> Iterator[list[events.Event]]:
    """The year before `today`, a list for each day, in the order in which the devices send.

    Late ones come up to 14 days after their press, yet all before `today`.
    """
    on_the_way: defaultdict[date, list[events.Event]] = defaultdict(list)
    for number in range(DAYS):
        day = first_day(today) + timedelta(days=number)
        luck = random.Random(f"{seed}/delays/{day}")  # noqa: S311 - a demo must repeat itself
        arriving = on_the_way.pop(day, [])
        for event in of_day(seed, day, today):
            if luck.random() < LATE:
                then = day + timedelta(days=luck.randint(1, LONGEST_DELAY))
                on_the_way[min(then, today - timedelta(days=1))].append(event)
            else:
                arriving.append(event)
        arriving += on_the_way.pop(day, [])
        yield arriving


def year_before(seed: int, today: date) -> Iterator[list[events.Event]]:
    """A part of the 365 days before those of `arrivals`, a list for each day.

    The presses are the first ones of the whole day, so one that was played whole gains nothing.
    """
    for number in range(DAYS):
        day = first_day(today) - timedelta(days=DAYS - number)
        yield list(of_day(seed, day, today, EARLIER))


def of_day(seed: int, day: date, today: date, share: float = 1) -> Iterator[events.Event]:
    """The presses of a local day, or the first `share` of them, and the follow-ups after theirs."""
    silent = day >= today - timedelta(days=SILENT_DAYS)
    for device in devices():
        if not (silent and device.id == SILENT):
            yield from _of_device(seed, device, day, share)


def at_tick(seed: int, now: datetime) -> events.KioskPressed:
    """The one press of the trickle in the tick that holds `now`."""
    tick = int(now.timestamp() // TICK.total_seconds())
    luck = random.Random(f"{seed}/tick/{tick}")  # noqa: S311 - a demo must repeat itself
    device = luck.choice([device for device in devices() if device.id != SILENT])
    pressed = datetime.fromtimestamp(tick * TICK.total_seconds(), UTC).astimezone(ZONE)
    content = contentment.on(seed, device, pressed.date())
    return _press(f"{seed}/tick/{tick}", device, pressed, content, luck)


def _of_device(seed: int, device: Device, day: date, share: float) -> Iterator[events.Event]:
    luck = random.Random(f"{seed}/{device.id}/{day}")  # noqa: S311 - a demo must repeat itself
    opens, closes = (0, 0) if day in _holidays() else device.service.hours[day.weekday()]
    if opens == closes:
        return
    service = device.service
    busy = service.months[day.month - 1] * WEEKDAYS[day.weekday()]
    expected = service.presses * busy * luck.lognormvariate(-0.03, 0.25)
    content = contentment.on(seed, device, day)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
    offset = timezone(noon.utcoffset() or timedelta())
    hours = _hours(opens, closes)
    presses = math.floor(expected + luck.random())
    for number in range(math.ceil(share * presses)):
        hour = opens + bisect(hours, luck.random() * hours[-1])
        pressed = datetime(
            day.year,
            day.month,
            day.day,
            hour,
            luck.randrange(60),
            luck.randrange(60),
            tzinfo=offset,
        )
        press = _press(f"{seed}/{day:%Y%m%d}/{device.id}/{number}", device, pressed, content, luck)
        yield press
        if luck.random() < ANSWERED and not press.data.misuse:
            yield from _reason(press, luck)


def _press(
    press_id: str, device: Device, pressed: datetime, content: float, luck: random.Random
) -> events.KioskPressed:
    misuse = luck.random() < MISUSE
    scale = device.service.scale
    quality = contentment.share(content - contentment.waiting(pressed.hour))
    weights = _values(scale, None if misuse else quality)
    return events.KioskPressed(
        specversion="1.0",
        id=press_id,
        source=SOURCE,
        subject=device.subject,
        time=pressed,
        data=events.Press(
            device_id=device.id,
            scale=scale,
            value=bisect(weights, luck.random() * weights[-1]),
            question_id="demo.recommend" if scale == "nps" else "demo.overall",
            channel="kiosk",
            misuse=misuse,
        ),
    )


def _reason(press: events.KioskPressed, luck: random.Random) -> Iterator[events.KioskReasonGiven]:
    highest = events.SCALE_SIZES[press.data.scale] - 1
    negative, positive = (6, 9) if press.data.scale == "nps" else (highest // 2, highest // 2 + 1)
    if negative < press.data.value < positive:
        return
    polarity: Literal["negative", "positive"] = (
        "negative" if press.data.value <= negative else "positive"
    )
    weights = REASON_WEIGHTS[polarity]
    yield events.KioskReasonGiven(
        specversion="1.0",
        id=f"{press.id}/reason",
        source=SOURCE,
        subject=press.subject,
        time=press.time + timedelta(seconds=4),
        data=events.ReasonGiven(
            press_id=press.id,
            polarity=polarity,
            reason=REASONS[bisect(weights, luck.random() * weights[-1])],
            device_id=press.data.device_id,
            channel="kiosk",
        ),
    )


@cache
def _holidays() -> Container[date]:
    from holidays import country_holidays  # noqa: PLC0415 - too slow to load for other commands

    return country_holidays("FI")


@cache
def _hours(opens: int, closes: int) -> Sequence[float]:
    """Running weights of the open hours: late morning and afternoon are the busiest."""
    return tuple(
        accumulate(
            0.4 + math.exp(-(((hour - 10.5) / 2) ** 2)) + math.exp(-(((hour - 15.5) / 2) ** 2))
            for hour in range(opens, closes)
        )
    )


@cache
def _values(scale: events.Scale, quality: float | None) -> Sequence[float]:
    """Running weights of a scale's values; misuse has no quality, and so no opinion."""
    size = events.SCALE_SIZES[scale]
    if quality is None:
        return tuple(accumulate([1.0] * size))
    steps = size - 1
    # A binomial around the quality, with the angry few that every place has.
    shape = [
        math.comb(steps, value) * quality**value * (1 - quality) ** (steps - value)
        for value in range(size)
    ]
    shape[0] += 0.25 * (1 - quality)
    return tuple(accumulate(shape))
