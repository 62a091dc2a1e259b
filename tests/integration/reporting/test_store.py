from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from kokemus.migrations import migrate
from reporting.disclosure.publishing import protect
from reporting.domain.audit import Sought
from reporting.domain.releases import Content, Step, StepRefusedError, canonical
from reporting.storage import MIGRATIONS
from reporting.storage.audit import AuditStore
from reporting.storage.releases import ReleaseStore
from reporting.storage.sessions import SessionStore
from support.release_builders import SPAN, content, entity, live

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def store(engine: AsyncEngine) -> ReleaseStore:
    return ReleaseStore(engine)


async def published(store: ReleaseStore, made: Content, by: str = "reeta") -> str:
    id_ = await store.keep_draft(made, by, NOW)
    await store.take_step(id_, Step("checked", by, NOW))
    await store.take_step(id_, Step("approved", "aino", NOW))
    await store.take_step(id_, Step("published", "aino", NOW))
    return id_


async def test_a_published_release_gives_its_exact_bytes(store: ReleaseStore) -> None:
    made = content(live())
    id_ = await published(store, made)
    release = await store.release(id_)
    assert release is not None
    assert await store.body(release.hash) == canonical(made)
    assert await store.current("public-monthly") == release
    assert [step.by for step in release.steps] == ["reeta", "reeta", "aino", "aino"]


async def test_publishing_supersedes_the_release_before(store: ReleaseStore) -> None:
    first = await published(store, content(live(rounded=87)))
    second = await published(store, content(live(rounded=88)))
    states = {one.id: one.state for one in await store.releases()}
    assert states == {first: "superseded", second: "published"}
    current = await store.current("public-monthly")
    assert current is not None
    assert current.id == second


async def test_the_same_draft_twice_is_one_release_and_a_published_one_is_refused(
    store: ReleaseStore,
) -> None:
    made = content(live())
    assert await store.keep_draft(made, "reeta", NOW) == await store.keep_draft(made, "eero", NOW)
    await store.take_step((await store.releases())[0].id, Step("checked", "reeta", NOW))
    await published_from_checked(store)
    with pytest.raises(StepRefusedError, match="unchanged"):
        await store.keep_draft(made, "eero", NOW)


async def published_from_checked(store: ReleaseStore) -> None:
    (release,) = await store.releases()
    await store.take_step(release.id, Step("approved", "aino", NOW))
    await store.take_step(release.id, Step("published", "aino", NOW))


async def test_a_withdrawn_release_loses_its_content_and_the_one_before_does_not_come_back(
    store: ReleaseStore,
) -> None:
    await published(store, content(live(rounded=87)))
    last = await published(store, content(live(rounded=88)))
    (withdrawn,) = await store.take_step(last, Step("withdrawn", "aino", NOW, "a small cell"))
    assert await store.body(withdrawn.hash) is None
    assert await store.current("public-monthly") is None
    latest = await store.latest_public("public-monthly")
    assert latest is not None
    assert (latest.id, latest.state) == (last, "withdrawn")


async def test_nobody_approves_their_own_draft_not_even_past_the_code(
    store: ReleaseStore, engine: AsyncEngine
) -> None:
    id_ = await store.keep_draft(content(live()), "aino", NOW)
    await store.take_step(id_, Step("checked", "aino", NOW))
    with pytest.raises(StepRefusedError, match="own_draft"):
        await store.take_step(id_, Step("approved", "aino", NOW))
    statement = (
        "INSERT INTO step (release_id, seq, state, taken_by, at)"
        " VALUES (:id, 2, 'approved', 'aino', now())"
    )
    with pytest.raises(DBAPIError, match="own draft"):
        await execute(engine, statement, id=id_)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE release SET period_end = '2030-01-01'",
        "DELETE FROM release",
        "TRUNCATE release CASCADE",
        "UPDATE step SET taken_by = 'somebody'",
        "DELETE FROM step",
        "UPDATE audit SET actor = 'somebody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "UPDATE content SET body = 'x'",
        "DELETE FROM content",
        "TRUNCATE content",
        "INSERT INTO content VALUES ('sha256:' || repeat('0', 64), 'x')",
    ],
)
async def test_the_database_itself_keeps_what_must_not_change(
    store: ReleaseStore, engine: AsyncEngine, statement: str
) -> None:
    await published(store, content(live()))
    with pytest.raises(DBAPIError):
        await execute(engine, statement)


async def test_every_step_is_in_the_audit_log(store: ReleaseStore, engine: AsyncEngine) -> None:
    await published(store, content(live()))
    found = await AuditStore(engine).rows(Sought(), ZoneInfo("Europe/Helsinki"), 10)
    rows = [(row.actor, row.action) for row in found]
    assert rows == [
        ("aino", "release.published"),
        ("aino", "release.approved"),
        ("reeta", "release.checked"),
        ("reeta", "release.drafted"),
    ]


async def test_an_unknown_release_is_a_key_error(store: ReleaseStore) -> None:
    with pytest.raises(KeyError):
        await store.take_step("nothing", Step("approved", "aino", NOW))


async def test_an_ended_session_stays_ended(engine: AsyncEngine) -> None:
    sessions = SessionStore(engine)
    await sessions.end("abc", datetime(2100, 1, 1, tzinfo=UTC))
    await sessions.end("abc", datetime(2100, 1, 1, tzinfo=UTC))
    assert await sessions.ended("abc")
    assert not await sessions.ended("other")


async def test_what_is_used_up_is_forgotten_once_it_would_have_expired(engine: AsyncEngine) -> None:
    """Else whoever begins sign-ins without end could fill the database."""
    sessions = SessionStore(engine)
    assert await sessions.begin("s", datetime(2020, 1, 1, tzinfo=UTC))
    assert await sessions.begin("t", datetime(2100, 1, 1, tzinfo=UTC))
    assert not await sessions.begin("t", datetime(2100, 1, 1, tzinfo=UTC))
    assert await sessions.begin("s", datetime(2020, 1, 1, tzinfo=UTC))


async def test_migrating_twice_changes_nothing(engine: AsyncEngine, database_url: str) -> None:
    migrate(database_url.replace("postgresql://", "postgresql+psycopg://"), MIGRATIONS)
    assert await ReleaseStore(engine).releases() == []


async def execute(engine: AsyncEngine, statement: str, **values: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def test_who_drafted_before_another_release_was_published_drafts_again(
    store: ReleaseStore,
) -> None:
    """What was published since may tell what the draft hides."""
    draft = await store.keep_draft(content(live(rounded=90)), "reeta", NOW)
    await store.take_step(draft, Step("checked", "reeta", NOW))
    await published(store, content(live(rounded=87)))
    with pytest.raises(StepRefusedError, match="outdated"):
        await store.take_step(draft, Step("approved", "aino", NOW))


async def test_counts_behind_a_release_are_remembered_once_it_is_published_and_for_ever(
    store: ReleaseStore,
) -> None:
    rows = [
        live("feedback_count", number, entity=name, channel="web_feedback", scale=None, n=number)
        for name, number in (("kuva", 75), ("kirjastot", 3), ("museot", 72))
    ]
    tree = [entity("kuva", "division"), entity("kirjastot", "service_entity", "kuva"),
            entity("museot", "service_entity", "kuva")]  # fmt: skip
    made = protect(rows, tree, SPAN)
    id_ = await store.keep_draft(content(live()), "reeta", NOW, made)
    assert await store.report(id_) == made.report
    assert await store.kept() == []
    await store.take_step(id_, Step("checked", "reeta", NOW))
    await store.take_step(id_, Step("approved", "aino", NOW))
    await store.take_step(id_, Step("published", "aino", NOW))
    await store.take_step(id_, Step("withdrawn", "aino", NOW, "syy"))
    assert {(one.id.split("|")[1], one.count) for one in await store.kept()} == {
        ("kuva", 75), ("kirjastot", 3), ("museot", 72),
    }  # fmt: skip
