"""What counting is measured on: a topic of presses, and databases that have seen ids before."""

import os
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from confluent_kafka import Producer
from rich.progress import Progress

from benchmarks.parts import UNITS
from kokemus.contracts import events, wire
from kokemus.migrations import migrate
from kokemus_platform import topics
from kokemus_platform.postgres import Postgres
from metrics.domain.seen import HASH_BYTES, SHARDS
from metrics.storage import MIGRATIONS
from support.counting import HELSINKI, TOPIC

DAYS: Final = 90
REPEATED: Final = 0.01
CHUNK: Final = 5_000
"""Ids in an entry of a shard's log."""


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


def fill_topic(bootstrap: str, count: int, shown: Progress) -> Filled:
    """Writes presses of 90 days in the order of time, some of them twice."""
    prefix = f"bench{secrets.token_hex(4)}."
    topics.apply(bootstrap, prefix)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": 20,
            "log_level": 3,
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


def template(seen: int) -> str:
    """The name of the database that has seen so many ids."""
    return f"seen_{seen}"


def prepare(server: Postgres, seen: int, shown: Progress) -> None:
    """Makes the database that rounds are copies of: the schema, and the ids seen."""
    with server.connect() as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [template(seen)]
        ).fetchone()
    if known:
        return
    migrate(server.create_database(template(seen)), MIGRATIONS)
    if seen:
        task = shown.add_task("filling the ids seen", total=seen)
        with server.connect(template(seen)) as connection:
            for filled in _fill_seen(connection, seen):
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
