"""Presses, an independent count of them, and counting processes that tests kill and restart."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from kokemus.contracts import events, topics, wire
from kokemus.contracts.topics import Declaration
from kokemus.migrations import migrate
from kokemus_platform import topics as topic_tools
from metrics.storage import MIGRATIONS
from support.voices import some_voices, voices_by_hand, voices_stored

HELSINKI = ZoneInfo("Europe/Helsinki")
TOPIC = "kiosk-presses.v1"

Cell = tuple[str, str, str, date, str, str, str, str, int, bool]
"""Entity, source, device, day, channel, scale, question, touchpoint, value, marked."""


def press(
    *,
    id: str = "press-1",  # noqa: A002 - the field's name
    source: str = "happyornot",
    subject: str = "device.happyornot.1",
    time: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC),
    device: str = "1",
    scale: events.Scale = "smiley4",
    value: int = 3,
    question: str = "overall",
    channel: events.PressChannel = "kiosk",
    touchpoint: events.Touchpoint | None = None,
    misuse: bool = False,
) -> events.KioskPressed:
    """A press of which only the given matters."""
    return events.KioskPressed(
        specversion="1.0",
        id=id,
        source=source,
        subject=subject,
        time=time,
        data=events.Press(
            device_id=device,
            scale=scale,
            value=value,
            question_id=question,
            channel=channel,
            touchpoint=touchpoint,
            misuse=misuse,
        ),
    )


def misused(original: events.KioskPressed, *, again: str = "") -> events.KioskMisused:
    """The mark that a vendor sets on a press afterwards; `again` makes it one under another id."""
    return events.KioskMisused(
        specversion="1.0",
        id=f"{original.id}.misused{again}",
        source=original.source,
        subject=original.subject,
        time=original.time + timedelta(days=3),
        data=events.Misused(
            press_id=original.id, press=events.PressAt(time=original.time, data=original.data)
        ),
    )


def withdrawn(original: events.KioskPressed, *, again: str = "") -> events.ObservationWithdrawn:
    """The withdrawal of a press; `again` makes it one under another id."""
    return events.ObservationWithdrawn(
        specversion="1.0",
        id=f"{original.id}.withdrawn{again}",
        source=original.source,
        subject=original.subject,
        time=original.time + timedelta(days=1),
        data=events.Withdrawn(
            original_id=original.id,
            original=events.OriginalPress(time=original.time, data=original.data),
        ),
    )


def busy_days(
    count: int, seed: int, *, units: int = 40, first: date = date(2026, 3, 1), days: int = 60
) -> list[events.Event]:
    """Presses over days that hold the night on which summer time begins, with corrections.

    2 % are marked at once, 2 % later, 1 % are withdrawn, 1 % both; three scales.
    """
    chance = random.Random(seed)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    made: list[events.Event] = []
    for index in range(count):
        unit = chance.randrange(units)
        scale: events.Scale = chance.choice(["smiley4", "smiley4", "smiley5", "nps"])
        one = press(
            id=f"{seed}-{index}-{chance.getrandbits(32):08x}",
            subject=f"device.happyornot.{unit}",
            device=str(unit),
            time=start + timedelta(seconds=chance.randrange(days * 86_400)),
            scale=scale,
            value=chance.randrange(events.SCALE_SIZES[scale]),
            misuse=chance.random() < 0.02,
            touchpoint=chance.choice([None, None, "after"]),
        )
        made.append(one)
        lot = chance.random()
        if lot < 0.02:
            made.append(misused(one))
        elif lot < 0.03:
            made.append(withdrawn(one))
        elif lot < 0.04:
            made += [misused(one), withdrawn(one)]
    chance.shuffle(made)
    return made


def busy_city(count: int, seed: int, **more: Any) -> list[events.Event]:
    """`busy_days`, and between its presses what all the other topics carry."""
    made = [*busy_days(count, seed, **more), *some_voices(max(20, count // 80), seed)]
    random.Random(seed).shuffle(made)
    return made


def count_by_hand(sent: Iterable[events.Event]) -> Counter[Cell]:
    """What the day counts must be; written to be obvious.

    Each (source, id) counts once, the first. Each press is withdrawn once and marked once, and what
    is withdrawn is gone, marked or not.
    """
    cells: Counter[Cell] = Counter()
    seen: set[tuple[str, str]] = set()
    marks: dict[tuple[str, str], events.KioskMisused] = {}
    withdrawals: dict[tuple[str, str], events.ObservationWithdrawn] = {}
    for event in sent:
        if (event.source, event.id) in seen:
            continue
        seen.add((event.source, event.id))
        match event:
            case events.KioskPressed(time=moment, data=data):
                cells[_cell(event, moment, data, marked=data.misuse)] += 1
            case events.SurveyAnswered():
                cells[_answer_cell(event, event.time, event.data)] += 1
            case events.KioskMisused(data=events.Misused(press_id=press_id)):
                marks.setdefault((event.source, press_id), event)
            case events.ObservationWithdrawn(
                data=events.Withdrawn(original_id=original_id, original=original)
            ) if isinstance(original, events.OriginalPress | events.OriginalAnswer):
                withdrawals.setdefault((event.source, original_id), event)
    _take_back(cells, marks, withdrawals)
    return Counter({cell: number for cell, number in cells.items() if number})


def _take_back(
    cells: Counter[Cell],
    marks: dict[tuple[str, str], events.KioskMisused],
    withdrawals: dict[tuple[str, str], events.ObservationWithdrawn],
) -> None:
    for press_of, mark in marks.items():
        named = mark.data.press
        if press_of not in withdrawals and not named.data.misuse:
            cells[_cell(mark, named.time, named.data, marked=False)] -= 1
            cells[_cell(mark, named.time, named.data, marked=True)] += 1
    for withdrawal in withdrawals.values():
        original = withdrawal.data.original
        if isinstance(original, events.OriginalAnswer):
            cells[_answer_cell(withdrawal, original.time, original.data)] -= 1
            continue
        assert isinstance(original, events.OriginalPress)
        cells[_cell(withdrawal, original.time, original.data, marked=original.data.misuse)] -= 1


def _cell(event: events.Event, moment: datetime, data: events.Press, *, marked: bool) -> Cell:
    return (
        event.subject,
        event.source,
        data.device_id,
        moment.astimezone(HELSINKI).date(),
        data.channel,
        data.scale,
        data.question_id,
        data.touchpoint or "",
        data.value,
        marked,
    )


def _answer_cell(event: events.Event, moment: datetime, data: events.SurveyAnswer) -> Cell:
    """An answer counts where a press does, its wave in the place of a device."""
    return (
        event.subject,
        event.source,
        f"{data.survey_id}/{data.wave}",
        moment.astimezone(HELSINKI).date(),
        "survey",
        data.scale,
        f"{data.survey_id}/{data.question_id}",
        "",
        data.value - events.SURVEY_SCALES[data.scale][0],
        False,
    )


_DAYS = """
SELECT entity, source, device, day, channel, scale, question, touchpoint, at - 1, marked, number
FROM day_counts JOIN stream ON stream.id = stream_id JOIN series ON series.id = series_id,
LATERAL (SELECT false, at, number FROM unnest(counts) WITH ORDINALITY AS c(number, at) UNION ALL
    SELECT true, at, number FROM unnest(misuse) WITH ORDINALITY AS m(number, at))
    AS v(marked, at, number)
WHERE number <> 0
"""

_SUMS_AGREE = """
SELECT (SELECT coalesce(sum(n), 0) FROM day_counts, unnest(counts) AS n),
       (SELECT coalesce(sum(n), 0) FROM month_counts, unnest(counts) AS n),
       (SELECT coalesce(sum(n), 0) FROM hour_counts, unnest(counts) AS n),
       (SELECT count(*) FROM (
            SELECT series_id, date_trunc('month', day)::date AS month, at, sum(number)
            FROM day_counts JOIN stream ON stream.id = stream_id,
            unnest(counts) WITH ORDINALITY AS c(number, at) GROUP BY 1, 2, 3
            EXCEPT SELECT series_id, month, at, number
            FROM month_counts, unnest(counts) WITH ORDINALITY AS c(number, at)) AS differing)
"""


@dataclass
class Counting:
    """A broker with topics of its own, a database, and counting processes. A context manager."""

    bootstrap: str
    prefix: str
    database_url: str
    folder: Path
    consumer_database_url: str | None = None
    consumer_bootstrap: str | None = None
    archive_url: str | None = None
    """Where an archiving process writes; a folder of the test's own without."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    """Where each process that was ever started serves its health."""

    def __enter__(self) -> Self:
        topic_tools.apply(self.bootstrap, self.prefix)
        migrate(self.database_url, MIGRATIONS)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    @property
    def topic(self) -> str:
        return self.prefix + TOPIC

    @property
    def topics(self) -> list[str]:
        """All that are counted, by their full names."""
        return [self.prefix + one.name for one in self._counted()]

    def partitions(self, topic: str) -> int:
        """How many a counted topic is declared with."""
        return next(one.partitions for one in self._counted() if topic == self.prefix + one.name)

    @staticmethod
    def _counted() -> list[Declaration]:
        return [one for one in topics.declarations().values() if "metrics" in one.consumers]

    @property
    def archive(self) -> str:
        """Where an archiving process writes."""
        return self.archive_url or str(self.folder / "archive")

    def start(self, count: int = 1, command: str = "consume") -> None:
        """Starts so many more processes: to count, or to archive."""
        for _ in range(count):
            number, port = len(self.addresses), free_port()
            self.addresses.append(f"http://127.0.0.1:{port}")
            environment = {
                **os.environ,
                "KOKEMUS_KAFKA_BOOTSTRAP": self.consumer_bootstrap or self.bootstrap,
                "KOKEMUS_TOPIC_PREFIX": self.prefix,
                "KOKEMUS_DATABASE_URL": self.consumer_database_url or self.database_url,
                "KOKEMUS_HTTP_PORT": str(port),
                "KOKEMUS_METRICS_PORT": str(free_port()),
                "KOKEMUS_ARCHIVE_URL": self.archive,
                "KOKEMUS_ARCHIVE_SECONDS": "PT0.5S",
            }
            with (self.folder / f"consumer-{number}.log").open("wb") as log:
                self.processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "metrics.main", command],
                        env=environment,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )

    def kill(self, index: int = -1) -> None:
        """SIGKILL to one process, which leaves the list."""
        process = self.processes.pop(index)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def delete_group(self) -> None:
        """Deletes the group that all processes have left.

        The embedded broker can keep members that leave together, and no one joins then.
        """
        group = f"{self.prefix}metrics"
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.delete_consumer_groups([group])[group].result(10)

    def logs(self) -> str:
        """What the processes said, for a test that fails."""
        return "\n".join(path.read_text()[-4000:] for path in self.folder.glob("consumer-*.log"))

    def send(
        self, sent: Sequence[events.Event], *, pause: Callable[[], None] | None = None
    ) -> None:
        """Publishes events and waits for the broker; `pause` is called now and then meanwhile."""
        self.send_raw(
            [(topics.key_of(e).encode(), wire.encode(e), self.topic_of(e)) for e in sent],
            pause=pause,
        )

    def send_raw(
        self,
        records: Sequence[tuple[bytes | None, bytes | None, str]],
        *,
        pause: Callable[[], None] | None = None,
    ) -> None:
        """Publishes records as they are: key, value, full topic name."""
        failed: list[Any] = []
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "delivery.timeout.ms": 60_000,
                "message.timeout.ms": 60_000,
                "message.max.bytes": topics.MAX_MESSAGE_BYTES,
                "log_level": 0,
            }
        )
        for number, (key, value, topic) in enumerate(records):
            producer.produce(
                topic,
                value,
                key,
                on_delivery=lambda error, _: failed.append(error) if error else None,
            )
            if number % 500 == 499:
                producer.poll(0)
                if pause is not None:
                    pause()
        assert producer.flush(90) == 0
        assert not failed, failed[:3]

    def topic_of(self, event: events.Event) -> str:
        """The full name of an event's topic."""
        return self.prefix + topics.topic_of(event).name

    def connect(self) -> psycopg.Connection[Any]:
        """The test's own connection."""
        return psycopg.connect(self.database_url.replace("+psycopg", ""), autocommit=True)

    def progress(self) -> tuple[int, int, int]:
        """Applied, repeated and dead so far."""
        with self.connect() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(applied), 0)::bigint, coalesce(sum(repeated), 0)::bigint,"
                " coalesce(sum(dead), 0)::bigint FROM partition_offsets"
            ).fetchone()
        assert row is not None
        applied, repeated, dead = row
        return applied, repeated, dead

    def wait_for(self, records: int, seconds: float = 60) -> tuple[int, int, int]:
        """Waits until so many records are applied, repeated or dead; gives the three."""
        found: tuple[int, int, int] = wait_until(
            lambda: progress if sum(progress := self.progress()) >= records else None,
            seconds,
            lambda: f"{self.progress()} of {records}\n{self.logs()}",
        )
        return found

    def cells(self) -> Counter[Cell]:
        """The day counts as they stand."""
        with self.connect() as connection:
            rows = connection.execute(_DAYS).fetchall()
        return Counter({(*row[:8], int(row[8]), row[9]): int(row[10]) for row in rows})

    def assert_exact(self, sent: Iterable[events.Event]) -> None:
        """Every cell of every topic is what an independent count says; sums of days agree."""
        sent = list(sent)
        expected, found = count_by_hand(sent), self.cells()
        wrong = {
            c: (expected[c], found[c])
            for c in expected.keys() | found.keys()
            if expected[c] != found[c]
        }
        assert not wrong, f"{len(wrong)} cells differ, such as {next(iter(wrong.items()))}"
        with self.connect() as connection:
            stored, by_hand = voices_stored(connection), voices_by_hand(sent)
            for table in by_hand:
                told = f"{table}: {_differing(stored[table], by_hand[table])}"
                assert stored[table] == by_hand[table], told
            row = connection.execute(_SUMS_AGREE).fetchone()
        assert row is not None
        days, months, hours, differing = row
        assert days == months == hours
        assert differing == 0


def _differing(stored: Any, by_hand: Any) -> str:
    """Some of what only one of the two has."""
    only = [
        [(one, mine[one]) for one in mine if one not in other or mine[one] != other[one]]
        if isinstance(mine, dict)
        else list(mine - other)
        for mine, other in ((stored, by_hand), (by_hand, stored))
    ]
    return f"only stored {only[0][:5]}, only by hand {only[1][:5]}"


def wait_until(
    done: Callable[[], Any], seconds: float, what: Callable[[], str] = lambda: "condition"
) -> Any:
    """Waits for a truth and gives it; passing over a database that is away meanwhile."""
    end = time.monotonic() + seconds
    while True:
        with suppress(psycopg.OperationalError):
            if found := done():
                return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what()}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
