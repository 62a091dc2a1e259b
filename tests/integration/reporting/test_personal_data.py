"""Whatever people write into the forms of the desk stands in no log, topic, trace or metric."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import httpx
import psycopg
from confluent_kafka import Consumer, TopicPartition

from kokemus_platform import database
from support import reporting_service
from support.fake_metrics_api import FakeMetricsApi
from support.reporting_service import PASSWORDS, enter
from support.traces import collecting

MARK: Final = "Keksitty Salattu"
"""Stands for what somebody might say of somebody; nothing refuses it."""
ADDRESS: Final = "keksitty.salattu@example.invalid"
MARKS: Final = (b"Salattu", b"salattu", b"131052-308T")
PAGES: Final = (
    ("reeta", "/desk/sign-in"),
    ("sanna", "/desk/notes?entity=kallio"),
    ("sanna", "/desk/alerts"),
    ("sanna", "/desk/embeds?entity=kallio"),
    ("ilona", "/desk/returns"),
    ("sanna", "/desk/returns/2026/game/terveys/1"),
    ("sanna", "/desk/returns/2026/game/terveys/1"),
    ("ilona", "/desk/rounds/2026"),
    ("ilona", "/desk/rounds/2026/meters/participation"),
    ("ilona", "/desk/audit"),
    ("aino", "/desk/releases"),
)
"""Every page with a form, in an order in which each has one; who opens it."""


class Forms(HTMLParser):
    """The forms of a page: method, address, and the fields with what somebody might fill in."""

    def __init__(self, page: str, text: str) -> None:
        super().__init__()
        self._text = text
        self._choice: str | None = None
        self.found: list[tuple[str, str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes up a form, or a field of the last one."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("method", "get"), given.get("action", ""), {}))
        elif tag == "option" and self._choice and given.get("value"):
            self.found[-1][2].setdefault(self._choice, given["value"])
        elif tag in ("input", "textarea", "button") and given.get("name"):
            self.found[-1][2][given["name"]] = self._filled(tag, given)
        self._choice = given.get("name") if tag == "select" else self._choice

    def _filled(self, tag: str, given: dict[str, str]) -> str:
        kind = "textarea" if tag == "textarea" else given.get("type", "text")
        usual = {
            "hidden": given.get("value", ""),
            "submit": given.get("value", ""),
            "checkbox": "on",
            "date": given.get("value") or "2026-01-20",
            "month": "2026-01",
            "url": f"https://sivu.invalid/{self._text.replace(' ', '-')}",
            "email": ADDRESS,
        }
        value = usual.get(kind, self._text)
        return "2026" if given.get("inputmode") == "numeric" else value


def fill_in(client: httpx.Client, page: str, text: str) -> Iterator[int]:
    """Sends every form of a page but the one that signs out; the statuses of the answers."""
    shown = client.get(page)
    assert shown.status_code == 200, page
    for method, action, fields in Forms(shown.text, text).found:
        if action == "/desk/sign-out":
            continue
        address = action or page
        sent = {"params" if method == "get" else "data": fields}
        yield client.request(method, address, **sent).status_code  # type: ignore[arg-type]  # httpx's two


def topics_of(environment: dict[str, str]) -> bytes:
    """All that stands on the topics of a test."""
    consumer = Consumer(
        {"bootstrap.servers": environment["KOKEMUS_KAFKA_BOOTSTRAP"], "group.id": "reads-all"}
    )
    prefix, found = environment["KOKEMUS_TOPIC_PREFIX"], b""
    try:
        for topic, about in consumer.list_topics(timeout=30).topics.items():
            for partition in about.partitions if topic.startswith(prefix) else ():
                at = TopicPartition(topic, partition)
                low, high = consumer.get_watermark_offsets(at, timeout=30)
                consumer.assign([TopicPartition(topic, partition, low)])
                for _ in range(high - low):
                    message = consumer.poll(30)
                    assert message is not None
                    found += (message.key() or b"") + (message.value() or b"")
    finally:
        consumer.close()
    return found


def test_what_people_write_stands_in_no_log_topic_trace_or_metric(
    environment: dict[str, str], metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    logs = tmp_path / "log", tmp_path / "worker-log"
    statuses: list[int] = []
    with collecting() as (endpoint, traces):
        environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        with (
            reporting_service.running(environment, metrics_api, logs[0]) as service,
            reporting_service.working(environment, logs[1]),
        ):
            service.publish()
            with httpx.Client(base_url=service.url) as ilona:
                round_ = {"year": "2026", "opens": "2026-01-01", "due": "2026-11-20"}
                token = enter(ilona, "ilona", PASSWORDS["ilona"])
                ilona.post("/desk/returns", data=round_ | {"token": token})
            for text in (MARK, f"{MARK} {ADDRESS}", "131052-308T"):
                for user, page in PAGES:
                    with httpx.Client(base_url=service.url, timeout=30) as client:
                        if page != "/desk/sign-in":
                            enter(client, user, PASSWORDS[user])
                        statuses += fill_in(client, page, text)
            with httpx.Client(base_url=service.url, timeout=30) as sanna:
                token = enter(sanna, "sanna", PASSWORDS["sanna"])
                with psycopg.connect(
                    database.plain(environment["KOKEMUS_DATABASE_URL"]), autocommit=True
                ) as owner:
                    owner.execute("DROP TABLE desk_note CASCADE")
                note = {"token": token, "entity": "kallio", "kind": "heard", "text_fi": MARK}
                fault = sanna.post("/desk/notes", data=note | {"day": "2026-01-20"})
            tricked = httpx.get(f"{service.url}/desk/{ADDRESS}", headers={"User-Agent": MARK})
            ready = httpx.get(f"{service.url}/health/ready").content
            metrics = httpx.get(f"http://127.0.0.1:{environment['KOKEMUS_METRICS_PORT']}").content
        told = {
            "log": logs[0].read_bytes(),
            "worker's log": logs[1].read_bytes(),
            "topics": topics_of(environment),
            "traces": b"".join(traces),
            "metrics": metrics,
            "readiness": ready,
            "fault": fault.content,
            "missing page": tricked.content,
        }
    assert {200, 303, 401, 422} <= set(statuses), "some forms are taken, some refused"
    assert max(statuses) < 500
    assert fault.status_code == 500
    for name, content in told.items():
        assert [one for one in MARKS if one in content] == [], name
    assert told["topics"]
    assert b'"frames"' in told["log"]
