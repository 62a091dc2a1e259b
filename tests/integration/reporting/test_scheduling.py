"""Jobs of the worker: one turn at a time, however many workers there are."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kokemus.errors import Unavailable
from kokemus.telemetry import Meters
from reporting.editor import Editor
from reporting.metrics_client import MetricsClient
from reporting.scheduled_drafts import SCHEDULE, ScheduledDrafts
from reporting.scheduling import Job, Scheduler
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore
from reporting.texts import Texts
from reporting.weekly import WeeklyEditor
from support.fake_metrics_api import KEY, FakeMetricsApi
from support.fake_time import FakeTime

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVERY = timedelta(seconds=2)


async def test_two_workers_never_do_the_same_job_at_once_and_each_may_do_another(
    database_url: str,
) -> None:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    one, other = (Scheduler(engine, Meters(), FakeTime(NOW).timing) for _ in range(2))
    begun, go_on = asyncio.Event(), asyncio.Event()
    done = []

    async def slow() -> None:
        begun.set()
        await go_on.wait()
        done.append("slow")

    async def quick() -> None:
        done.append("quick")

    turn = asyncio.create_task(one.turn(Job("a-job", EVERY, slow)))
    await begun.wait()
    assert not await other.turn(Job("a-job", EVERY, quick))
    assert await other.turn(Job("another", EVERY, quick))
    go_on.set()
    assert await turn
    assert await other.turn(Job("a-job", EVERY, quick)), "the first worker is done with it"
    assert done == ["quick", "slow", "quick"]
    await engine.dispose()


async def test_what_is_away_is_waited_for_ever_more_patiently_and_then_asked_as_before(
    database_url: str,
) -> None:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    time, meters = FakeTime(NOW), Meters()

    async def work() -> None:
        if len(time.slept) < 6:
            raise Unavailable("nobody there")

    def give_up() -> None:
        if len(time.slept) == 8:
            raise asyncio.CancelledError

    time.on_sleep = give_up
    with pytest.raises(asyncio.CancelledError):
        await Scheduler(engine, meters, time.timing).follow(Job("a-job", EVERY, work))
    assert time.slept[0] == EVERY.total_seconds()
    assert time.slept[5] > 3 * EVERY.total_seconds()
    assert time.slept[-1] == EVERY.total_seconds()
    turns = meters.registry.get_sample_value
    assert turns("kokemus_job_turns_total", {"job": "a-job", "outcome": "failed"}) == 6
    assert turns("kokemus_job_turns_total", {"job": "a-job", "outcome": "done"}) == 2
    await engine.dispose()


async def test_a_database_that_is_away_is_waited_for() -> None:
    nowhere = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    time = FakeTime(NOW)

    async def work() -> None:
        raise AssertionError("not without its lock")

    def give_up() -> None:
        if len(time.slept) == 3:
            raise asyncio.CancelledError

    time.on_sleep = give_up
    with pytest.raises(asyncio.CancelledError):
        await Scheduler(nowhere, Meters(), time.timing).follow(Job("a-job", EVERY, work))


async def test_what_is_due_is_drafted_and_checked_once_and_approved_by_nobody(
    engine: AsyncEngine, metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(KEY)
    store, texts = ReleaseStore(engine), Texts().glossary
    async with httpx.AsyncClient(base_url=metrics_api.url) as http:
        metrics = MetricsClient(http, tmp_path / "key")
        drafts = ScheduledDrafts(
            store,
            Editor(store, metrics, texts, NoteStore(engine)),
            WeeklyEditor(store, metrics, texts, NoteStore(engine)),
            FakeTime(NOW).timing,
            ZoneInfo("Europe/Helsinki"),
        )
        await drafts.make()
        made = await store.releases()
        await drafts.make()
    assert await store.releases() == made
    assert {(one.kind, one.period_end, one.drafted_by) for one in made} == {
        ("public-monthly", date(2026, 10, 31), SCHEDULE),
        ("internal-weekly", date(2026, 11, 22), SCHEDULE),
    }
    monthly = next(one for one in made if one.kind == "public-monthly")
    assert monthly.state == "checked"
