"""What the store does with what no test of the whole consumer can bring about at will."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kokemus.errors import Unavailable
from kokemus.migrations import migrate
from metrics.storage import MIGRATIONS
from metrics.storage.counting import CountingStore, Partition, Slice, Stale, Work
from metrics.storage.gaps import GapStore

PLACE: Partition = ("topic-id", 0)


@pytest.fixture
def store(database_url: str) -> Iterator[CountingStore]:
    migrate(database_url, MIGRATIONS)
    opened = CountingStore(database_url, ZoneInfo("Europe/Helsinki"))
    opened.states({PLACE: "topic"})
    yield opened
    opened.close()


@pytest.fixture
def ask(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("milliseconds", [2**63 - 1, -1, -(2**63)])
def test_a_time_that_no_broker_can_have_appended_at_stops_nothing(
    store: CountingStore, ask: psycopg.Connection[Any], milliseconds: int
) -> None:
    store.commit(Work({PLACE: Slice("topic", start=0, end=5, watermark_ms=milliseconds)}))
    row = ask.execute("SELECT next_offset, watermark FROM partition_offsets").fetchone()
    assert row is not None
    assert row[0] == 5
    assert row[1] < datetime.now(UTC) + timedelta(minutes=1)


def test_no_gap_is_recorded_where_somebody_has_counted_meanwhile(
    store: CountingStore, ask: psycopg.Connection[Any]
) -> None:
    store.commit(Work({PLACE: Slice("topic", start=0, end=50, watermark_ms=0)}))
    store.record_gap(PLACE, 0, 40)  # by what was read before that
    assert ask.execute("SELECT FROM gaps").fetchall() == []
    store.record_gap(PLACE, 50, 59)
    gaps = ask.execute("SELECT first_offset, last_offset FROM gaps").fetchall()
    assert gaps == [(50, 59)]
    assert store.states({PLACE: "topic"})[PLACE].next_offset == 60


def test_counts_that_were_swapped_in_get_nothing_of_what_is_known_of_those_before(
    store: CountingStore, ask: psycopg.Connection[Any]
) -> None:
    ask.execute("CREATE SCHEMA before; ALTER TABLE partition_offsets SET SCHEMA before")
    ask.execute("CREATE TABLE partition_offsets (LIKE before.partition_offsets INCLUDING ALL)")
    ask.execute("INSERT INTO partition_offsets SELECT * FROM before.partition_offsets")
    work = Work({PLACE: Slice("topic", start=0, end=5, watermark_ms=0)})
    with pytest.raises(Stale):
        store.commit(work)
    store.states({PLACE: "topic"})
    store.commit(work)


def test_a_gap_of_counts_that_were_swapped_in_gets_nothing_of_what_is_known_of_those_before(
    database_url: str, store: CountingStore, ask: psycopg.Connection[Any]
) -> None:
    store.record_gap(PLACE, 0, 9)
    filling = GapStore(database_url, ZoneInfo("Europe/Helsinki"))
    filling.states({PLACE: "topic"})
    ask.execute("CREATE SCHEMA before; ALTER TABLE gaps SET SCHEMA before")
    ask.execute("CREATE TABLE gaps (LIKE before.gaps INCLUDING ALL)")
    ask.execute("INSERT INTO gaps SELECT * FROM before.gaps")
    work = Work({PLACE: Slice("topic", start=0, end=5, watermark_ms=0)})
    with pytest.raises(Stale):
        filling.commit(work)
    with pytest.raises(Unavailable):
        filling.states({PLACE: "topic"})
    filling.states({PLACE: "topic"})
    filling.commit(work)
    assert [gap.first for gap in filling.gaps()] == [5]
    ask.execute("DELETE FROM gaps")
    with pytest.raises(Unavailable):
        filling.states({PLACE: "topic"})
    filling.close()
