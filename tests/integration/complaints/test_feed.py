"""The poller of a feed as a process on a real broker, against a feed over real HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.processes import wait_until
from support.ingest_service import IngestService, records
from support.sent_events import complaint

TOKEN = "right-token"
NAME = "Testinen Esimerkki"


@dataclass
class Feed:
    """A system's pages of so many events, from a cursor on."""

    events: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    asked: list[str | None] = field(default_factory=list)
    refused: int = 0
    broken: bool = False
    circle: bool = False
    url: str = ""

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes]:
        if authorization != f"Bearer {TOKEN}":
            self.refused += 1
            return 401, b"{}"
        if self.broken:
            return 200, b'{"events": {"an": "object"}}'
        given = parse_qs(urlsplit(path).query).get("cursor", [None])[0]
        self.asked.append(given)
        first = int(given or 0)
        page = self.events[first : first + self.page]
        after = 0 if self.circle and first else first + len(page)
        told = json.dumps({"events": page, "next": str(after)}, ensure_ascii=False)
        return 200, b"\xef\xbb\xbf" + told.encode()


@pytest.fixture
def feed() -> Iterator[Feed]:
    system = Feed()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert urlsplit(self.path).path == "/api/events"
            status, body = system.answer(self.path, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    system.url = f"http://127.0.0.1:{server.server_port}/api"
    yield system
    server.shutdown()
    server.server_close()


@dataclass
class Polling:
    """The poller, and what it sent."""

    service: IngestService
    bootstrap: str
    prefix: str
    token_file: Path
    feed: Feed

    def start(self) -> None:
        self.service.start(
            KOKEMUS_FEED_URL=self.feed.url,
            KOKEMUS_FEED_TOKEN_FILE=str(self.token_file),
            KOKEMUS_FEED_SOURCE="registry-system",
            KOKEMUS_FEED_INTERVAL="PT1S",
            KOKEMUS_FEED_RATE="100",
        )

    def cases(self, count: int) -> list[str]:
        found = records(self.bootstrap, f"{self.prefix}complaints.v1", count)
        return sorted(json.loads(one.value())["id"] for one in found)

    def polls(self, count: int) -> list[dict[str, Any]]:
        found = records(self.bootstrap, f"{self.prefix}sources.v1", count)
        return [json.loads(one.value())["data"] for one in found]


@pytest.fixture
def polling(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, feed: Feed, tmp_path: Path
) -> Iterator[Polling]:
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    service = IngestService("complaints", tmp_path, embedded_kafka.bootstrap, topic_prefix, "poll")
    yield Polling(service, embedded_kafka.bootstrap, topic_prefix, token, feed)
    service.stop()


def case(number: int, **changes: Any) -> dict[str, Any]:
    return complaint(event={"id": f"case-{number}"}, **changes)


def test_every_page_is_read_once_and_a_restart_goes_on_from_the_cursor(polling: Polling) -> None:
    polling.feed.events = [case(number) for number in range(5)]
    polling.start()
    assert polling.cases(5) == [f"case-{number}" for number in range(5)]
    wait_until(lambda: polling.polls(1)[-1]["next"] == "5", seconds=20, what="the cursor")
    polling.service.stop()
    polling.feed.asked.clear()
    polling.feed.events.append(case(5))
    polling.start()
    assert polling.cases(6)[-1] == "case-5"
    assert polling.feed.asked[0] == "5"


def test_what_is_refused_is_named_by_its_field_and_never_by_its_value(polling: Polling) -> None:
    polling.feed.events = [
        case(0, note=NAME),
        case(1, kind=NAME),
        complaint(event={"id": "other", "source": "another-system"}),
        case(2),
    ]
    polling.start()
    assert polling.cases(1) == ["case-2"]
    wait_until(lambda: bool(polling.polls(1)[-1]["error"]), seconds=20, what="the error")
    told = next(poll for poll in polling.polls(2) if poll["read"] == 4)
    assert (told["sent"], told["dropped"], told["next"]) == (1, 3, "4")
    for pointer in ("/data/note", "/data/kind", "/source"):
        assert pointer in told["error"]
    assert NAME not in polling.service.log.read_text()
    assert NAME not in json.dumps(told)


def test_a_wrong_token_raises_the_alarm_without_a_spin_and_a_new_one_needs_no_restart(
    polling: Polling,
) -> None:
    polling.token_file.write_text("wrong-token")
    polling.feed.events = [case(1)]
    polling.start()
    wait_until(lambda: polling.feed.refused > 1, seconds=20, what="a second poll")
    (first, *_) = polling.polls(1)
    assert first["error"].startswith("token_refused")
    assert polling.service.metric("kokemus_source_up", '{source="registry-system"}') == 0
    polling.token_file.write_text(TOKEN)
    assert polling.cases(1) == ["case-1"]


def test_an_answer_that_is_no_page_is_told_and_the_cursor_stays(polling: Polling) -> None:
    polling.feed.events = [case(1)]
    polling.feed.broken = True
    polling.start()
    wait_until(lambda: bool(polling.polls(1)), seconds=20, what="a poll")
    assert "no page of events" in polling.polls(1)[-1]["error"]
    polling.feed.broken = False
    assert polling.cases(1) == ["case-1"]


def test_cursors_that_go_round_in_a_circle_are_told_and_not_followed_for_ever(
    polling: Polling,
) -> None:
    polling.feed.events = [case(number) for number in range(4)]
    polling.feed.circle = True
    polling.start()
    assert "circle" in (polling.polls(4)[3]["error"] or "")
    assert set(polling.cases(6)) == {f"case-{number}" for number in range(4)}
