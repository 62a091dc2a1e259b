"""Approved returns on their way to ingest-feedback: nobody's trouble holds up anybody else."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kokemus.contracts.codes import CodeLists
from kokemus.migrations import migrate
from kokemus.telemetry import Meters
from reporting.courier import Courier
from reporting.domain.outgoing import Outgoing, Refusal
from reporting.domain.return_events import Approved, events_of
from reporting.domain.returns import Key, Return, Round, Taken
from reporting.feedback_client import FeedbackClient
from reporting.storage import MIGRATIONS
from reporting.storage.returns import ReturnStore
from support.fake_time import FakeTime

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WAYS = {"use.kyselyt": "on"}
MUSEUMS, LIBRARIES = "museot", "kirjastot"


class FakeFeedback:
    """An ingest-feedback that answers by the entity that a request is about, and keeps requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[], httpx.Response]] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        events = json.loads(request.content)
        (entity,) = {one["subject"] for one in events}
        self.asked.append(entity)
        if entity in self.answers:
            return self.answers[entity]()
        return httpx.Response(202, json={"accepted": len(events), "rejected": []})


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    address = database_url.replace("postgresql://", "postgresql+psycopg://")
    migrate(address, MIGRATIONS)
    made = create_async_engine(address)
    yield made
    await made.dispose()


@pytest.fixture
async def store(engine: AsyncEngine) -> ReturnStore:
    made = ReturnStore(engine)
    await made.keep_round(Round(2026, date(2026, 10, 10), date(2026, 11, 20)), "ilona")
    return made


@pytest.fixture
def feedback() -> FakeFeedback:
    return FakeFeedback()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime(NOW)


@pytest.fixture
def meters() -> Meters:
    return Meters()


@pytest.fixture
def courier(
    store: ReturnStore, feedback: FakeFeedback, time: FakeTime, meters: Meters, tmp_path: Path
) -> Courier:
    (tmp_path / "key").write_text("key")
    http = httpx.AsyncClient(transport=httpx.MockTransport(feedback), base_url="http://feedback")
    return Courier(store, FeedbackClient(http, tmp_path / "key"), meters, time.timing)


async def approved(store: ReturnStore, entity: str) -> Return:
    """A form whose five events wait."""
    key = Key(2026, "method", entity)
    form = await store.form(key)
    if form is None:
        form = await store.save(key, "kuva", WAYS, 0, Taken("draft", "sanna", NOW))
    else:
        await store.take_step(form, Taken("draft", "sanna", NOW))
        form = await found(store, entity)
    await store.take_step(form, Taken("submitted", "sanna", NOW))
    form = await found(store, entity)
    told = Approved(form.id, "method", entity, 2026, form.approvals + 1, NOW, form.answers)
    made = events_of(told, CodeLists.load())
    await store.take_step(form, Taken("approved", "heikki", NOW), made)
    return await found(store, entity)


async def found(store: ReturnStore, entity: str) -> Return:
    form = await store.form(Key(2026, "method", entity))
    assert form is not None
    return form


def answer(status: int, content: Any = None) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, json=content or {"title": "no", "detail": "not so"})


def gone() -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    "trouble", [gone, *(answer(status) for status in (302, 429, 500, 503)), answer(202)]
)
async def test_what_may_pass_is_tried_again_ever_more_rarely_and_others_go_on(
    store: ReturnStore,
    courier: Courier,
    feedback: FakeFeedback,
    time: FakeTime,
    trouble: Callable[[], httpx.Response],
) -> None:
    first, second = await approved(store, MUSEUMS), await approved(store, LIBRARIES)
    feedback.answers[MUSEUMS] = trouble
    await courier.deliver()
    assert (await store.outgoing(first)).waiting == 5
    assert (await store.outgoing(second)).taken == 5
    for _ in range(30):
        time.pass_by(seconds=2)
        await courier.deliver()
    assert 5 <= feedback.asked.count(MUSEUMS) <= 8, "in a minute, whose every turn was one to send"
    del feedback.answers[MUSEUMS]
    time.pass_by(minutes=5)
    await courier.deliver()
    assert (await store.outgoing(first)).taken == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 422])
async def test_what_is_refused_for_good_is_told_and_not_sent_again(
    store: ReturnStore, courier: Courier, feedback: FakeFeedback, meters: Meters, status: int
) -> None:
    first, second = await approved(store, MUSEUMS), await approved(store, LIBRARIES)
    feedback.answers[MUSEUMS] = answer(status)
    for _ in range(3):
        await courier.deliver()
    assert feedback.asked == [MUSEUMS, LIBRARIES]
    told = await store.outgoing(first)
    assert (told.refused, told.refusals) == (5, [Refusal(status, "not so")])
    assert told.remedy == ("correct" if status == 422 else "administer")
    assert (await store.outgoing(second)).taken == 5
    assert await store.refused_forms(2026) == {first.id}
    standing = meters.registry.get_sample_value
    assert standing("kokemus_return_events_standing", {"state": "refused"}) == 5
    assert standing("kokemus_return_events_standing", {"state": "waiting"}) == 0


async def test_an_answer_that_is_nobodys_own_is_told_without_what_a_database_cannot_keep(
    store: ReturnStore, courier: Courier, feedback: FakeFeedback
) -> None:
    first, second = await approved(store, MUSEUMS), await approved(store, LIBRARIES)
    feedback.answers[MUSEUMS] = lambda: httpx.Response(404, text="<html>\0</html>")
    feedback.answers[LIBRARIES] = answer(403, {"detail": "a\0b\n" + "x" * 999})
    await courier.deliver()
    assert (await store.outgoing(first)).refusals == [Refusal(404, "")]
    (second_told,) = (await store.outgoing(second)).refusals
    assert second_told.detail.startswith("a b x")
    assert len(second_told.detail) == 300


@pytest.mark.parametrize(("status", "told_as"), [(202, 422), (422, 422), (403, 403)])
async def test_some_refused_events_of_a_form_are_told_by_their_field(
    store: ReturnStore, courier: Courier, feedback: FakeFeedback, status: int, told_as: int
) -> None:
    form = await approved(store, MUSEUMS)
    said = [{"index": 4, "id": "x", "pointer": "/data/method", "detail": "unknown code"}]
    feedback.answers[MUSEUMS] = answer(status, {"accepted": 4, "rejected": said})
    await courier.deliver()
    told = await store.outgoing(form)
    assert (told.taken, told.refused) == (4, 1)
    assert told.refusals == [Refusal(told_as, "/data/method unknown code")]


async def test_what_was_refused_goes_again_once_somebody_says_so(
    store: ReturnStore, courier: Courier, feedback: FakeFeedback
) -> None:
    form = await approved(store, MUSEUMS)
    feedback.answers[MUSEUMS] = answer(401)
    await courier.deliver()
    del feedback.answers[MUSEUMS]
    await store.resend(form, "sanna")
    await courier.deliver()
    assert await store.outgoing(form) == Outgoing(waiting=0, taken=5, refused=0, refusals=[])


async def test_a_correction_takes_the_place_of_what_was_refused(
    store: ReturnStore, courier: Courier, feedback: FakeFeedback
) -> None:
    await approved(store, MUSEUMS)
    feedback.answers[MUSEUMS] = answer(422)
    await courier.deliver()
    del feedback.answers[MUSEUMS]
    again = await approved(store, MUSEUMS)
    assert again.approvals == 2
    await courier.deliver()
    told = await store.outgoing(again)
    assert (told.taken, told.refused, told.waiting) == (5, 0, 0)
