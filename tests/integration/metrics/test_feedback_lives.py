"""Feedback in the real database: any order gives the same rows, and the figures are right."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import mean, median
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from kokemus.contracts import events
from metrics.domain.changes import ChangedCell
from metrics.domain.lives import LifeEvent
from metrics.storage import records
from support.lives import (
    HELSINKI,
    account,
    envelope,
    feedback,
    feedback_rows,
    local,
    some_feedback,
    stories,
)
from support.metrics_tables import Tables

YEAR = {"from": "2024-01-01", "to": "2024-12-31"}


@pytest.fixture
def connection(tables: Tables, database_url: str) -> Iterator[psycopg.Connection[Any]]:  # noqa: ARG001 - the schema stands
    url = database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


def take(
    connection: psycopg.Connection[Any], told: Sequence[LifeEvent], *, at_once: int = 3
) -> list[bool]:
    """Stores events, so many in one transaction; whether each told anything new."""
    news: list[bool] = []
    for first in range(0, len(told), at_once):
        with connection.transaction(), connection.cursor() as cursor:
            did, _ = records.apply(cursor, told[first : first + at_once], HELSINKI)
            news += did
    return news


def test_feedback_that_moves_changes_figures_where_it_was_and_where_it_is(
    connection: psycopg.Connection[Any],
) -> None:
    came, moved = datetime(2024, 3, 4, tzinfo=UTC), datetime(2024, 3, 9, tzinfo=UTC)
    take(connection, [events.FeedbackReceived(**envelope(1, "u", came), data=feedback("f1"))])
    update = events.FeedbackUpdated(**envelope(2, "v", moved), data=events.FeedbackUpdate("f1"))
    with connection.cursor() as cursor:
        _, changed = records.apply(cursor, [update], HELSINKI)
        _, unchanged = records.apply(cursor, [update], HELSINKI)
    day = came.date().toordinal()
    assert changed == {ChangedCell("u", day, "feedback"), ChangedCell("v", day, "feedback")}
    assert unchanged == set()


@given(story=stories())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_and_repetition_leaves_the_same_rows(
    connection: psycopg.Connection[Any], story: tuple[list[LifeEvent], list[LifeEvent]]
) -> None:
    once, shuffled = story
    connection.execute("TRUNCATE feedback")
    take(connection, shuffled)
    assert feedback_rows(connection) == account(once)
    assert not any(take(connection, once))


async def total(api: httpx.AsyncClient, metric: str, entity: str, **more: str) -> Any:
    answer = await api.get(
        "/v1/figures", params={"metric": metric, "entity": entity, **YEAR, **more}
    )
    assert answer.status_code == 200, answer.text
    return next(row for row in answer.json()["figures"] if row["dimension"] == {})


async def test_figures_are_those_of_an_independent_reckoning(
    api: httpx.AsyncClient, tables: Tables, connection: psycopg.Connection[Any]
) -> None:
    for entity, kind in (("helsinki", "city"), ("u", "unit"), ("v", "unit")):
        tables.entity(entity, kind=kind)
    told = some_feedback(300)
    take(connection, told, at_once=50)
    lives = list(account(told).values())
    for entity in ("helsinki", "u", "v"):
        mine = [life for life in lives if entity in (life["entity"], "helsinki")]
        await assert_counts(api, entity, mine)
        await assert_answers(api, entity, mine)


async def assert_counts(api: httpx.AsyncClient, entity: str, lives: list[dict[str, Any]]) -> None:
    standing = [life["kind"] for life in lives if "withdrawn_day" not in life]
    assert (await total(api, "feedback_count", entity))["value"] == len(standing)
    told = [kind for kind in standing if kind != "vikailmoitus"]
    for metric, kind in (("praise_share", "kiitos"), ("criticism_share", "moite")):
        share = await total(api, metric, entity)
        assert share["value"] == pytest.approx(100 * told.count(kind) / len(told))
        assert share["n"] == len(told)
        assert share["flags"] == ["self_selected"]


async def assert_answers(api: httpx.AsyncClient, entity: str, lives: list[dict[str, Any]]) -> None:
    week = timedelta(days=7)
    cohort = [
        life
        for life in lives
        if life["answer_requested"]
        and life["answer_possible"]
        and not life.get("withdrawn_day", date.max) <= life["day"] + week
    ]
    days = [(life.get("answered_day", date.max) - life["day"]).days for life in cohort]
    answered = [day for day in days if day < 1000]
    first = [min(life.get("reacted_day", date.max), life.get("answered_day", date.max))
             for life in cohort]  # fmt: skip
    reacted = [(day - life["day"]).days for day, life in zip(first, cohort, strict=True)
               if day < date.max]  # fmt: skip
    promise = await total(api, "answered_in_promise_share", entity)
    assert promise["value"] == pytest.approx(100 * sum(day <= 7 for day in days) / len(cohort))
    assert (promise["n"], promise["pending"]) == (len(cohort), 0)
    middle = await total(api, "answer_time_median", entity)
    assert (middle["value"], middle["n"]) == (median(days), len(cohort))
    took = await total(api, "answer_time_mean", entity)
    assert took["value"] == pytest.approx(mean(answered))
    assert took["open"] == len(cohort) - len(answered)
    assert took["rounded"] == pytest.approx(mean(answered), abs=0.0501)
    reaction = await total(api, "reaction_time_mean", entity)
    assert reaction["value"] == pytest.approx(mean(reacted))
    for last in ("2024-02-29", "2024-06-30"):
        end = date.fromisoformat(last)
        stock = [
            life
            for life in lives
            if life["answer_requested"]
            and life["answer_possible"]
            and life["day"] + week <= end
            and life.get("answered_day", date.max) > end
            and life.get("withdrawn_day", date.max) > end
        ]
        overdue = await total(api, "unanswered_overdue", entity, to=last)
        assert (overdue["value"], overdue["status"]) == (len(stock), "ok")


async def test_those_not_yet_due_are_pending_and_today_is_not_over(
    api: httpx.AsyncClient, connection: psycopg.Connection[Any]
) -> None:
    now = datetime.now(UTC)
    told: list[LifeEvent] = [
        events.FeedbackReceived(**envelope(days, "u", now - timedelta(days=days)),
                                data=feedback(f"f{days}"))
        for days in (1, 7, 8, 20)
    ]  # fmt: skip
    answer = events.FeedbackAnswer("f20", now - timedelta(days=15))
    told.append(events.FeedbackAnswered(**envelope(99, "u", now), data=answer))
    take(connection, told)
    span = {"from": local(now - timedelta(days=30)).isoformat(), "to": "2100-12-31"}
    promise = await total(api, "answered_in_promise_share", "u", **span)
    assert (promise["value"], promise["n"], promise["pending"]) == (50, 2, 2)
    assert "pending" in promise["flags"]
    overdue = await total(api, "unanswered_overdue", "u", **span)
    assert overdue["value"] == 1
    middle = await total(api, "answer_time_median", "u", **span)
    assert (middle["value"], middle["n"], middle["open"]) == (None, 2, 1)
    only_new = {"from": local(now - timedelta(days=2)).isoformat(), "to": "2100-12-31"}
    fresh = await total(api, "answered_in_promise_share", "u", **only_new)
    assert (fresh["status"], fresh["pending"]) == ("no_data", 1)


async def test_each_promise_is_judged_by_the_rule_of_its_own_day(
    api: httpx.AsyncClient, connection: psycopg.Connection[Any]
) -> None:
    told: list[LifeEvent] = []
    for number, (came, more) in enumerate(
        [
            (datetime(2018, 6, 18, 9, tzinfo=UTC), {"answer_requested": False}),
            (datetime(2018, 6, 18, 9, tzinfo=UTC), {"contact_left": False}),
            (datetime(2023, 4, 3, 9, tzinfo=UTC), {"contact_left": False}),
            (datetime(2023, 4, 3, 9, tzinfo=UTC), {"answer_possible": False}),
        ]
    ):
        data = feedback(f"f{number}", **more)
        told.append(events.FeedbackReceived(**envelope(2 * number, "u", came), data=data))
        answer = events.FeedbackAnswer(f"f{number}", came + timedelta(days=8))
        told.append(events.FeedbackAnswered(**envelope(2 * number + 1, "u", came), data=answer))
    take(connection, told)
    over_midsummer = await total(
        api, "answered_in_promise_share", "u", **{"from": "2018-01-01", "to": "2018-12-31"}
    )
    assert (over_midsummer["value"], over_midsummer["n"]) == (100, 1)
    a_week = await total(
        api, "answered_in_promise_share", "u", **{"from": "2023-01-01", "to": "2023-12-31"}
    )
    assert (a_week["value"], a_week["n"]) == (0, 1)


async def test_answer_times_are_broken_down_by_kind_and_compared_without_a_verdict(
    api: httpx.AsyncClient, connection: psycopg.Connection[Any]
) -> None:
    took = {"kiitos": 1, "moite": 4}
    for number, (kind, days) in enumerate(took.items()):
        for year in (2024, 2025):
            came = datetime(year, 3, 4, 9, tzinfo=UTC)
            name = f"{kind}{year}"
            answer = events.FeedbackAnswer(name, came + timedelta(days=days))
            common = 10 * year + 2 * number
            take(
                connection,
                [
                    events.FeedbackReceived(
                        **envelope(common, "u", came), data=feedback(name, kind=kind)
                    ),
                    events.FeedbackAnswered(**envelope(common + 1, "u", came), data=answer),
                ],
            )
    answer_2025 = await api.get(
        "/v1/figures",
        params={
            "metric": "answer_time_mean",
            "entity": "u",
            "from": "2025-01-01",
            "to": "2025-12-31",
            "grain": "year",
            "change": "year",
        },
    )
    found = answer_2025.json()["figures"]
    assert [(row["dimension"], row["value"]) for row in found] == [
        ({}, 2.5),
        ({"kind": "kiitos"}, 1),
        ({"kind": "moite"}, 4),
    ]
    assert {row["change"]["value"] for row in found} == {0}
    csv = await api.get(
        "/v1/figures",
        params={"metric": "answer_time_mean", "entity": "u", **YEAR},
        headers={"Accept": "text/csv"},
    )
    assert "answer_time_mean/1" in csv.text


async def test_share_of_the_city_is_given_only_with_all_divisions_heard_from(
    api: httpx.AsyncClient, tables: Tables, connection: psycopg.Connection[Any]
) -> None:
    tables.entity("helsinki", kind="city")
    for division in ("sote", "kymp"):
        tables.entity(division, kind="division")
    came = datetime(2024, 3, 4, tzinfo=UTC)

    def message(number: int, subject: str) -> events.FeedbackReceived:
        return events.FeedbackReceived(
            **envelope(number, subject, came), data=feedback(f"f{number}")
        )

    take(connection, [message(1, "sote")])
    alone = await total(api, "share_of_city", "sote")
    assert (alone["value"], alone["status"]) == (None, "no_data")
    assert "partial_coverage" in alone["flags"]
    take(connection, [message(number, "kymp") for number in (2, 3, 4)])
    share = await total(api, "share_of_city", "sote")
    assert (share["value"], share["n"], share["status"]) == (25, 4, "ok")
    tables.reported(
        "sote", "share_of_city", date(2017, 1, 1), date(2017, 12, 31), 8, channel="web_feedback"
    )
    published = await total(
        api, "share_of_city", "sote", **{"from": "2017-01-01", "to": "2017-12-31"}
    )
    assert (published["value"], "reported" in published["flags"]) == (8, True)


async def test_answer_without_its_feedback_is_no_figure_and_nothing_unplaced(
    api: httpx.AsyncClient, tables: Tables, connection: psycopg.Connection[Any]
) -> None:
    came = datetime(2024, 3, 4, tzinfo=UTC)
    answer = events.FeedbackAnswer("f1", came)
    take(connection, [events.FeedbackAnswered(**envelope(1, "u", came), data=answer)])
    assert (await total(api, "feedback_count", "u"))["status"] == "no_data"
    assert (await api.get("/v1/unplaced")).json() == {"unplaced": []}
    day = date(2024, 3, 4)
    tables.execute("INSERT INTO ombudsman_counts VALUES ('a', 's', %s, 'both', 1, 1)", (day,))
    tables.execute(
        "INSERT INTO summaries VALUES ('s', 'e', 'complaints', 'b', 'kantelu', %s, %s, now(), 1)",
        (day, day),
    )
    listed = (await api.get("/v1/unplaced")).json()["unplaced"]
    assert [row["id"] for row in listed] == ["a", "b"]


def test_rows_of_an_earlier_version_keep_what_they_say(
    tables: Tables, connection: psycopg.Connection[Any]
) -> None:
    stored = datetime(2024, 3, 4, tzinfo=UTC)
    tables.execute(
        "INSERT INTO feedback VALUES ('palaute', 'f1', 'u', %s, '2024-03-04', 'kiitos', true, true,"
        " true, 'fi', '{}', %s, 'e0005')",
        (stored, stored),
    )
    older = events.FeedbackUpdated(
        **envelope(1, "v", stored), data=events.FeedbackUpdate("f1", kind="moite")
    )
    answer = events.FeedbackAnswer("f1", stored)
    answered = events.FeedbackAnswered(**envelope(6, "u", stored), data=answer)
    assert take(connection, [older, answered]) == [False, True]
    row = feedback_rows(connection)["f1"]
    assert (row["entity"], row["kind"], row["answered_day"]) == ("u", "kiitos", date(2024, 3, 4))
