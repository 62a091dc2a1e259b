"""How fast events are counted, beside plain consumption of the same topic in the same run.

Rounds alternate between librdkafka alone, with the consumer's own settings and nothing decoded, and
`metrics consume` as it runs in production: FastStream, validation, dead letters, telemetry, and the
transaction that moves offsets, ids seen and figures. Rates are taken from the moment when every
partition is under way until the last event is committed. The sums are checked each time.
"""

import gc
import multiprocessing
import secrets
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, TopicPartition
from psycopg import sql

from benchmarks.filling import Filled, fill_topic, prepare, template
from benchmarks.parts import (
    broker,
    database,
    folder,
    load_average,
    memory,
    processor_seconds,
    progress,
)
from kokemus.contracts.topics import declarations
from kokemus_platform.measuring import Measured, at_least, below
from kokemus_platform.postgres import Postgres
from metrics.consume_app import _LIBRDKAFKA, BATCH_RECORDS
from support.counting import TOPIC, Counting, wait_until

REQUIRED: Final = {1: 0.25, 2: 0.35}
"""The share of plain consumption, by the number of consumers."""
REQUIRED_SEEN: Final = 0.20
BYTES_AN_ID: Final = 20
SECONDS: Final = 600.0
"""The longest that a round may take."""


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
class Plain:
    """What one round of plain consumption took."""

    rate: float
    processor: float
    """Seconds an event."""


@dataclass(frozen=True)
class Round(Plain):
    """What one round of counting took, all consumers together."""

    peak: float
    """Megabytes of the largest consumer at its most."""
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
    raw: list[Plain] = []
    counted: dict[Case, list[Round]] = {case: [] for case in cases}
    with (
        folder() as place,
        broker(bootstrap, place) as kafka,
        database(place) as server,
        progress() as shown,
    ):
        filled = fill_topic(kafka, count, shown)
        for case in cases:
            prepare(server, case.seen, shown)
        task = shown.add_task("measuring", total=rounds * (len(cases) + 1))
        for _ in range(rounds):
            raw.append(_in_a_process(filled))
            shown.advance(task)
            for case in cases:
                counted[case].append(_count(filled, server, case, place))
                shown.advance(task)
    return list(_results(filled, raw, counted))


def _results(
    filled: Filled, raw: Sequence[Plain], counted: dict[Case, list[Round]]
) -> Iterator[Measured]:
    yield Measured("load average", load_average())
    plain = statistics.median(one.rate for one in raw)
    yield from _speed("plain consumption", raw)
    for case, rounds in counted.items():
        yield from _speed(case.title, rounds)
        share = statistics.median(one.rate for one in rounds) / plain
        what = f"{case.title}: share of plain consumption"
        required = REQUIRED_SEEN if case.seen else REQUIRED.get(case.consumers)
        if required:
            yield at_least(what, share, required)
        else:
            yield Measured(what, f"{share:.2f}")
        limit = round(300 + BYTES_AN_ID * (case.seen + filled.distinct) / 1e6)
        peak = max(one.peak for one in rounds)
        yield below(f"{case.title}: memory of the largest, at most", peak, limit, "MB")
        first = statistics.median(one.first for one in rounds)
        yield Measured(f"{case.title}: until the first commit", f"{first:.1f} s")


def _speed(title: str, rounds: Sequence[Plain]) -> Iterator[Measured]:
    rate = statistics.median(one.rate for one in rounds)
    processor = statistics.median(one.processor for one in rounds)
    yield Measured(f"{title}: rate", f"{rate:,.0f} events/s")
    yield Measured(f"{title}: processor", f"{processor * 1e6:.2f} µs an event")


def _in_a_process(filled: Filled) -> Plain:
    """Plain consumption in a process of its own, which inherits no memory and no threads."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_consume, filled).result()


def _consume(filled: Filled) -> Plain:
    """Librdkafka alone, from the first event that comes.

    Without garbage collection, which would look through each batch's messages again and again and
    double the cost: plain consumption is held at its best.
    """
    gc.disable()
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
    start, processor = time.perf_counter(), time.process_time()
    while found < filled.events:
        found += len(consumer.consume(BATCH_RECORDS, 1))
    taken, processor = time.perf_counter() - start, time.process_time() - processor
    consumer.close()
    return Plain(rate=(found - first) / taken, processor=processor / (found - first))


def _count(filled: Filled, server: Postgres, case: Case, place: Path) -> Round:
    """One round: consumers wait for a locked table until all have joined, then all go."""
    name = f"round_{secrets.token_hex(4)}"
    with server.connect() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template(case.seen))
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
            process.terminate()
        for process in counting.processes:
            process.wait(15)
        counting.delete_group()
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
