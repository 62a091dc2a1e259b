"""How fast events are counted, beside plain consumption of the same topic in the same run.

Rounds alternate between librdkafka alone, with the consumer's own settings and nothing decoded, and
`metrics consume` as it runs in production: FastStream, validation, dead letters, telemetry, and the
transaction that moves offsets, ids seen and figures. Rates are taken from the moment when every
partition is under way until the last event is committed. The sums are checked each time.
"""

import multiprocessing
import os
import random
import secrets
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from psycopg import sql
from rich.progress import Progress

from benchmarks.parts import (
    UNITS,
    broker,
    database,
    folder,
    load_average,
    memory,
    processor_seconds,
    progress,
)
from kokemus.contracts import events, wire
from kokemus.contracts.topics import declarations
from kokemus.migrations import migrate
from kokemus_platform import topics
from kokemus_platform.measuring import Measured, at_least, below
from kokemus_platform.postgres import Postgres
from metrics.consume_app import _LIBRDKAFKA, BATCH_RECORDS
from metrics.domain.seen import HASH_BYTES, SHARDS
from metrics.storage import MIGRATIONS
from support.counting import HELSINKI, TOPIC, Counting, wait_until

DAYS: Final = 90
REPEATED: Final = 0.01
CHUNK: Final = 5_000
"""Ids in an entry of a shard's log: what a few batches of 10,000 leave after compaction."""
REQUIRED: Final = {1: 0.25, 2: 0.35}
"""The share of plain consumption, by the number of consumers."""
REQUIRED_SEEN: Final = 0.20
SECONDS: Final = 600.0
"""The longest that a round may take."""


@dataclass(frozen=True)
class Filled:
    """A topic with presses, and what counting them must give."""

    bootstrap: str
    prefix: str
    events: int
    distinct: int
    by_value: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.prefix + TOPIC


@dataclass(frozen=True)
class Case:
    """So many consumers, on a database that has seen so many ids."""

    consumers: int
    seen: int

    @property
    def title(self) -> str:
        title = f"{self.consumers} consumer{'s' if self.consumers > 1 else ''}"
        return f"{title}, {self.seen:,} ids seen" if self.seen else title


@dataclass(frozen=True)
class Round:
    """What one round of counting took."""

    rate: float
    processor: float
    """Seconds of all consumers an event."""
    peak: float
    """Megabytes of the largest consumer."""
    first: float
    """Seconds from the database's first answer to the first commit."""


def run(
    bootstrap: str | None = None,
    *,
    count: int = 2_000_000,
    rounds: int = 3,
    consumers: Sequence[int] = (1, 2, 4),
    seen: int = 20_000_000,
) -> list[Measured]:
    """Measures both, side by side.

    Args:
        bootstrap: of the broker; an Apache Kafka is started without.
        count: events on the topic, 1 % of them repeated.
        rounds: of each kind, alternating.
        consumers: numbers of processes to measure.
        seen: ids in the database for a case of its own, with one consumer; 0: none.
    """
    cases = [Case(number, 0) for number in consumers]
    cases += [Case(1, seen)] if seen else []
    raw: list[float] = []
    counted: dict[Case, list[Round]] = {case: [] for case in cases}
    with (
        folder() as place,
        broker(bootstrap, place) as kafka,
        database(place) as server,
        progress() as shown,
    ):
        filled = _fill_topic(kafka, count, shown)
        for case in cases:
            _prepare(server, case, shown)
        task = shown.add_task("measuring", total=rounds * (len(cases) + 1))
        for _ in range(rounds):
            raw.append(_in_a_process(filled))
            shown.advance(task)
            for case in cases:
                counted[case].append(_count(filled, server, case, place))
                shown.advance(task)
    return list(_results(raw, counted))


def _results(raw: Sequence[float], counted: dict[Case, list[Round]]) -> Iterator[Measured]:
    plain = statistics.median(raw)
    yield Measured("load average", load_average())
    yield Measured("plain consumption", f"{plain:,.0f} events/s")
    for case, rounds in counted.items():
        rate = statistics.median(one.rate for one in rounds)
        yield Measured(f"{case.title}: rate", f"{rate:,.0f} events/s")
        share, what = rate / plain, f"{case.title}: share of plain consumption"
        required = REQUIRED_SEEN if case.seen else REQUIRED.get(case.consumers)
        if required:
            yield at_least(what, share, required)
        else:
            yield Measured(what, f"{share:.2f}")
        processor = statistics.median(one.processor for one in rounds)
        yield Measured(f"{case.title}: processor", f"{processor * 1e6:.2f} µs an event")
        peak = max(one.peak for one in rounds)
        limit = 300 + 20 * case.seen / 1e6
        yield below(f"{case.title}: memory of the largest, at most", peak, limit, "MB")
        first = statistics.median(one.first for one in rounds)
        yield Measured(f"{case.title}: until the first commit", f"{first:.1f} s")


def _fill_topic(bootstrap: str, count: int, shown: Progress) -> Filled:
    """Writes presses of 90 days in the order of time, some of them twice."""
    prefix = f"bench{secrets.token_hex(4)}."
    topics.apply(bootstrap, prefix)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": 20,
        }
    )
    task = shown.add_task("filling the topic", total=count)
    by_value, distinct = [0, 0, 0, 0], 0
    chance = random.Random(1)
    kept: list[events.KioskPressed] = []
    for number in range(count):
        again = bool(kept) and chance.random() < REPEATED
        press = chance.choice(kept) if again else _press(chance, number / count)
        if not again:
            distinct += 1
            by_value[press.data.value] += 1
            if number % 100 == 0:
                kept.append(press)
        producer.produce(prefix + TOPIC, wire.encode(press), press.subject)
        if number % 1_000 == 999:
            shown.advance(task, 1_000)
            while len(producer) > 50_000:
                producer.poll(0.01)
            producer.poll(0)
    if producer.flush(60):
        raise RuntimeError("the broker did not take all events")
    shown.update(task, completed=count)
    return Filled(bootstrap, prefix, count, distinct, tuple(by_value))


def _press(chance: random.Random, share: float) -> events.KioskPressed:
    unit = chance.randrange(UNITS)
    day = datetime(2026, 1, 1, tzinfo=HELSINKI) + timedelta(days=int(share * DAYS))
    return events.KioskPressed(
        specversion="1.0",
        id=f"{chance.getrandbits(128):032x}",
        source="happyornot",
        subject=f"device.happyornot.{unit}",
        time=day + timedelta(seconds=chance.randrange(8 * 3_600, 18 * 3_600)),
        data=events.Press(
            device_id=str(unit),
            scale="smiley4",
            value=chance.choice((0, 1, 2, 3, 3, 3)),
            question_id="miten-asiointi-sujui",
            channel="kiosk",
        ),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def _in_a_process(filled: Filled) -> float:
    """Plain consumption in a process of its own, which inherits no memory and no threads."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_consume, filled).result()


def _consume(filled: Filled) -> float:
    """Events a second of librdkafka alone, from the first that comes."""
    consumer = Consumer(
        {
            **_LIBRDKAFKA,
            "bootstrap.servers": filled.bootstrap,
            "group.id": f"{filled.prefix}plain",
            "enable.auto.commit": False,
            "check.crcs": True,
            "max.partition.fetch.bytes": 4 * 1024 * 1024,
            "fetch.wait.max.ms": 500,
        }
    )
    partitions = declarations()[TOPIC].partitions
    consumer.assign([TopicPartition(filled.name, number, 0) for number in range(partitions)])
    found = first = len(consumer.consume(1, 30))
    start = time.perf_counter()
    while found < filled.events:
        found += len(consumer.consume(BATCH_RECORDS, 1))
    taken = time.perf_counter() - start
    consumer.close()
    return (found - first) / taken


def _template(case: Case) -> str:
    return f"seen_{case.seen}"


def _prepare(server: Postgres, case: Case, shown: Progress) -> None:
    """A database that a case's rounds are copies of: the schema, and the ids seen."""
    with server.connect() as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [_template(case)]
        ).fetchone()
    if known:
        return
    migrate(server.create_database(_template(case)), MIGRATIONS)
    if case.seen:
        task = shown.add_task("filling the ids seen", total=case.seen)
        with server.connect(_template(case)) as connection:
            for filled in _fill_seen(connection, case.seen):
                shown.advance(task, filled)
            connection.execute("VACUUM ANALYZE seen")
            connection.execute("CHECKPOINT")


def _fill_seen(connection: psycopg.Connection[Any], count: int) -> Iterator[int]:
    """Writes ids into the shards' logs in turn; gives the number of each chunk's."""
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY seen (topic, shard, seq, hashes) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(["text", "int2", "int8", "bytea"])
        for number, start in enumerate(range(0, count, CHUNK)):
            ids = min(CHUNK, count - start)
            shard, seq = number % SHARDS, number // SHARDS + 1
            copy.write_row((TOPIC, shard, seq, os.urandom(HASH_BYTES * ids)))
            yield ids


def _count(filled: Filled, server: Postgres, case: Case, place: Path) -> Round:
    """One round: consumers wait for a locked table until all have joined, then all go."""
    name = f"round_{secrets.token_hex(4)}"
    with server.connect() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(_template(case))
            )
        )
        connection.execute("CHECKPOINT")
    with Counting(filled.bootstrap, filled.prefix, server.url(name), place) as counting:
        with counting.connect() as gate:
            gate.autocommit = False
            gate.execute("LOCK TABLE partition_offsets")
            counting.start(case.consumers)
            wait_until(lambda: _waiting(server, name) == case.consumers, 60, counting.logs)
        round_ = _timed(counting, filled.events)
        _check(counting, filled)
        for process in counting.processes:
            process.terminate()  # leaves the group at once, which the next round joins
        for process in counting.processes:
            process.wait(15)
    server.drop_database(name)
    return round_


def _waiting(server: Postgres, name: str) -> int:
    with server.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
            [name],
        ).fetchone()
    return int(row[0]) if row else 0


def _timed(counting: Counting, count: int) -> Round:
    """Watches the offsets move until all is counted."""
    pids = [process.pid for process in counting.processes]
    began = time.perf_counter()
    start: tuple[float, int, float] | None = None
    first, done = 0.0, 0
    with counting.connect() as connection:
        while done < count:
            if (now := time.perf_counter()) - began > SECONDS:
                raise TimeoutError(f"{done} of {count} events are counted\n{counting.logs()}")
            if any(process.poll() is not None for process in counting.processes):
                raise RuntimeError(f"a consumer ended\n{counting.logs()}")
            row = connection.execute(
                "SELECT coalesce(sum(next_offset), 0)::bigint, coalesce(min(next_offset), 0)"
                " FROM partition_offsets WHERE topic = %s",
                [counting.topic],
            ).fetchone()
            assert row is not None
            done, least = row
            first = first or (now - began if done else 0.0)
            if start is None and (least > 0 or done == count):
                start = now, done, sum(map(processor_seconds, pids))
            time.sleep(0.02)
    assert start is not None
    now, processor = time.perf_counter(), sum(map(processor_seconds, pids))
    if start[1] == count:  # too few events to see them come
        start = began, 0, 0.0
    events_timed = count - start[1]
    return Round(
        rate=events_timed / (now - start[0]),
        processor=(processor - start[2]) / events_timed,
        peak=max(memory(pid, "VmHWM") for pid in pids),
        first=first,
    )


def _check(counting: Counting, filled: Filled) -> None:
    """Every event is counted once, under its value, and days, months and hours agree."""
    assert counting.progress() == (filled.distinct, filled.events - filled.distinct, 0)
    with counting.connect() as connection:
        for table in ("day_counts", "month_counts"):
            rows = connection.execute(
                f"SELECT sum(n) FROM {table}, unnest(counts) WITH ORDINALITY AS c(n, at)"
                " GROUP BY at ORDER BY at"
            ).fetchall()
            assert tuple(int(row[0]) for row in rows) == filled.by_value, table
        row = connection.execute("SELECT sum(n) FROM hour_counts, unnest(counts) AS n").fetchone()
        assert row is not None
        assert int(row[0]) == filled.distinct
