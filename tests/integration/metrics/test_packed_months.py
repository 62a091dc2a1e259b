"""Packed months say what their rows say, and nothing that is counted later is missing."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest

from metrics.domain.presses import Columns, Stream
from metrics.storage import packed_months, press_counts
from support.metrics_tables import Tables

AT_ONCE = timedelta(days=-10_000)
QUESTIONS: tuple[dict[str, str], ...] = (
    {"metric": "hourly_press_count", "grain": "month"},
    {"metric": "hourly_satisfied_share", "grain": "total"},
    {"metric": "driver_hour_difference", "grain": "quarter"},
    {"metric": "happy_index", "grain": "month", "change": "previous", "variation": "true"},
    {"metric": "misuse_share", "grain": "week", "change": "year", "variation": "true"},
    {"metric": "nps", "grain": "year", "change": "year", "variation": "true"},
    {"metric": "experience_profile", "grain": "year"},
)


@pytest.fixture
def connection(
    tables: Tables,  # noqa: ARG001 - the schema stands
    database_url: str,
) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url.replace("+psycopg", "")) as opened:
        press_counts.register(opened)
        yield opened


def pack(connection: psycopg.Connection[Any]) -> int:
    with connection.transaction(), connection.cursor() as cursor:
        return packed_months.pack(cursor, AT_ONCE)


async def test_figures_are_the_same_of_packed_months_and_of_their_rows(
    api: httpx.AsyncClient, tables: Tables, connection: psycopg.Connection[Any]
) -> None:
    random = Random(3)
    tables.entity("helsinki", kind="city")
    tables.entity("d", kind="division")
    tables.entity("s", ("d", date(2000, 1, 1), None), kind="service_entity")
    moves = ("s", date(2000, 1, 1), date(2025, 4, 9)), ("d", date(2025, 4, 10), None)
    for unit, places in (("a", moves[:1]), ("b", moves)):
        tables.entity(unit, *places)
        for number in range(0, 800, 3):
            day = date(2024, 1, 1) + timedelta(days=number)
            often = [random.choice((0, 1, 90, 40_000)) for _ in range(4)]
            tables.count(unit, day, often, misuse=[1, 0, 0, 0], hour=random.randrange(24))
            tables.count(unit, day, [number % 3] * 11, scale="nps", question="q-nps", device="2")
    span = {"from": "2025-01-15", "to": "2026-02-10", "children": "true"}

    async def answers() -> list[Any]:
        asked = [
            await api.get("/v1/figures", params={"entity": ["d", "s"], **span, **question})
            for question in QUESTIONS
        ]
        assert [one.status_code for one in asked] == [200] * len(QUESTIONS)
        return [one.json() for one in asked]

    from_rows = await answers()
    assert pack(connection) == 2 * 2 * 27
    tables.execute("UPDATE hour_counts SET counts = '{}'")  # nobody looks at them any more
    assert await answers() == from_rows


PLACE = Stream("u", "kiosks", "1", "kiosk", "smiley4", "q", "")


def press(connection: psycopg.Connection[Any], day: date, times: int = 1) -> None:
    one = np.zeros(1, dtype=np.int64)
    columns = Columns(
        [PLACE], one, one + day.toordinal() * 24 + 9, one + 3, one > 0, one + times, one
    )
    with connection.cursor() as cursor:
        rows = press_counts.StreamRows()
        rows.learn(cursor, [PLACE])
        press_counts.add(cursor, columns, rows)


def heard(connection: psycopg.Connection[Any]) -> list[tuple[str, int]]:
    """By day and by hour: the day, and how many answers."""
    year = date(2025, 1, 1), date(2025, 12, 31)
    with connection.transaction(), connection.cursor() as cursor:
        series = [row[0] for row in cursor.execute("SELECT id FROM series").fetchall()]
        return sorted(
            (date.fromordinal(day).isoformat(), count)
            for read in (packed_months.days, packed_months.hours)
            for rows in read(cursor, {4: series}, *year)
            for day, count in zip(rows.day.tolist(), rows.counts.sum(axis=1).tolist(), strict=True)
        )


def test_what_is_counted_into_a_packed_month_is_not_missing(
    connection: psycopg.Connection[Any],
) -> None:
    press(connection, date(2025, 3, 1), times=2)
    press(connection, date(2025, 4, 1))
    connection.commit()
    assert pack(connection) == 2
    press(connection, date(2025, 3, 31))
    connection.commit()
    told = [("2025-03-01", 2)] * 2 + [("2025-03-31", 1)] * 2 + [("2025-04-01", 1)] * 2
    assert heard(connection) == told
    assert pack(connection) == 1
    assert heard(connection) == told


def test_a_month_that_somebody_counts_into_is_left_alone(
    connection: psycopg.Connection[Any], database_url: str
) -> None:
    press(connection, date(2025, 3, 1))
    connection.commit()
    press(connection, date(2025, 3, 2))
    with psycopg.connect(database_url.replace("+psycopg", "")) as other:
        assert pack(other) == 0
    connection.commit()
    assert pack(connection) == 1
    assert heard(connection) == [("2025-03-01", 1)] * 2 + [("2025-03-02", 1)] * 2


def test_a_month_is_packed_once_it_has_rested(connection: psycopg.Connection[Any]) -> None:
    press(connection, date(2025, 3, 1))
    connection.commit()
    with connection.transaction(), connection.cursor() as cursor:
        assert packed_months.pack(cursor, timedelta(hours=1)) == 0
