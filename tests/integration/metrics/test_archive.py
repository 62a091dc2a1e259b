"""The archive has every record once, over crashes; and gaps are filled from it."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from kafka import TopicPartition
from moto.server import ThreadedMotoServer

from kokemus.contracts import events, wire
from kokemus.errors import Unavailable
from kokemus.telemetry import Meters
from kokemus_platform import topics as topic_tools
from metrics.api_app import create_app
from metrics.archive.files import ArchiveFiles, Record
from metrics.settings import ApiSettings
from metrics.storage.gaps import Gap, GapStore
from support.counting import HELSINKI, TOPIC, Counting, busy_days, wait_until

pytestmark = pytest.mark.timeout(180)


def archived(counting: Counting) -> list[Record]:
    files = ArchiveFiles(counting.archive)
    return [
        record
        for place in files.places()
        for some in files.read(place, 0, 2**60)
        for record in some
        if record.name == counting.topic
    ]


def has(counting: Counting, records: int) -> bool:
    return len(archived(counting)) >= records


def test_an_archiver_that_is_killed_again_and_again_leaves_each_record_once(
    counting: Counting,
) -> None:
    chance = random.Random(5)
    sent: list[events.Event] = []
    for seed in range(3):
        counting.start(command="archive")
        enough = len(sent) + chance.randrange(400)
        some = busy_days(400, seed=seed)
        sent += some
        counting.send(some)
        wait_until(partial(has, counting, enough), 60, counting.logs)
        counting.kill()
    counting.start(command="archive")
    wait_until(lambda: len(archived(counting)) >= len(sent), 60, counting.logs)
    found = archived(counting)
    assert len({(one.number, one.at) for one in found}) == len(found) == len(sent)
    assert Counter(one.raw_value for one in found) == Counter(map(wire.encode, sent))


def test_a_filler_begins_anew_once_other_counts_stand_in_the_place_of_those_it_knew(
    counting: Counting,
) -> None:
    gap, key = Gap("topic", "an-id", 0, 5, 9), ("an-id", 0)
    copied = "CREATE TABLE {0} (LIKE {0}_replaced INCLUDING ALL)"
    store = GapStore(counting.database_url, HELSINKI)
    with closing(store), counting.connect() as connection:
        connection.execute(
            "INSERT INTO partition_offsets (topic, topic_id, partition, next_offset)"
            " VALUES ('topic', 'an-id', 0, 10)"
        )
        connection.execute("INSERT INTO gaps VALUES ('an-id', 0, 5, 9)")
        assert store.states({key: "topic"})[key].next_offset == 5
        connection.execute("ALTER TABLE gaps RENAME TO gaps_replaced")
        connection.execute(copied.format("gaps"))
        connection.execute("INSERT INTO gaps VALUES ('an-id', 0, 2, 9)")
        store.close_up(gap, 10)
        assert connection.execute("SELECT first_offset FROM gaps").fetchall() == [(2,)]
        with pytest.raises(Unavailable):
            store.states({key: "topic"})
        assert store.states({key: "topic"})[key].next_offset == 2


@pytest.fixture
def stored_in_s3(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    """Counting whose archive is a bucket of a server that speaks S3."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "not-a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        counting.archive_url = (
            f"s3://archive/kokemus?endpoint_override={host}:{port}&scheme=http"
            "&allow_bucket_creation=true"
        )
        yield counting
    finally:
        server.stop()


def test_an_archive_in_s3_has_each_record_once_over_crashes_and_twice_written_is_once(
    stored_in_s3: Counting,
) -> None:
    counting, sent = stored_in_s3, busy_days(600, seed=4)
    counting.start(command="archive")
    counting.send(sent[:300])
    wait_until(partial(has, counting, 100), 60, counting.logs)
    counting.kill()
    files = ArchiveFiles(counting.archive)
    for place in files.places():
        for piece in files.pieces(place):
            records = [one for some in files.read(place, *piece) for one in some]
            assert files.write(place, records) == piece
    counting.start(command="archive")
    counting.send(sent[300:])
    wait_until(partial(has, counting, len(sent)), 60, counting.logs)
    found = archived(counting)
    assert len({(one.number, one.at) for one in found}) == len(found)
    assert Counter(one.raw_value for one in found) == Counter(map(wire.encode, sent))


def test_what_no_contract_can_read_is_archived_without_what_it_says(counting: Counting) -> None:
    counting.start(command="archive")
    counting.send_raw([(b"k", b"Testinen Esimerkki is no event", counting.topic)])
    counting.send(busy_days(10, seed=1))
    wait_until(lambda: len(archived(counting)) >= 11, 60, counting.logs)
    (dead,) = [one for one in archived(counting) if one.dead]
    assert (dead.raw_key, dead.raw_value, dead.raw_headers) == (None, None, [])


def test_a_gap_is_filled_from_the_archive_once_and_settles(
    apache: Counting, keys_file: Path, token: str
) -> None:
    sent = busy_days(1_000, seed=15)
    apache.start(command="archive")
    apache.send(sent)
    apache.send_raw([(b"k", b"no event", apache.topic)])
    wait_until(lambda: len(archived(apache)) > len(sent), 60, apache.logs)
    apache.kill()
    with topic_tools.admin(apache.bootstrap) as client:
        client.delete_records({TopicPartition(apache.topic, number): -1 for number in range(8)})
    late = [*busy_days(300, seed=16), *sent[:100]]
    apache.send(late)
    apache.start()
    apache.wait_for(len(late))
    assert gaps(apache) > 0
    assert not asyncio.run(settled(apache, keys_file, token))
    apache.start(command="archive")
    wait_until(lambda: gaps(apache) == 0, 60, apache.logs)
    assert asyncio.run(settled(apache, keys_file, token))
    apache.assert_exact([*sent, *late])


async def settled(counting: Counting, keys_file: Path, token: str) -> bool:
    """What `/v1/status` says."""
    settings = ApiSettings(
        kafka_bootstrap=counting.bootstrap,
        topic_prefix=counting.prefix,
        database_url=counting.database_url,
        keys_file=keys_file,
    )
    app = create_app(settings, Meters())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://metrics",
            headers={"Authorization": f"Bearer {token}"},
        ) as client,
    ):
        return bool((await client.get("/v1/status")).json()["settled"])


def gaps(counting: Counting) -> int:
    with counting.connect() as connection:
        row = connection.execute("SELECT count(*) FROM gaps").fetchone()
    assert row is not None
    return int(row[0])


def test_a_period_that_is_put_back_changes_no_figure(counting: Counting) -> None:
    sent = busy_days(300, seed=7)
    counting.start()
    counting.start(command="archive")
    counting.send(sent)
    counting.send_raw([(b"k", b"no event", counting.topic)])
    counting.wait_for(len(sent) + 1)
    wait_until(lambda: len(archived(counting)) > len(sent), 60, counting.logs)
    told = replay(counting)
    assert f"{len(sent)} records found" in told
    assert counting.progress()[1] == 0
    assert f"{len(sent)} records put back" in replay(counting, "--send")
    counting.wait_for(2 * len(sent) + 1)
    counting.assert_exact(sent)


def replay(counting: Counting, *more: str) -> str:
    """What `replay` says of all that was appended since yesterday."""
    today = datetime.now(UTC).date()
    days = ("--from", str(today - timedelta(1)), "--to", str(today))
    done = subprocess.run(
        [sys.executable, "-m", "kokemus_platform.main", "replay", TOPIC, *days, *more],
        env={
            **os.environ,
            "KOKEMUS_KAFKA_BOOTSTRAP": counting.bootstrap,
            "KOKEMUS_TOPIC_PREFIX": counting.prefix,
            "KOKEMUS_ARCHIVE_URL": counting.archive,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
