"""Releases under trouble: two at once, processes that die, and a withdrawal while many read."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import cycle
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kokemus_platform.processes import wait_until
from reporting.domain.releases import State, Step, StepRefusedError, parse
from reporting.editor import Editor
from reporting.metrics_client import MetricsClient
from reporting.scheduled_drafts import SCHEDULE, ScheduledDrafts
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore
from reporting.texts import Texts
from reporting.weekly import WeeklyEditor
from support import reporting_service
from support.fake_metrics_api import KEY, FakeMetricsApi
from support.fake_time import FakeTime
from support.release_builders import content, live
from support.reporting_service import PASSWORDS, Reporting, enter

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPAN = (date(2025, 1, 1), date(2026, 10, 31))
ROUNDS = 8
"""How often two do the same at once: who comes first is left to chance."""
GONE = (
    "/fi/", "/sv/kallio", "/embed/en/kallio", "/embed/data/fi/kallio?metric=happy_index",
    "/open-data/", "/open-data/latest/experience.csv", "/open-data/{id}/experience.json",
    "/v1/releases/{id}", "/print/fi-sv/kallio.pdf",
)  # fmt: skip
"""Every way in which reporting serves a release to the public."""


@pytest.fixture
async def engines(engine: AsyncEngine) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """Two processes' connections to one database."""
    other = create_async_engine(engine.url)
    yield engine, other
    await other.dispose()


@pytest.fixture
async def editors(
    engines: tuple[AsyncEngine, AsyncEngine], metrics_api: FakeMetricsApi, tmp_path: Path
) -> AsyncIterator[list[Editor]]:
    (tmp_path / "key").write_text(KEY)
    async with AsyncExitStack() as stack:
        made = []
        for one in engines:
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=metrics_api.url))
            metrics = MetricsClient(http, tmp_path / "key")
            made.append(Editor(ReleaseStore(one), metrics, Texts().glossary, NoteStore(one)))
        yield made


async def test_two_who_draft_at_once_make_one_draft_that_is_checked_once(
    editors: list[Editor], engine: AsyncEngine
) -> None:
    ids = await asyncio.gather(
        *(one.draft(SPAN, by, NOW) for one, by in zip(editors, ("aino", "eero"), strict=True))
    )
    (release,) = await ReleaseStore(engine).releases()
    assert set(ids) == {release.id}
    assert [one.state for one in release.steps] == ["draft", "checked"]


async def test_a_draft_whose_maker_died_before_its_check_is_checked_by_the_worker(
    editors: list[Editor], engine: AsyncEngine, metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    store = ReleaseStore(engine)
    first = await store.release(await editors[0].draft(SPAN, "aino", NOW))
    assert first is not None
    made = parse(await store.body(first.hash) or b"")
    id_ = await store.keep_draft(
        msgspec.structs.replace(made, as_of=date(2026, 11, 24)), "eero", NOW
    )
    async with httpx.AsyncClient(base_url=metrics_api.url) as http:
        metrics = MetricsClient(http, tmp_path / "key")
        weekly = WeeklyEditor(store, metrics, Texts().glossary, NoteStore(engine))
        timing, zone = FakeTime(NOW).timing, ZoneInfo("Europe/Helsinki")
        await ScheduledDrafts(store, editors[0], weekly, timing, zone).make()
    left = await store.release(id_)
    assert left is not None
    assert [(one.state, one.by) for one in left.steps] == [("draft", "eero"), ("checked", SCHEDULE)]


async def taken(store: ReleaseStore, id_: str, state: State, by: str) -> str:
    """How a step ended."""
    try:
        await store.take_step(id_, Step(state, by, NOW, "syy" if state == "withdrawn" else None))
    except StepRefusedError as error:
        return error.code
    return "done"


async def waiting(store: ReleaseStore, value: int, *, until: State = "checked") -> str:
    """The id of a release of this value that has come so far."""
    id_ = await store.keep_draft(content(live(rounded=value)), "reeta", NOW)
    states: tuple[State, ...] = ("checked", "approved", "published")
    for state in states[: states.index(until) + 1]:
        assert await taken(store, id_, state, "aino") == "done"
    return id_


async def test_of_two_who_approve_or_publish_at_once_one_does(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    one, other = map(ReleaseStore, engines)
    for number in range(ROUNDS):
        id_ = await waiting(one, number + 1)
        steps: tuple[State, ...] = ("approved", "published")
        for state in steps:
            ends = await asyncio.gather(
                taken(one, id_, state, "aino"), taken(other, id_, state, "eero")
            )
            assert sorted(ends) == ["done", "wrong_state"]
        release = await one.release(id_)
        assert release is not None
        assert [step.state for step in release.steps] == ["draft", "checked", *steps]


async def test_what_is_published_and_withdrawn_at_once_is_withdrawn_and_never_comes_back(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    one, other = map(ReleaseStore, engines)
    for number in range(ROUNDS):
        old = await waiting(one, 2 * number + 1, until="published")
        new = await waiting(one, 2 * number + 2, until="approved")
        ends = await asyncio.gather(
            taken(one, new, "published", "aino"), taken(other, old, "withdrawn", "eero")
        )
        assert set(ends) == {"done"}
        gone, current = await one.release(old), await one.current("public-monthly")
        assert gone is not None
        assert (gone.state, await one.body(gone.hash)) == ("withdrawn", None)
        assert current is not None
        assert current.id == new


async def test_of_two_drafts_that_are_published_at_once_one_is_outdated(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    """Each was judged beside what was published before, and not beside the other."""
    one, other = map(ReleaseStore, engines)
    for number in range(ROUNDS):
        ids = [await waiting(one, 2 * number + way, until="approved") for way in (1, 2)]
        ends = await asyncio.gather(
            taken(one, ids[0], "published", "aino"), taken(other, ids[1], "published", "aino")
        )
        assert sorted(ends) == ["done", "outdated"]


def announcements(environment: dict[str, str], *, until: tuple[str, State]) -> list[bytes]:
    """All that was ever written to the releases topic, up to a release in a state."""
    consumer = Consumer(
        {
            "bootstrap.servers": environment["KOKEMUS_KAFKA_BOOTSTRAP"],
            "group.id": "announcements",
            "enable.auto.commit": False,
        }
    )
    topic = f"{environment['KOKEMUS_TOPIC_PREFIX']}releases.v1"
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    found: list[bytes] = []
    try:
        while message := consumer.poll(30):
            assert message.error() is None, message.error()
            found.append(message.value() or b"")
            told = msgspec.json.decode(found[-1])
            if (told["subject"], told["data"].get("state", "published")) == until:
                return found
    finally:
        consumer.close()
    raise AssertionError(f"not announced: {until}")


async def test_what_is_published_is_announced_with_one_id_whichever_worker_dies(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """One dies before the announcement or right after it, one while another works beside it."""
    engine = create_async_engine(environment["KOKEMUS_DATABASE_URL"])
    store = ReleaseStore(engine)
    with reporting_service.working(environment, tmp_path / "a", -signal.SIGKILL) as first:
        id_ = await waiting(store, 87, until="published")
        os.kill(first, signal.SIGKILL)
    with (
        reporting_service.working(environment, tmp_path / "b", -signal.SIGKILL) as second,
        reporting_service.working(environment, tmp_path / "c"),
    ):
        announcements(environment, until=(id_, "published"))
        await taken(store, id_, "withdrawn", "aino")
        os.kill(second, signal.SIGKILL)
        found = announcements(environment, until=(id_, "withdrawn"))
    await engine.dispose()
    ids = {msgspec.json.decode(one)["id"] for one in found}
    assert ids == {f"{id_}.published", f"{id_}.withdrawn"}
    assert len(set(found)) == len(ids), "what is told again is told in the same bytes"


@dataclass
class Readers:
    """Threads that read the addresses again and again, each its own ones."""

    url: str
    id: str
    statuses: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def read(self, paths: Sequence[str]) -> None:
        """Keeps what each answer is, as long as it differs from the last."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            for path in cycle(paths):
                if self.over.is_set():
                    return
                found = self.statuses.setdefault(path, [])
                answer = client.get(path.format(id=self.id))
                text = answer.text if answer.status_code == 410 else ""
                if not found or found[-1] != (answer.status_code, text):
                    found.append((answer.status_code, text))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads for the length of a block."""
        threads = [threading.Thread(target=self.read, args=(GONE[n::3],)) for n in range(3)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self.over.set()
            for one in threads:
                one.join(60)

    def all(self, status: int) -> bool:
        """Whether the last answer of every address was this."""
        return all(self.statuses.get(path, [(0, "")])[-1][0] == status for path in GONE)


def test_what_is_withdrawn_while_many_read_is_gone_from_every_address_and_stays_gone(
    reporting: Reporting,
) -> None:
    id_ = reporting.publish()
    readers = Readers(reporting.url, id_)
    with readers.reading(), httpx.Client(base_url=reporting.url) as aino:
        token = enter(aino, "aino", PASSWORDS["aino"])
        wait_until(lambda: readers.all(200), seconds=60, what="readers of every address")
        form = {"token": token, "reason": "pieni solu"}
        assert aino.post(f"/desk/releases/{id_}/withdraw", data=form).status_code == 303
        wait_until(lambda: readers.all(410), seconds=60, what="the release to be gone")
        before = {path: len(found) for path, found in readers.statuses.items()}
        for path in GONE:
            assert httpx.get(reporting.url + path.format(id=id_)).status_code == 410
    assert {path: len(found) for path, found in readers.statuses.items()} == before
    told = httpx.get(f"{reporting.url}/v1/releases/{id_}").json()["withdrawn_at"]
    day = datetime.fromisoformat(told).date()
    days = {str(day), *(one.day(day) for one in Texts().languages.values())}
    for path, found in readers.statuses.items():
        assert [status for status, _ in found] == [200, 410], path
        assert "pieni solu" in found[-1][1], path
        assert any(one in found[-1][1] for one in days), path
