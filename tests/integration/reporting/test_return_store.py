from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kokemus.contracts.codes import CodeLists
from kokemus.migrations import migrate
from reporting.domain.outgoing import Outgoing, Refusal
from reporting.domain.return_events import Approved, events_of
from reporting.domain.returns import Key, Return, ReturnRefusedError, Round, Taken
from reporting.storage import MIGRATIONS
from reporting.storage.returns import ReturnStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = Key(2026, "method", "museot")
WAYS = {"use.kyselyt": "on"}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    address = database_url.replace("postgresql://", "postgresql+psycopg://")
    migrate(address, MIGRATIONS)
    made = create_async_engine(address)
    yield made
    await made.dispose()


@pytest.fixture
async def store(engine: AsyncEngine) -> ReturnStore:
    """A store with an open round."""
    made = ReturnStore(engine)
    await made.keep_round(Round(2026, date(2026, 10, 10), date(2026, 11, 20)), "ilona")
    return made


async def submitted(store: ReturnStore) -> Return:
    draft = await store.save(KEY, "kuva", WAYS, 0, Taken("draft", "sanna", NOW))
    await store.take_step(draft, Taken("submitted", "sanna", NOW))
    found = await store.form(KEY)
    assert found is not None
    return found


async def test_a_draft_is_kept_and_nobody_overwrites_what_they_have_not_seen(
    store: ReturnStore,
) -> None:
    first = await store.save(KEY, "kuva", WAYS, 0, Taken("draft", "sanna", NOW))
    assert (first.answers, first.version, first.state) == (WAYS, 1, "draft")
    with pytest.raises(ReturnRefusedError, match="changed"):
        await store.save(KEY, "kuva", {}, 0, Taken("draft", "liisa", NOW))
    second = await store.save(KEY, "kuva", {}, 1, Taken("draft", "liisa", NOW))
    assert (second.answers, second.version, len(second.steps)) == ({}, 2, 1)


async def test_what_is_submitted_is_no_draft_any_more(store: ReturnStore) -> None:
    seen = await submitted(store)
    with pytest.raises(ReturnRefusedError, match="wrong_state"):
        await store.save(KEY, "kuva", {}, seen.version, Taken("draft", "sanna", NOW))


async def test_an_approval_and_its_events_are_kept_together_until_they_are_taken_in(
    store: ReturnStore,
) -> None:
    seen = await submitted(store)
    told = Approved(seen.id, "method", "museot", 2026, 1, NOW, seen.answers)
    made = events_of(told, CodeLists.load())
    await store.take_step(seen, Taken("approved", "heikki", NOW), made)
    with pytest.raises(ReturnRefusedError, match="changed"):
        await store.take_step(seen, Taken("approved", "heikki", NOW), made)
    assert await store.forms_waiting() == [seen.id]
    waiting = await store.waiting(seen.id)
    assert len(waiting) == len(made) == 5
    last = waiting[-1].number
    await store.settle([one.number for one in waiting], {last: Refusal(422, "no such entity")})
    assert await store.forms_waiting() == []
    assert await store.waiting(seen.id) == []
    assert await store.outgoing(seen) == Outgoing(0, 4, 1, [Refusal(422, "no such entity")])


async def test_the_database_itself_lets_nobody_approve_their_own_return(
    store: ReturnStore, engine: AsyncEngine
) -> None:
    seen = await submitted(store)
    with pytest.raises(DBAPIError, match="nobody approves their own return"):
        await store.take_step(seen, Taken("approved", "sanna", NOW))
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM return_step"))


async def test_a_form_is_handed_on_before_it_is_begun_and_the_log_says_so(
    store: ReturnStore, engine: AsyncEngine
) -> None:
    await store.delegate(KEY, "kuva", "liisa", "sanna")
    (found,) = await store.forms(2026)
    assert (found.delegate, found.state, found.version) == ("liisa", None, 0)
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT actor, action, detail FROM audit ORDER BY id"))
        assert [tuple(row) for row in rows][-1] == ("sanna", "return.delegated", "liisa")
