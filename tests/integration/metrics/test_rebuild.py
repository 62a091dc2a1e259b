"""What is rebuilt from the archive is what stands live, cell by cell, or is named; and swapped."""

import csv
import os
import re
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer
from confluent_kafka import TopicPartition as Place
from kafka import TopicPartition
from kafka.errors import KafkaError

from kokemus.contracts import events, wire
from kokemus_platform import topics as topic_tools
from metrics.archive.files import ArchiveFiles
from metrics.domain.seen import shard_of
from metrics.storage.rebuilt import Schemas
from support.counting import Counting, busy_city, busy_days, press, wait_until
from support.every_voice import every_voice

FULL = os.environ.get("KOKEMUS_TEST_FULL") == "1"
EVENTS = 5_000_000 if FULL else 320_000
"""A quarter of them fills a batch in each partition: from there on memory may not grow."""
CHUNK = 20_000
"""Events that the test holds in memory."""

pytestmark = pytest.mark.timeout(3_600 if FULL else 240)


def run(counting: Counting, *options: str) -> subprocess.CompletedProcess[str]:
    """The operator's command."""
    return subprocess.run(
        [sys.executable, "-m", "kokemus_platform.main", "rebuild", *options],
        env=environment(counting),
        capture_output=True,
        text=True,
        check=False,
    )


def environment(counting: Counting) -> dict[str, str]:
    return {
        **os.environ,
        "KOKEMUS_KAFKA_BOOTSTRAP": counting.bootstrap,
        "KOKEMUS_TOPIC_PREFIX": counting.prefix,
        "KOKEMUS_DATABASE_URL": counting.database_url,
        "KOKEMUS_ARCHIVE_URL": counting.archive,
    }


def compared(told: str) -> dict[str, tuple[int, int]]:
    """By table how many cells were compared, and how many differ."""
    rows = re.findall(r"^ *(\w+) +([\d,]+) +[\d,]+ +([\d,]+) *$", told, re.MULTILINE)
    return {name: (number(cells), number(differing)) for name, cells, differing in rows}


def number(shown: str) -> int:
    return int(shown.replace(",", ""))


def archived(counting: Counting) -> int:
    files = ArchiveFiles(counting.archive)
    return sum(
        piece.last + 1 - piece.first for place in files.places() for piece in files.pieces(place)
    )


def counted(counting: Counting, sent: list[events.Event]) -> None:
    """Sends events to a consumer and an archiver, and waits for the figures."""
    counting.start()
    counting.start(command="archive")
    counting.send(sent)
    counting.wait_for(len(sent))


def execute(counting: Counting, statement: str) -> int:
    with counting.connect() as connection:
        return connection.execute(statement).rowcount


FALSIFIED = {
    "day_counts": "UPDATE day_counts SET counts[1] = counts[1] + 1 WHERE ctid ="
    " (SELECT ctid FROM day_counts WHERE cardinality(counts) = 4 AND 0 <> ANY(counts) LIMIT 1)",
    "feedback": "UPDATE feedback SET kind = 'kiitos', entity = 'hoiva' WHERE feedback_id ="
    " (SELECT feedback_id FROM feedback WHERE kind <> 'kiitos' LIMIT 1)",
    "method_reports": "DELETE FROM method_reports WHERE ctid ="
    " (SELECT ctid FROM method_reports LIMIT 1)",
    "entity_validities": "UPDATE entity_validities SET name_fi = name_fi || ' ' WHERE ctid ="
    " (SELECT ctid FROM entity_validities LIMIT 1)",
}
"""By table a statement that spoils one cell of it."""


def test_what_is_rebuilt_equals_every_cell_and_a_falsified_one_is_named(
    counting: Counting, tmp_path: Path
) -> None:
    sent = [*every_voice(8, seed=1), *busy_days(1_500, seed=2)]
    counted(counting, sent)
    wait_until(lambda: archived(counting) >= len(sent) // 2, 60, counting.logs)
    equal = run(counting)
    assert equal.returncode == 0, equal.stdout + equal.stderr
    found = compared(equal.stdout)
    empty = {name for name, (cells, _) in found.items() if not cells}
    assert not empty - {"surveys"}, equal.stdout  # which is there for code that still runs
    for statement in FALSIFIED.values():
        assert execute(counting, statement) == 1
    report = tmp_path / "differing.csv"
    differs = run(counting, "--csv", str(report))
    assert differs.returncode == 1
    named = [row["table"] for row in csv.DictReader(report.read_text().splitlines())]
    assert sorted(set(named)) == sorted(FALSIFIED)
    assert sum(differing for _, differing in compared(differs.stdout).values()) == len(named)


def announced(counting: Counting, entity: str) -> bool:
    """Whether a change of an entity was announced."""
    consumer = Consumer(
        {
            "bootstrap.servers": counting.bootstrap,
            "group.id": "kokemus-test",
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    consumer.assign([Place(f"{counting.prefix}metrics-changed.v1", 0, OFFSET_BEGINNING)])
    keys = set()
    while (message := consumer.poll(20)) is not None and message.error() is None:
        keys.add(message.key())
    consumer.close()
    return entity.encode() in keys


def test_a_swap_while_events_come_loses_and_doubles_nothing_and_is_announced(
    counting: Counting,
) -> None:
    sent, later = busy_city(2_000, seed=4), busy_city(2_000, seed=5)
    counted(counting, sent)
    execute(counting, "UPDATE day_counts SET counts[1] = counts[1] + 5")
    execute(counting, "UPDATE feedback SET kind = 'muu'")
    execute(
        counting,
        "INSERT INTO reason_counts (entity, source, device, channel, day, polarity, reason, count)"
        " VALUES ('nobody', 's', 'd', 'kiosk', '2026-03-01', 'negative', 'r', 3)",
    )
    assert run(counting).returncode == 1
    again = [*sent[:300], *later]
    sender = threading.Thread(target=counting.send, args=(again,))
    sender.start()
    swapped = run(counting, "--swap")
    sender.join()
    assert swapped.returncode == 0, swapped.stdout + swapped.stderr
    counting.send(later[:200])
    counting.wait_for(len(sent) + len(again) + 200)
    counting.assert_exact([*sent, *later])
    wait_until(lambda: announced(counting, "nobody"), 30, counting.logs)
    assert run(counting).returncode == 0
    assert "--drop-old" in run(counting, "--swap").stderr
    assert "is dropped" in run(counting, "--drop-old").stdout
    assert run(counting, "--swap").returncode == 0


def test_a_consumer_forgets_row_ids_with_the_counts_that_gave_them(counting: Counting) -> None:
    """A rebuild goes by partitions, so it gives the rows of these two out the other way round."""
    units = sorted((f"unit-{n}" for n in range(8)), key=lambda unit: -(shard_of(unit) % 8))
    first = [press(id="1", subject=units[0]), press(id="2", subject=units[-1])]
    counting.start()
    for number, one in enumerate(first, 1):
        counting.send([one])
        counting.wait_for(number)
    assert run(counting).returncode == 0
    assert run(counting, "--swap").returncode == 0
    third = press(id="3", subject=units[0])
    counting.send([third])
    counting.wait_for(3)
    counting.assert_exact([*first, third])


def test_one_rebuild_at_a_time_and_none_is_swapped_before_it_is_compared(
    apache: Counting,
) -> None:
    with Schemas.held(apache.database_url) as schemas:
        schemas.create()  # and no more: as if it had been killed
        assert "another rebuild is at work" in run(apache).stderr
    told = run(apache, "--swap")
    assert (told.returncode, told.stdout) == (1, "")
    assert "nothing is rebuilt and compared yet" in told.stderr
    assert run(apache).returncode == 0
    assert run(apache, "--swap").returncode == 0


def test_a_rebuild_that_is_killed_is_begun_anew(apache: Counting) -> None:
    sent = busy_days(6_000, seed=8)
    counted(apache, sent)
    process = subprocess.Popen(
        [sys.executable, "-m", "metrics.main", "rebuild"], env=environment(apache)
    )
    rebuilt = "SELECT FROM public_rebuilt.partition_offsets WHERE next_offset > 0"
    wait_until(lambda: stands(apache) and execute(apache, rebuilt) > 0, 60, apache.logs)
    process.kill()
    process.wait()
    assert run(apache, "--swap").returncode == 1
    done = run(apache)
    assert done.returncode == 0, done.stdout + done.stderr


def stands(counting: Counting) -> bool:
    found = "SELECT FROM pg_tables WHERE schemaname = 'public_rebuilt' AND tablename = 'changed'"
    return execute(counting, found) > 0


def test_what_is_nowhere_any_more_is_named_and_never_swapped_away(apache: Counting) -> None:
    sent = busy_days(1_000, seed=9)
    counted(apache, sent)
    wait_until(lambda: archived(apache) >= len(sent), 60, apache.logs)
    apache.kill()
    lost = max(Path(apache.archive).glob("*/*/*.parquet"), key=lambda file: file.stat().st_size)
    lost.unlink()
    assert run(apache).returncode == 0  # its topic still has it
    with topic_tools.admin(apache.bootstrap) as client:
        client.delete_records({TopicPartition(apache.topic, number): -1 for number in range(8)})
    told = run(apache)
    assert told.returncode == 1
    first, last = (int(offset) for offset in lost.stem.split("-"))
    assert f"partition {lost.parent.name}, offsets {first} to {last}" in told.stdout
    refused = run(apache, "--swap")
    assert (refused.returncode, "a swap would lose" in refused.stderr) == (1, True)
    apache.assert_exact(sent)


def test_a_topic_shorter_than_what_was_counted_is_named_and_never_swapped(
    apache: Counting,
) -> None:
    sent = busy_days(300, seed=8)
    apache.start()
    apache.send(sent)
    apache.wait_for(len(sent))
    apache.kill()
    assert execute(
        apache, "UPDATE partition_offsets SET next_offset = next_offset + 7 WHERE next_offset > 0"
    )
    for options in ((), ("--swap",)):
        told = run(apache, *options)
        assert told.returncode == 1
        assert "neither archived nor on its topic" in told.stdout + told.stderr
    apache.assert_exact(sent)


def test_what_an_earlier_life_of_a_topic_held_is_counted_from_the_archive(
    apache: Counting,
) -> None:
    """The new life is shorter, and those who count go on from beyond its end."""
    first, second = busy_days(500, seed=10), busy_days(300, seed=11)
    counted(apache, first)
    wait_until(lambda: archived(apache) >= len(first), 60, apache.logs)
    with topic_tools.admin(apache.bootstrap) as client:
        client.delete_topics([apache.topic])
    wait_until(lambda: made_anew(apache), 30)
    again = [*second, *first[:100]]
    apache.send(again)
    apache.wait_for(len(first) + len(again))
    done = run(apache)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run(apache, "--swap").returncode == 0
    apache.assert_exact([*first, *second])


def made_anew(counting: Counting) -> bool:
    """Makes the topics that are missing; not yet while the broker still deletes one."""
    try:
        topic_tools.apply(counting.bootstrap, counting.prefix)
    except (topic_tools.Incomplete, KafkaError):
        return False
    return True


def test_whoever_may_read_the_live_counts_may_read_those_that_take_their_place(
    apache: Counting,
) -> None:
    counted(apache, busy_days(10, seed=12))
    reader = apache.prefix.removesuffix(".")
    with apache.connect() as connection:
        connection.execute(f"CREATE ROLE {reader}; GRANT SELECT ON feedback TO {reader}")
        connection.execute(f"GRANT USAGE ON SCHEMA public TO {reader}")
    assert run(apache).returncode == 0
    assert run(apache, "--swap").returncode == 0
    may = (
        f"SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename = 'feedback'"
        f" AND has_table_privilege('{reader}', 'public.feedback', 'SELECT')"
        f" AND has_schema_privilege('{reader}', 'public', 'USAGE')"
    )
    found = execute(apache, may)
    execute(apache, f"DROP OWNED BY {reader}; DROP ROLE {reader}")
    assert found == 1


def test_four_times_the_events_take_no_more_memory(apache: Counting) -> None:
    peaks, sent = [], 0
    apache.start()
    apache.start(command="archive")
    for events_by_then in (EVENTS // 4, EVENTS):
        voices = [*busy_days(CHUNK // 4, seed=sent), *every_voice(3, seed=sent)]
        apache.send(voices)
        sent += len(voices)
        while sent < events_by_then:
            apache.send_raw(presses(apache, sent))
            sent += CHUNK
        _, _, dead = apache.wait_for(sent, seconds=600)
        assert dead == 0
        wait_until(partial(has_archived, apache, sent), 600, apache.logs)
        peaks.append(peak_memory(apache))
    assert peaks[1] < 1.2 * peaks[0], peaks


def presses(counting: Counting, first: int) -> list[tuple[bytes, bytes, str]]:
    """A chunk of presses over a quarter of a year, as they lie on the topic; quickly made."""
    made = press(id="press-ID", subject="unit-SUBJECT", time=datetime(2026, 1, 1, tzinfo=UTC))
    form = wire.encode(made).decode()
    records = []
    for number in range(first, first + CHUNK):
        subject, day = f"unit-{number % 397}", date(2026, 1, 1) + timedelta(number % 89)
        told = form.replace("press-ID", f"press-{number}").replace("unit-SUBJECT", subject)
        told = told.replace("2026-01-01", str(day)).replace('"value":3', f'"value":{number % 4}')
        records.append((subject.encode(), told.encode(), counting.topic))
    return records


def has_archived(counting: Counting, records: int) -> bool:
    return archived(counting) >= records


def peak_memory(counting: Counting) -> int:
    """Rebuilds, and finds nothing that differs; the most memory that it took, in kB."""
    command = [sys.executable, "-m", "metrics.main", "rebuild"]
    process = subprocess.Popen(command, env=environment(counting), stdout=subprocess.DEVNULL)
    status, peak = Path(f"/proc/{process.pid}/status"), 0

    def ended() -> bool:
        nonlocal peak
        told = re.search(r"VmHWM:\s+(\d+)", status.read_text())
        peak = int(told[1]) if told else peak
        return process.poll() is not None

    wait_until(ended, 1_800)
    assert process.returncode == 0
    return peak
