"""A platform that is sent personal data in every field of every input keeps none of it."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pyarrow.parquet
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from kokemus.contracts import examples, topics
from kokemus.contracts.events import TYPE_PREFIX
from kokemus.imports.rows import KINDS
from support.counting import wait_until
from support.fake_platform import await_no_process
from support.georeport_server import GeoReportServer
from support.platform_command import kokemus
from support.spoiled import MARKED, NAMED, spoiled_events
from support.traces import collecting

pytestmark = pytest.mark.timeout(600)

SENT_TO: Final = ("ingest-kiosk", "ingest-feedback", "complaints")
LINES: Final = "application/x-ndjson"
BATCH: Final = 5_000
LEFT_BEHIND: Final = "Testinen Jaljelle"
"""Stands only in bytes that no contract can read: a dead letter keeps those."""


@dataclass(frozen=True)
class Platform:
    """A running platform, and everything that it told of itself."""

    home: Path
    status: dict[str, Any]
    traces: list[bytes]

    def post(self, service: str, path: str, **request: Any) -> httpx.Response:
        """A request with the platform's key."""
        request["headers"] = {
            "Authorization": f"Bearer {self.status['key']}",
            **request.get("headers", {}),
        }
        address = self.status["services"][service]
        answer = httpx.post(f"{address}{path}", timeout=60, **request)
        assert not answer.is_server_error, answer.text
        return answer


@pytest.fixture(scope="module")
def traces() -> Iterator[tuple[str, list[bytes]]]:
    """Where traces go, and what came."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def polled() -> Iterator[GeoReportServer]:
    """An Open311 server whose requests say something about a person in each field in turn."""
    with GeoReportServer().running() as server:
        now = datetime.now(UTC)
        for text in (*NAMED, *MARKED):
            for field in server.request(now):
                server.request(now, **{field: text})
                extended = {"detailed_status": "PROCESSED", field: text, "title": text}
                server.request(now, extended_attributes=extended)
        yield server


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory,
    traces: tuple[str, list[bytes]],
    polled: GeoReportServer,
) -> Iterator[Platform]:
    """A platform that was sent all of it, and has counted what was left."""
    endpoint, received = traces
    home = tmp_path_factory.mktemp("personal") / "home"
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "KOKEMUS_OPEN311_URL": polled.url,
        "KOKEMUS_OPEN311_RATE": "100",
    }
    kokemus(home, "up", "--detach", **variables)
    try:
        status = json.loads(kokemus(home, "status", "--json"))
        platform = Platform(home, status, received)
        for service in SENT_TO:
            send_events(platform, service)
            send_files(platform, service)
        send_reports(platform)
        wait_until(lambda: polled_rows(platform) > 100, 60)
        ask_the_api(platform)
        send_unreadable_bytes(platform)
        wait_until(lambda: metrics(platform, "status")["settled"], 120)
        wait_until(lambda: dead_letters(platform) > 0, 60)
        yield platform
    finally:
        kokemus(home, "down", "--wipe")
        await_no_process(home)


def metrics(platform: Platform, path: str, **query: str) -> Any:
    answer = httpx.get(
        f"{platform.status['services']['metrics']}/v1/{path}",
        params=query,
        headers={"Authorization": f"Bearer {platform.status['key']}"},
        timeout=60,
    )
    return answer.json()


def polled_rows(platform: Platform) -> int:
    """How many requests the poller has read and told of."""
    return sum(one["read"] for one in metrics(platform, "sources")["sources"])


def dead_letters(platform: Platform) -> int:
    return sum(topic["dead"] for topic in metrics(platform, "status")["topics"].values())


def taken_in(service: str) -> Iterator[tuple[str, bytes]]:
    """Every example of what sources send to a service."""
    for event_type in topics.EVENT_TYPES:
        owners = {one.owner for one in topics.topics_of(event_type) if one.name != "sources.v1"}
        if service in owners:
            yield from ((event_type, raw) for raw in examples.of(event_type).values())


def send_events(platform: Platform, service: str) -> None:
    """Each example with each of its texts spoiled, as a batch and one by one."""
    spoiled = [
        {**event, "id": f"{kind}-{number}-{event['id']}".replace(" ", "-")}
        if event["id"].startswith("spoiled")
        else event
        for number, (kind, raw) in enumerate(taken_in(service))
        for event in spoiled_events(json.loads(raw))
    ]
    for start in range(0, len(spoiled), BATCH):
        lines = "\n".join(map(json.dumps, spoiled[start : start + BATCH]))
        answer = platform.post(
            service, "/v1/events", content=lines, headers={"Content-Type": LINES}
        )
        assert_clean(answer.content, "an answer to events")
    for text in (*NAMED, *MARKED):
        answer = platform.post(
            service,
            "/v1/events",
            content=f"{text} is no JSON",
            params={"note": text},
            headers={"Content-Type": LINES, "User-Agent": text, "traceparent": text},
        )
        assert_clean(answer.content, "an answer to what is no JSON")


def send_files(platform: Platform, service: str) -> None:
    """Each kind of file with each of its columns spoiled, and with a column too many."""
    kinds = [kind for kind, types in KINDS.items() if owner(types[0]) == service]
    assert kinds
    for kind in kinds:
        template = httpx.get(
            f"{platform.status['services'][service]}/v1/imports/template",
            params={"kind": kind},
            headers={"Authorization": f"Bearer {platform.status['key']}", "Accept": "text/csv"},
        )
        header = template.text.lstrip("\ufeff").split("\r\n")[0].split(";")
        table = io.StringIO()
        writer = csv.writer(table, delimiter=";")
        writer.writerow([*header, "lisatieto"])
        for text in (*NAMED, *MARKED):
            for column in range(len(header) + 1):
                row = ["x"] * (len(header) + 1)
                row[column] = text
                writer.writerow(row)
        for dry_run in ("true", "false"):
            answer = platform.post(
                service,
                "/v1/imports",
                params={"kind": kind, "source": "files", "dry_run": dry_run},
                content=table.getvalue(),
                headers={"Content-Type": "text/csv"},
            )
            assert_clean(answer.content, f"an answer to a file of {kind}")


def send_reports(platform: Platform) -> None:
    """Open311's fields, each about a person, sound beside them and in every field that is read."""
    sound = {"api_key": platform.status["key"], "service_code": "moite"}
    read = (
        "service_code",
        "jurisdiction_id",
        "entity",
        "language",
        "answer_requested",
        "reference",
    )
    free = (
        "description",
        "first_name",
        "last_name",
        "email",
        "phone",
        "address_string",
        "media_url",
    )
    for text in (*NAMED, *MARKED):
        for name in (*read, *free):
            field = f"attribute[{name}]" if name in read[2:] else name
            answer = platform.post(
                "ingest-feedback", "/open311/v2/requests.xml", data={**sound, field: text}
            )
            assert_clean(answer.content, f"an answer to Open311's {name}")


def owner(event_type: Any) -> str:
    return topics.topics_of(event_type.__struct_config__.tag)[0].owner


def ask_the_api(platform: Platform) -> None:
    """Reads with personal data where ids belong."""
    for text in (*NAMED, *MARKED):
        told = metrics(
            platform, "figures", metric=text, entity=text, **{"from": text, "to": "2026-01-01"}
        )
        assert "status" in told  # a problem: the asker may see what the asker wrote
        httpx.get(f"{platform.status['services']['reporting']}/fi/{text}")


def send_unreadable_bytes(platform: Platform) -> None:
    """Past the edge, as a broken producer with rights on the topic might."""
    producer = Producer({"bootstrap.servers": platform.status["kafka"]})
    for text in (*NAMED, *MARKED, LEFT_BEHIND):
        content = json.dumps({"type": TYPE_PREFIX + "kiosk.pressed.v1", "message": text})
        producer.produce("kokemus.kiosk-presses.v1", content.encode(), key=b"k")
    assert producer.flush(30) == 0


def assert_clean(content: bytes, place: str) -> None:
    for text in (*NAMED, *MARKED, LEFT_BEHIND):
        for written in (text, json.dumps(text)[1:-1], text.replace(" ", "%20")):
            assert written.encode() not in content, f"{text!r} stands in {place}"


def records(bootstrap: str) -> Iterator[tuple[str, bytes]]:
    """Every record of every topic, with its key and headers."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "sweep"})
    try:
        for name, topic in consumer.list_topics(timeout=10).topics.items():
            for number in topic.partitions:
                partition = TopicPartition(name, number, 0)
                first, end = consumer.get_watermark_offsets(partition, timeout=10)
                consumer.assign([TopicPartition(name, number, first)])
                position = first
                while position < end:
                    for message in consumer.consume(1_000, 1):
                        assert message.error() is None
                        offset = message.offset()
                        assert offset is not None
                        position = offset + 1
                        yield name, repr((message.key(), message.headers())).encode()
                        yield name, bytes(message.value() or b"")
    finally:
        consumer.close()


def test_no_topic_but_those_of_dead_letters_holds_any_of_it(platform: Platform) -> None:
    dead = b""
    seen = set()
    for topic, content in records(platform.status["kafka"]):
        seen.add(topic)
        if topic.endswith(".dead"):
            dead += content
        else:
            if topic == "kokemus.kiosk-presses.v1" and b'"message"' in content:
                continue  # what the broken producer wrote there itself
            assert_clean(content, topic)
    assert LEFT_BEHIND.encode() in dead
    assert {"kokemus.kiosk-presses.v1", "kokemus.feedback.v1", "kokemus.complaints.v1"} <= seen


def test_no_table_holds_any_of_it(platform: Platform) -> None:
    with psycopg.connect(platform.status["database"]) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 10
        rows = 0
        for (table,) in tables:
            for (row,) in connection.execute(f"SELECT t::text FROM {table} t"):
                rows += 1
                assert_clean(row.encode(), table)
        assert rows > 100


def test_no_log_file_or_archive_holds_any_of_it(platform: Platform) -> None:
    logs = list((platform.home / "logs").glob("*.log"))
    assert logs
    archived = 0
    for file in platform.home.rglob("*"):
        parts = file.relative_to(platform.home).parts
        if not file.is_file() or parts[0] in ("postgres", "kafka"):
            continue
        if file.name.endswith(".dead.msgpack"):  # the memory broker's dead letters over a restart
            assert file.stat().st_mode & 0o077 == 0
            continue
        if file.suffix == ".parquet":
            archived += 1
            assert_clean(str(pyarrow.parquet.read_table(file).to_pylist()).encode(), str(file))
        else:
            assert_clean(file.read_bytes(), str(file))
    assert archived > 0


def test_no_trace_holds_any_of_it(platform: Platform) -> None:
    wait_until(lambda: len(platform.traces) > 0, 60)
    for trace in list(platform.traces):
        assert_clean(trace, "a trace")


def test_the_listing_of_dead_letters_holds_none_of_it(platform: Platform) -> None:
    listed = kokemus(platform.home, "dead-letters", "list")
    assert "kiosk-presses" in listed
    assert_clean(listed.encode(), "the listing of dead letters")
