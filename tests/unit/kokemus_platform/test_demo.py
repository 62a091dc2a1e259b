"""The demo's year, held to what it promises."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import httpx
import pytest
import respx

from kokemus.contracts import events, wire
from kokemus.contracts.codes import CodeLists
from kokemus_platform.demo.city import SOURCE, devices, registry
from kokemus_platform.demo.contentment import TURN_MONTH, TURNING
from kokemus_platform.demo.feeder import BATCH, FeedRefusedError, feed
from kokemus_platform.demo.year import (
    LONGEST_DELAY,
    SILENT,
    SILENT_DAYS,
    ZONE,
    arrivals,
    at_tick,
    first_day,
    of_day,
    year_before,
)

TODAY = date(2026, 11, 23)
UNITS = {device.id: (device.unit, device.service.id) for device in devices()}


@dataclass
class Answers:
    """Answers summed up, to see how content people are."""

    count: int = 0
    total: float = 0.0

    def add(self, press: events.Press) -> None:
        self.count += 1
        self.total += 100 * press.value / (events.SCALE_SIZES[press.scale] - 1)

    @property
    def mean(self) -> float:
        return self.total / self.count


@dataclass
class Year:
    presses: int = 0
    marked: int = 0
    ids: set[int] = field(default_factory=set)
    delays: Counter[int] = field(default_factory=Counter)
    by_day: Counter[date] = field(default_factory=Counter)
    by_hour: Counter[int] = field(default_factory=Counter)
    last_heard: dict[str, date] = field(default_factory=dict)
    negative: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_place: defaultdict[tuple[str, int], Answers] = field(
        default_factory=lambda: defaultdict(Answers)
    )
    """By unit or service, and month."""
    at_hour: defaultdict[tuple[str, int], Answers] = field(
        default_factory=lambda: defaultdict(Answers)
    )
    """By service and hour."""

    def of_months(self, place: str, *months: int) -> float:
        """How content people were at a place in these months of the year, from 0 to 100."""
        several = [self.by_place[place, month] for month in months]
        return sum(one.total for one in several) / sum(one.count for one in several)


@pytest.fixture(scope="module")
def year() -> Year:
    """One whole year, summed up as it comes: its events would fill the memory."""
    found = Year()
    for number, day in enumerate(arrivals(1, TODAY)):
        arrived = first_day(TODAY) + timedelta(days=number)
        for event in day:
            found.ids.add(hash(event.id))
            if isinstance(event, events.KioskPressed):
                pressed = event.time.date()
                found.presses += 1
                found.marked += event.data.misuse
                found.delays[(arrived - pressed).days] += 1
                found.by_day[pressed] += 1
                found.by_hour[event.time.hour] += 1
                found.last_heard[event.data.device_id] = max(
                    pressed, found.last_heard.get(event.data.device_id, pressed)
                )
                if not event.data.misuse:
                    unit, service = UNITS[event.data.device_id]
                    for place in (unit, service):
                        found.by_place[place, pressed.month].add(event.data)
                    found.at_hour[service, event.time.hour].add(event.data)
            else:
                found.negative[event.data.polarity] += 1
    return found


def test_the_year_is_as_large_as_promised_and_no_id_comes_twice(year: Year) -> None:
    assert year.presses == pytest.approx(1_300_000, rel=0.01)
    assert len(year.ids) == year.presses + sum(year.negative.values())
    assert len(year.last_heard) == len(devices()) == 130


def test_the_year_is_the_last_365_full_days(year: Year) -> None:
    assert min(year.by_day) >= first_day(TODAY) == date(2025, 11, 23)
    assert max(year.by_day) == TODAY - timedelta(days=1)


def test_two_in_a_hundred_are_misuse_and_three_come_late(year: Year) -> None:
    assert year.marked / year.presses == pytest.approx(0.02, abs=0.001)
    late = year.presses - year.delays[0]
    assert late / year.presses == pytest.approx(0.03, abs=0.001)
    assert set(year.delays) == set(range(LONGEST_DELAY + 1))


def test_one_device_falls_silent_and_the_others_do_not(year: Year) -> None:
    quiet = {
        device
        for device, heard in year.last_heard.items()
        if heard < TODAY - timedelta(days=SILENT_DAYS)
    }
    assert quiet == {SILENT}


def test_there_are_seasons_weekdays_opening_hours_and_holidays(year: Year) -> None:
    months: Counter[int] = Counter()
    weekdays: Counter[int] = Counter()
    for day, count in year.by_day.items():
        months[day.month] += count
        weekdays[day.weekday()] += count
    assert months[7] < 0.6 * months[10]
    assert weekdays[6] < 0.6 * weekdays[2]
    assert set(year.by_hour) == set(range(6, 21))
    assert year.by_day[date(2025, 12, 6)] == 0


def test_units_differ_and_none_is_the_same_all_year(year: Year) -> None:
    units = {unit for unit, _ in UNITS.values()}
    means = [year.of_months(unit, *range(1, 13)) for unit in units]
    assert max(means) - min(means) > 25
    for unit in units:
        months = [one.mean for (place, _), one in year.by_place.items() if place == unit]
        assert max(months) - min(months) > 2, unit


def test_one_unit_gets_better_in_spring_and_another_worse(year: Year) -> None:
    before, after = (TURN_MONTH - 2, TURN_MONTH - 1), (TURN_MONTH + 4, TURN_MONTH + 5)
    turns = {
        TURNING[unit]: year.of_months(unit, *after) - year.of_months(unit, *before)
        for unit in TURNING
    }
    assert turns[1] > 8
    assert turns[-1] < -3


def test_people_are_more_content_when_nobody_has_to_wait(year: Year) -> None:
    for service in ("terveysasemat", "hammashoitolat", "paivakodit", "uimahallit"):
        assert year.at_hour[service, 10].mean < year.at_hour[service, 8].mean - 2, service
        assert year.at_hour[service, 15].mean < year.at_hour[service, 13].mean - 2, service
    assert year.of_months("uimahallit", 7) > year.of_months("uimahallit", 1) + 5


def test_a_day_repeats_itself_by_its_seed_whenever_it_is_played() -> None:
    day = date(2026, 3, 29)
    once = [wire.encode(event) for event in of_day(1, day, TODAY)]
    assert once == [wire.encode(event) for event in of_day(1, day, TODAY + timedelta(days=40))]
    assert once != [wire.encode(event) for event in of_day(2, day, TODAY)]


def test_what_is_played_of_the_year_before_is_how_each_day_begins() -> None:
    days = list(year_before(1, TODAY))
    assert len(days) == 365
    assert sum(isinstance(one, events.KioskPressed) for day in days for one in day) > 180_000
    assert {one.data.device_id for one in days[0] + days[1] + days[2]} == {
        one.data.device_id for number in (1, 2, 3) for one in whole(number)
    }
    for number in (1, 200, 365):
        whole_day = {one.id: one for one in whole(number)}
        assert all(whole_day[one.id] == one for one in days[number - 1])


def whole(number: int) -> list[events.KioskPressed | events.KioskReasonGiven]:
    """Everything of a day of the year before, by its number."""
    day = date(2024, 11, 22) + timedelta(days=number)
    return [
        one
        for one in of_day(1, day, TODAY)
        if isinstance(one, events.KioskPressed | events.KioskReasonGiven)
    ]


def test_every_event_is_as_its_contract_says() -> None:
    codes = CodeLists.load()
    some = [*of_day(1, date(2026, 3, 27), TODAY), *registry(), at_tick(1, datetime.now(UTC))]
    for event in some:
        assert wire.decode(wire.encode(event), (type(event),)) == event
        codes.check(event)


def test_every_device_stands_in_a_unit_that_hangs_under_a_division() -> None:
    defined = {
        event.subject: event for event in registry() if isinstance(event, events.EntityDefined)
    }
    placed = [event for event in registry() if isinstance(event, events.DevicePlaced)]
    assert len(placed) == 130
    for event in placed:
        path = [event.data.validities[0].entity]
        while path[-1] in defined:
            path.append(str(defined[path[-1]].data.validities[0].parent))
        assert path[-1] in {"sote", "kasko", "kuva", "kymp", "keskushallinto"}
        assert len(path) == 4
    assert len(defined) == len({event.data.validities[0].names.fi for event in defined.values()})


def test_a_tick_has_one_press_however_often_it_is_asked() -> None:
    now = datetime(2026, 11, 23, 12, 0, 1, tzinfo=ZONE)
    assert at_tick(1, now) == at_tick(1, now + timedelta(seconds=18))
    assert at_tick(1, now).id != at_tick(1, now + timedelta(seconds=20)).id
    assert at_tick(1, now).time <= now


# --- feeding ------------------------------------------------------------------------------------


@respx.mock
async def test_everything_is_sent_once_in_batches() -> None:
    route = respx.post("http://ingest/v1/events").respond(202, json={"accepted": 1, "rejected": []})
    some = list(islice(of_day(1, date(2026, 3, 27), TODAY), 3_000)) * 4
    async with httpx.AsyncClient(base_url="http://ingest") as http:
        assert await feed(http, iter(some)) == len(some)
    lines = [line for call in route.calls for line in call.request.content.splitlines()]
    assert sorted(lines) == sorted(map(wire.encode, some))
    assert route.call_count == -(-len(some) // BATCH)


@respx.mock
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, text="forbidden"),
        httpx.Response(202, json={"accepted": 1, "rejected": [{"index": 0}]}),
    ],
)
async def test_a_refusal_is_said_and_not_repeated(answer: httpx.Response) -> None:
    route = respx.post("http://ingest/v1/events").mock(return_value=answer)
    async with httpx.AsyncClient(base_url="http://ingest") as http:
        with pytest.raises(FeedRefusedError, match=str(answer.status_code)):
            await feed(http, registry())
    assert route.call_count == 1


def test_the_source_is_the_devices_own() -> None:
    assert {event.source for event in registry()} == {SOURCE}
