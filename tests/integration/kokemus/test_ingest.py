"""`POST /v1/events` of real services before real brokers."""

import asyncio
import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kokemus import keys
from kokemus.contracts import events, wire
from kokemus.metric_names import METRICS
from kokemus_platform import topics
from kokemus_platform.kafka import Broker, EmbeddedKafka
from kokemus_platform.processes import free_port, wait_until
from support.ingest_service import BATCH, LINES, IngestService, records, running
from support.sent_events import press
from support.traces import collecting

CITY = "helsinki"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kiosk(kafka: Broker, topic_prefix: str, tmp_path: Path) -> Iterator[IngestService]:
    """ingest-kiosk before each broker."""
    topics.apply(kafka.bootstrap, topic_prefix)
    with running("ingest_kiosk", tmp_path, kafka.bootstrap, topic_prefix) as service:
        yield service


@pytest.fixture(scope="module")
def quiet_kiosk(
    embedded_kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestService]:
    """One ingest-kiosk for the tests that leave broker and keys alone."""
    if not embedded_kafka.running:
        embedded_kafka.start()
    prefix = f"t{secrets.token_hex(5)}."
    topics.apply(embedded_kafka.bootstrap, prefix)
    folder = tmp_path_factory.mktemp("kiosk")
    with running("ingest_kiosk", folder, embedded_kafka.bootstrap, prefix) as service:
        yield service


def entity(name: str, parent: str | None, kind: str) -> dict[str, Any]:
    return {
        **press(event={"id": f"entity-{name}", "subject": name}),
        "type": "fi.hel.kokemus.entity.defined.v1",
        "data": {
            "kind": kind,
            "validities": [{"parent": parent, "names": {"fi": name}, "valid_from": "2000-01-01"}],
        },
    }


def test_accepted_events_stand_on_their_topic_in_canonical_form(
    kiosk: IngestService, kafka: Broker, topic_prefix: str
) -> None:
    sent = [press(value=n % 4, battery=7, event={"id": f"p{n}"}) for n in range(50)]
    answer = kiosk.post([*sent, press(value=9, event={"id": "bad"})], BATCH)
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 50,
        "rejected": [
            {
                "index": 50,
                "id": "bad",
                "detail": "value is 0 to 3 on smiley4",
                "pointer": "/data/value",
            }
        ],
    }
    found = records(kafka.bootstrap, f"{topic_prefix}kiosk-presses.v1", 50)
    expected = {
        wire.encode(wire.decode(json.dumps(one).encode(), (events.KioskPressed,))) for one in sent
    }
    assert {record.value() for record in found} == expected
    assert {record.key() for record in found} == {b"terveysasema-kallio"}
    assert kiosk.metric("kokemus_events_accepted_total", '{type="kiosk.pressed.v1"}') == 50
    assert kiosk.metric("kokemus_events_rejected_total", '{reason="invalid"}') == 1
    assert kiosk.metric("kokemus_fields_dropped_total") == 50


def test_an_older_definition_never_takes_the_place_of_a_newer_one(
    kiosk: IngestService, kafka: Broker, topic_prefix: str
) -> None:
    older, newer = entity("kasko", CITY, "division"), entity("kasko", CITY, "division")
    older["time"], newer["time"] = "2026-01-01T12:00:00+02:00", "2026-01-02T12:00:00+02:00"
    answer = kiosk.post([newer, older], BATCH)
    assert answer.json() == {"accepted": 2, "rejected": []}
    assert kiosk.post(entity("sote", CITY, "division")).status_code == 202
    found = records(kafka.bootstrap, f"{topic_prefix}registry.v1", 2)
    assert [record.key() for record in found] == [b"entity/kasko", b"entity/sote"]
    assert json.loads(found[0].value())["time"].startswith("2026-01-02")


def test_without_a_broker_the_answer_is_503_and_202_again_once_it_says_ready(
    kiosk: IngestService, kafka: Broker, topic_prefix: str
) -> None:
    assert kiosk.post(press()).status_code == 202
    kafka.kill()
    answer = kiosk.post(press(event={"id": "while-away"}))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.elapsed.total_seconds() < 11
    wait_until(lambda: not kiosk.is_ready(), seconds=10, what="the service to see it")
    assert httpx.get(f"{kiosk.url}/health/live").status_code == 200
    soon = kiosk.post(press(event={"id": "while-away"}))
    assert soon.status_code == 503
    assert soon.elapsed.total_seconds() < 2
    kafka.start()
    topics.apply(kafka.bootstrap, topic_prefix)
    wait_until(kiosk.is_ready, seconds=40, what="the service to see that the broker is back")
    assert kiosk.post(press(event={"id": "while-away"})).status_code == 202
    found = records(kafka.bootstrap, f"{topic_prefix}kiosk-presses.v1", 1)
    assert b'"while-away"' in b"".join(record.value() for record in found)


def test_a_key_of_a_division_sends_for_its_own_units_only(kiosk: IngestService) -> None:
    token, key = keys.create("sote", types=["*"], sources=["*"], subtree="sote")
    kiosk.write_keys(key)
    tree = [
        entity(CITY, None, "city"),
        entity("sote", CITY, "division"),
        entity("kasko", CITY, "division"),
    ]
    units = [entity("clinic", "sote", "unit"), entity("school", "kasko", "unit")]
    assert kiosk.post([*tree, *units], BATCH).json()["accepted"] == 5
    own = press(event={"subject": "clinic"})
    foreign = press(event={"subject": "school"})
    unknown = press(event={"subject": "nobody-knows"})
    wait_until(
        lambda: kiosk.post(own, token=token).status_code == 202,
        seconds=10,
        what="the registry to be read",
    )
    assert kiosk.post(foreign, token=token).status_code == 403
    assert kiosk.post(unknown, token=token).status_code == 403
    assert kiosk.post(entity("clinic", "kasko", "unit"), token=token).status_code == 403
    assert kiosk.post(foreign).status_code == 202
    answer = kiosk.post([foreign, own], BATCH, token=token)
    assert answer.status_code == 202
    assert [one["pointer"] for one in answer.json()["rejected"]] == ["/subject"]


def test_keys_open_and_close_as_the_file_changes(quiet_kiosk: IngestService) -> None:
    token, key = keys.create(
        "vendor", types=["kiosk.pressed.v1"], sources=["happyornot"], subtree=CITY
    )
    assert quiet_kiosk.post(press(), token=token).status_code == 401
    quiet_kiosk.write_keys(key)
    assert quiet_kiosk.post(press(), token=token).status_code == 202
    assert quiet_kiosk.post(press(event={"source": "other"}), token=token).status_code == 403
    counted = press(event={"type": "fi.hel.kokemus.kiosk.misused.v1"})
    assert quiet_kiosk.post(counted, token=token).status_code == 422
    assert quiet_kiosk.post(press(), token=token[:-1] + "!").status_code == 401
    quiet_kiosk.write_keys()
    refused = quiet_kiosk.post(press(), token=token)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"


def test_a_reading_key_sends_nothing(quiet_kiosk: IngestService) -> None:
    token, key = keys.create("desk", types=[], sources=[], read=True)
    quiet_kiosk.write_keys(key)
    assert quiet_kiosk.post(press(), token=token).status_code == 403
    quiet_kiosk.write_keys()


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", "application/cloudevents+json", 400),
        (b"{", "application/cloudevents+json", 400),
        (b"{", "application/json", 415),
        (b"\xff", BATCH, 400),
        (b"{}", BATCH, 400),
        (b"[" * 200_000, BATCH, 400),
        (b"{}", "application/cloudevents+json", 422),
        (b"null", "application/cloudevents+json", 422),
        (b"x\ny", LINES, 422),
        (b"{}", "text/csv", 415),
        (b"[" + b"0," * 10_000 + b"0]", BATCH, 413),
        (b"0\n" * 10_001, LINES, 413),
        (b" " * (10 * 1024 * 1024 + 1), LINES, 413),
    ],
)
def test_what_cannot_be_read_is_answered_clearly(
    quiet_kiosk: IngestService, content: bytes, content_type: str, status: int
) -> None:
    answer = quiet_kiosk.post(content, content_type)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    "bad",
    [
        press(event={"type": "fi.hel.kokemus.kiosk.pressed.v9"}),
        press(event={"type": "fi.hel.kokemus.complaint.registered.v1"}),
        press(event={"specversion": "0.3"}),
        press(event={"time": "0001-01-01T00:00:00+14:00"}),
        press(event={"time": "9999-12-31T23:59:59-12:00"}),
        press(event={"time": "1999-12-31T23:59:59Z"}),
        press(event={"time": "2099-01-01T00:00:00Z"}),
        press(event={"time": "2026-03-02T10:15:30"}),
        press(event={"time": "2026-03-02T10:15:30+99:00"}),
        press(event={"time": 1e300}),
        press(event={"id": "010190-123A"}),
        press(event={"id": "someone@example.org"}),
        press(event={"id": "a\n"}),
        press(event={"id": ""}),
        press(event={"subject": "ä"}),
        press(event={"data": None}),
        press(event={"data": []}),
        press(value=10**400),
        press(value=-1),
        press(value=1.5),
        press(value=True),
        press(scale="smiley9"),
        press(channel=["kiosk"]),
        press(device_id="010190-123A"),
    ],
    ids=str,
)
def test_a_bad_event_is_named_and_its_good_neighbour_taken(
    quiet_kiosk: IngestService, bad: dict[str, Any]
) -> None:
    answer = quiet_kiosk.post([press(), bad, press()], BATCH)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    (rejected,) = answer.json()["rejected"]
    assert rejected["index"] == 1
    assert rejected["detail"]
    assert "010190-123A" not in answer.text
    assert "someone@example.org" not in answer.text
    alone = quiet_kiosk.post(bad)
    assert alone.status_code == 422
    assert alone.json()["rejected"][0]["pointer"] == rejected["pointer"]


def test_a_body_of_ten_mebibytes_is_taken(quiet_kiosk: IngestService) -> None:
    lines = [json.dumps(press(note="x" * 900, event={"id": f"p{n}"})) for n in range(8_000)]
    body = "\n".join(lines).encode().ljust(10 * 1024 * 1024)
    answer = quiet_kiosk.post(body, LINES)
    assert answer.json() == {"accepted": 8_000, "rejected": []}


def test_a_body_without_end_is_cut_off(quiet_kiosk: IngestService) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 100_000

    answer = httpx.post(
        f"{quiet_kiosk.url}/v1/events",
        content=endless(),
        headers={"Authorization": f"Bearer {quiet_kiosk.token}", "Content-Type": LINES},
        timeout=30,
    )
    assert answer.status_code == 413


def test_memory_stays_bounded_under_overload_and_the_answer_is_honest(
    kafka: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    topics.apply(kafka.bootstrap, topic_prefix)
    lines = [json.dumps(press(note="x" * 600, event={"id": f"p{n}"})) for n in range(9_500)]
    body = "\n".join(lines).encode()
    hostile = b"[" + b'"aa",' * 1_900_000 + b'"aa"]'

    async def flood(service: IngestService) -> list[int]:
        headers = {"Authorization": f"Bearer {service.token}"}
        async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=60) as client:
            answers = await asyncio.gather(
                *(
                    client.post("/v1/events", content=content, headers={"Content-Type": kind})
                    for content, kind in [(body, LINES), (hostile, BATCH)] * 12
                )
            )
        assert all(one.headers["retry-after"] for one in answers if one.status_code == 503)
        return [one.status_code for one in answers]

    with running("ingest_kiosk", tmp_path, kafka.bootstrap, topic_prefix) as service:
        seen = {status for _ in range(3) for status in asyncio.run(flood(service))}
        assert 503 in seen
        assert seen <= {202, 413, 503}
        assert service.metric("kokemus_ingest_overloaded_total") > 0
        assert service.post(press()).status_code == 202
        assert service.metric("kokemus_ingest_in_flight_bytes") == 0
        assert service.resident_megabytes() < 200


def test_a_trace_goes_on_with_the_event(
    kiosk: IngestService, kafka: Broker, topic_prefix: str
) -> None:
    own = "00-11111111111111111111111111111111-2222222222222222-01"
    sent = [
        press(event={"id": "of-the-request"}),
        press(event={"id": "of-its-own", "traceparent": own}),
        press(event={"id": "no-trace", "traceparent": "call 040 1234567"}),
    ]
    assert kiosk.post(sent, BATCH, headers={"traceparent": TRACE}).status_code == 202
    found = records(kafka.bootstrap, f"{topic_prefix}kiosk-presses.v1", 3)
    traces = {one["id"]: one["traceparent"] for one in (json.loads(r.value()) for r in found)}
    assert traces == {"of-the-request": TRACE, "of-its-own": own, "no-trace": TRACE}


def test_spans_are_sent_where_an_endpoint_is_set(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    with (
        collecting() as (endpoint, received),
        running(
            "ingest_kiosk",
            tmp_path,
            embedded_kafka.bootstrap,
            topic_prefix,
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        ) as service,
    ):
        service.post(press(), headers={"traceparent": TRACE})
        httpx.get(f"{service.url}/health/live?typed=sala-nimi-77")
        (record,) = records(embedded_kafka.bootstrap, f"{topic_prefix}kiosk-presses.v1", 1)
        service.stop()
        sent = b"".join(received)
    _, trace_id, span_id, _ = json.loads(record.value())["traceparent"].split("-")
    assert trace_id == TRACE.split("-")[1]
    assert span_id != TRACE.split("-")[2]
    assert bytes.fromhex(trace_id) in sent
    assert bytes.fromhex(span_id) in sent
    assert b"sala-nimi-77" not in sent
    assert b"/health/live" not in sent


def test_logs_and_metrics_hold_nothing_of_what_was_sent(quiet_kiosk: IngestService) -> None:
    secret = "sala-nimi-77"
    quiet_kiosk.post([press(event={"id": secret}), press(value=99, event={"id": secret})], BATCH)
    httpx.get(f"{quiet_kiosk.url}/v1/{secret}?key={secret}")
    metrics = httpx.get(f"http://127.0.0.1:{quiet_kiosk.metrics_port}/metrics").text
    log = quiet_kiosk.log.read_text()
    assert secret not in metrics
    assert secret not in log
    assert quiet_kiosk.token not in log
    assert all(json.loads(line)["service"] == "ingest-kiosk" for line in log.splitlines())


def test_only_declared_metrics_are_served(quiet_kiosk: IngestService) -> None:
    metrics = httpx.get(f"http://127.0.0.1:{quiet_kiosk.metrics_port}/metrics").text
    served = {line.split()[2] for line in metrics.splitlines() if line.startswith("# TYPE kokemus")}
    declared = {metric.name for metric in METRICS}
    assert {name.removesuffix("_created") for name in served} <= declared | {
        name.removesuffix("_total") for name in declared
    }


@pytest.mark.parametrize("module", ["ingest_kiosk", "ingest_feedback", "complaints"])
def test_a_service_stops_cleanly(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path, module: str
) -> None:
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    with running(module, tmp_path, embedded_kafka.bootstrap, topic_prefix) as service:
        assert service.stop() == 0


@pytest.mark.parametrize("module", ["ingest_kiosk", "ingest_feedback", "complaints"])
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "KOKEMUS_KAFKA_BOOTSTRAP"),
        ({"KOKEMUS_KAFKA_BOOTSTRAP": "x:1"}, "KOKEMUS_KEYS_FILE"),
        ({"KOKEMUS_KAFKA_BOOTSTRAP": "x:1", "KOKEMUS_KEYS_FILE": "/nowhere"}, "/nowhere"),
    ],
)
def test_bad_settings_end_a_service_with_one_line(
    module: str, environment: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"{module}.main", "serve"],
        env={"PATH": "/usr/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_service_is_not_ready_before_it_has_read_the_registry(tmp_path: Path) -> None:
    service = IngestService("ingest_kiosk", tmp_path, f"127.0.0.1:{free_port()}", "t.")
    try:
        with pytest.raises(Exception, match="ready"):
            service.start()
    finally:
        service.stop()


def test_a_client_that_says_nothing_is_sent_away(quiet_kiosk: IngestService) -> None:
    with socket.create_connection(("127.0.0.1", quiet_kiosk.port)) as silent:
        silent.settimeout(25)
        silent.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\n")
        assert silent.recv(1_000) == b""
