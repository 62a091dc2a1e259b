"""Random counts under a random tree, read through the API and reckoned again day by day."""

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from typing import Any

import httpx
import pytest

from support.metrics_tables import LONG_AGO, Tables

FIRST = date(2019, 11, 20)
DAYS = [FIRST + timedelta(days=number) for number in range(130)]
UNITS = [f"unit-{number}" for number in range(6)]
SERVICES = ["north", "south"]

Presses = Mapping[tuple[str, date], list[int]]


def period_of(day: date, grain: str) -> tuple[int, ...]:
    match grain:
        case "day":
            return (day.toordinal(),)
        case "week":
            return tuple(day.isocalendar()[:2])
        case "month":
            return day.year, day.month
        case "quarter":
            return day.year, (day.month - 1) // 3
        case "year":
            return (day.year,)
        case _:
            return ()


GRAINS = ["day", "week", "month", "quarter", "year", "total"]


@pytest.mark.parametrize("seed", range(3))
async def test_api_agrees_with_a_reckoning_day_by_day(
    api: httpx.AsyncClient, tables: Tables, seed: int
) -> None:
    chance = random.Random(seed)
    presses, parents = fill(tables, chance)
    first, last = sorted(chance.sample(DAYS, 2))
    for entity, grain in product(["helsinki", *SERVICES, *UNITS], GRAINS):
        expected: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for (leaf, day), counts in presses.items():
            chain = [leaf]
            while above := parents.get((chain[-1], day)):
                chain.append(above)
            if entity in chain and first <= day <= last:
                cell = expected[period_of(day, grain)]
                for value, count in enumerate(counts):
                    cell[value] += count
        answer = await api.get(
            "/v1/figures",
            params={
                "metric": ["press_count", "happy_index"],
                "entity": entity,
                "from": str(first),
                "to": str(last),
                "grain": grain,
            },
        )
        check(answer.json()["figures"], expected, grain)


def check(rows: list[Any], expected: Mapping[tuple[int, ...], list[int]], grain: str) -> None:
    for row in rows:
        period = period_of(date.fromisoformat(row["period"]["from"]), grain)
        counts = expected.get(period, [0, 0, 0, 0])
        n = sum(counts)
        if not n:
            assert row["status"] == "no_data"
        elif row["metric"] == "press_count":
            assert row["value"] == n
        else:
            score = sum(value * count for value, count in enumerate(counts))
            assert row["value"] == float(Fraction(100 * score, 3 * n))
            assert row["status"] == ("ok" if n >= 30 else "below_min_n")
    heard = {
        period_of(date.fromisoformat(row["period"]["from"]), grain)
        for row in rows
        if row["metric"] == "press_count"
    }
    assert heard >= {period for period, counts in expected.items() if any(counts)}


def fill(
    tables: Tables, chance: random.Random
) -> tuple[dict[tuple[str, date], list[int]], dict[tuple[str, date], str]]:
    """Random counts, and the parent of each node on each day."""
    parents: dict[tuple[str, date], str] = {}
    tables.entity("helsinki", kind="city")
    for service in SERVICES:
        tables.entity(service, kind="service")
        parents |= {(service, day): "helsinki" for day in DAYS}
    for unit in UNITS:
        move = chance.choice(DAYS[1:])
        old, new = chance.choices(SERVICES, k=2)
        tables.entity(unit, (old, LONG_AGO, move - timedelta(days=1)), (new, move, None))
        parents |= {(unit, day): old if day < move else new for day in DAYS}
    for number in range(4):
        placed, gone = sorted(chance.sample(DAYS, 2))
        unit = chance.choice(UNITS)
        device = tables.device("kiosks", str(number), (unit, placed, gone))
        parents |= {(device, day): unit for day in DAYS if placed <= day <= gone}
    leaves = [*UNITS, "north", *(f"device.kiosks.{number}" for number in range(4))]
    presses: dict[tuple[str, date], list[int]] = {}
    for leaf in leaves:
        for day in chance.sample(DAYS, 25):
            counts = [chance.randrange(4) for _ in range(4)]
            presses[leaf, day] = counts
            tables.count(leaf, day, counts)
    return presses, parents
