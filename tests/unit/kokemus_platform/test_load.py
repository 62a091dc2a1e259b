"""The plan of a city's day, and how it is kept to."""

import asyncio
import json
import time
from collections import Counter
from datetime import date, datetime, timedelta

import httpx
import pytest

from benchmarks.parts import presses
from kokemus_platform.demo.city import SOURCE
from kokemus_platform.demo.feeder import BATCH, FeedRefusedError
from kokemus_platform.load import AT_ONCE, Due, busiest_day, day_plan, offer
from support.counting import HELSINKI

TODAY = date(2026, 11, 23)
START = datetime(2026, 11, 22, 12, tzinfo=HELSINKI)


class Taking:
    """An ingest service that notes what comes and when, and may be slow."""

    def __init__(self, delay: float = 0) -> None:
        self.delay = delay
        self.arrived: dict[str, float] = {}
        self.sizes: list[int] = []
        self.under_way = self.most_under_way = 0
        self.start = time.monotonic()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        ids = [json.loads(line)["id"] for line in request.content.splitlines()]
        self.arrived |= dict.fromkeys(ids, time.monotonic() - self.start)
        self.sizes.append(len(ids))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.delay)
        self.under_way -= 1
        return httpx.Response(202, json={"accepted": len(ids), "rejected": []})

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self), base_url="http://ingest")


def all_at_once(count: int) -> list[Due]:
    return [(0.0, event) for _, event in presses(1_000, count / 1_000, START)]


def test_a_day_holds_the_scale_of_the_busiest_of_the_last_seven_of_each_city() -> None:
    cities = [len(busiest_day(seed, TODAY)) for seed in (3, 4, 5)]
    held = {scale: len(day_plan(3, TODAY, scale=scale, seconds=60)) for scale in (0.1, 1, 2.5)}
    assert held[1] == cities[0]
    assert held[0.1] == pytest.approx(cities[0] / 10, abs=1)
    assert held[2.5] == pytest.approx(sum(cities) / 3 * 2.5, abs=1)


def test_a_day_fills_its_time_in_order_and_has_rush_hours() -> None:
    plan = day_plan(3, TODAY, scale=1, seconds=60)
    moments = [moment for moment, _ in plan]
    assert moments == sorted(moments)
    assert (moments[0], moments[-1]) == (0, 60)
    tenths = Counter(int(moment / 6.001) for moment in moments)
    assert max(tenths.values()) > 2 * min(tenths.values())


def test_a_day_is_one_past_day_and_no_id_comes_twice() -> None:
    played = [event for _, event in day_plan(3, TODAY, scale=3, seconds=60)]
    days = {event.time.date() for event in played}
    assert all(TODAY - timedelta(days=7) <= day < TODAY for day in days)
    assert len({event.id for event in played}) == len(played)
    assert {event.source for event in played} == {SOURCE}


def test_the_same_seed_gives_the_same_day_and_another_one_new_events() -> None:
    def ids(seed: int) -> list[str]:
        return [event.id for _, event in day_plan(seed, TODAY, scale=0.5, seconds=60)]

    assert ids(3) == ids(3)
    assert not set(ids(3)) & set(ids(4))


async def test_every_event_is_sent_once_and_none_before_its_moment() -> None:
    service, plan = Taking(), list(presses(400, 0.5, START))
    told: list[int] = []
    async with service.client() as http:
        sent = await offer(http, plan, told.append)
    assert sum(service.sizes) == sent.accepted == sum(told) == len(plan)
    assert len(sent.response_seconds) == len(service.sizes) < len(plan)
    early = [one.id for moment, one in plan if service.arrived[one.id] < moment - 0.005]
    assert not early
    assert sent.took >= plan[-1][0]


async def test_what_is_due_together_goes_in_batches_that_a_request_may_hold() -> None:
    service, plan = Taking(), all_at_once(BATCH + 10)
    async with service.client() as http:
        sent = await offer(http, plan)
    assert sent.accepted == len(service.arrived) == len(plan)
    assert service.sizes == [BATCH, 10]


async def test_what_is_due_waits_while_too_many_requests_are_under_way() -> None:
    service = Taking(delay=1)
    plan = [(number * 0.0501, one) for number, (_, one) in enumerate(all_at_once(40))]
    async with service.client() as http:
        sent = await offer(http, plan)
    assert sent.accepted == len(plan)
    assert service.most_under_way <= AT_ONCE


async def test_a_refusal_ends_the_load() -> None:
    refusing = httpx.MockTransport(lambda _: httpx.Response(403, text="forbidden"))
    async with httpx.AsyncClient(transport=refusing, base_url="http://ingest") as http:
        with pytest.raises(FeedRefusedError, match="403"):
            await offer(http, all_at_once(3))
