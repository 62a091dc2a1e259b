"""`POST /v1/imports` of real services before a real broker, and the registry out of files."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition
from typer.testing import CliRunner

from kokemus import keys
from kokemus_platform import registry, topics
from kokemus_platform.kafka import Broker, EmbeddedKafka
from kokemus_platform.processes import wait_until
from support.ingest_service import BATCH, IngestService, records, running
from support.sent_events import press
from support.tables import PRESS, csv_file, with_part, workbook

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PRESSES = [{**PRESS, "device_id": str(number)} for number in range(40)]


@pytest.fixture(scope="module")
def prefix(embedded_kafka: EmbeddedKafka) -> str:
    if not embedded_kafka.running:
        embedded_kafka.start()
    prefix = f"t{secrets.token_hex(5)}."
    topics.apply(embedded_kafka.bootstrap, prefix)
    return prefix


@pytest.fixture(scope="module")
def kiosk(
    embedded_kafka: EmbeddedKafka, prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestService]:
    folder = tmp_path_factory.mktemp("kiosk")
    with running("ingest_kiosk", folder, embedded_kafka.bootstrap, prefix) as service:
        yield service


@pytest.fixture(scope="module")
def complaints(
    embedded_kafka: EmbeddedKafka, prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestService]:
    folder = tmp_path_factory.mktemp("complaints")
    with running("complaints", folder, embedded_kafka.bootstrap, prefix) as service:
        yield service


@pytest.fixture(scope="module")
def feedback(
    embedded_kafka: EmbeddedKafka, prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestService]:
    folder = tmp_path_factory.mktemp("feedback")
    with running("ingest_feedback", folder, embedded_kafka.bootstrap, prefix) as service:
        yield service


def send(
    service: IngestService,
    content: bytes,
    content_type: str = CSV,
    *,
    token: str | None = None,
    **query: str,
) -> httpx.Response:
    return httpx.post(
        f"{service.url}/v1/imports",
        params={"kind": "press", "source": "old-kiosks", **query},
        content=content,
        headers={
            "Authorization": f"Bearer {token or service.token}",
            "Content-Type": content_type,
        },
        timeout=120,
    )


def length(bootstrap: str, topic: str) -> int:
    """How many records a topic holds."""
    with KafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        places = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic)]
        return sum(consumer.end_offsets(places).values())


def test_a_file_sent_twice_brings_the_same_events_with_the_same_ids(
    kafka: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    topics.apply(kafka.bootstrap, topic_prefix)
    with running("ingest_kiosk", tmp_path, kafka.bootstrap, topic_prefix) as service:
        for content, content_type in (
            (csv_file(PRESSES), CSV),
            (csv_file(PRESSES[::-1], delimiter=",", encoding="utf-16"), f"{CSV}; header=present"),
            (workbook([list(PRESS), *[list(row.values()) for row in PRESSES]]), XLSX),
        ):
            answer = send(service, content, content_type)
            assert answer.status_code == 200
            assert answer.json() == {"rows": 40, "accepted": 40, "rejected": []}
    found = records(kafka.bootstrap, f"{topic_prefix}kiosk-presses.v1", 120)
    events = [json.loads(one.value()) for one in found]
    assert len(events) == 120
    assert len({event["id"] for event in events}) == 40
    assert {event["source"] for event in events} == {"old-kiosks"}
    assert {event["data"]["device_id"] for event in events} == {str(one) for one in range(40)}


def test_a_file_whose_broker_goes_away_on_the_way_is_sent_again_and_nothing_is_missing(
    kafka: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    topics.apply(kafka.bootstrap, topic_prefix)
    rows = 60_000
    table = csv_file([{**PRESS, "device_id": str(number)} for number in range(rows)])
    with (
        running("ingest_kiosk", tmp_path, kafka.bootstrap, topic_prefix) as service,
        ThreadPoolExecutor(1) as pool,
    ):
        sending = pool.submit(send, service, table)
        wait_until(
            lambda: 0 < service.metric("kokemus_events_accepted_total") < rows / 2,
            seconds=30,
            what="the file to be half taken",
        )
        kafka.kill()
        cut_off = sending.result(60)
        assert cut_off.status_code == 503
        assert int(cut_off.headers["retry-after"]) > 0
        assert cut_off.headers["content-type"] == "application/problem+json"
        kept = service.metric("kokemus_events_accepted_total")
        assert 0 < kept < rows
        kafka.start()
        topics.apply(kafka.bootstrap, topic_prefix)
        wait_until(
            lambda: service.post(press()).status_code == 202, seconds=40, what="a broker again"
        )
        again = send(service, table)
        assert again.json() == {"rows": rows, "accepted": rows, "rejected": []}
    topic = f"{topic_prefix}kiosk-presses.v1"
    least = 1 + rows + (int(kept) if kafka.durable else 0)
    # More than that where the broker had stored a chunk before it could confirm it.
    count = max(least, length(kafka.bootstrap, topic)) if kafka.durable else least
    found = records(kafka.bootstrap, topic, count)
    ids = [json.loads(one.value())["id"] for one in found]
    assert len({id_ for id_ in ids if id_.startswith("row-")}) == rows


def test_a_dry_run_names_each_bad_row_and_publishes_nothing(
    kiosk: IngestService, embedded_kafka: EmbeddedKafka, prefix: str
) -> None:
    table = csv_file([PRESS, {**PRESS, "value": "8"}, {**PRESS, "time": "30.2.2018"}, PRESS])
    answer = send(kiosk, table, dry_run="true", source="dry")
    assert answer.status_code == 200
    assert answer.json() == {
        "rows": 4,
        "accepted": 2,
        "rejected": [
            {"line": 3, "column": "value", "detail": "value is 0 to 3 on smiley4"},
            {"line": 4, "column": "time", "detail": "this time is on no calendar or clock"},
        ],
    }
    assert send(kiosk, table, source="wet").json() == answer.json()
    found = records(embedded_kafka.bootstrap, f"{prefix}kiosk-presses.v1", 2)
    assert {json.loads(one.value())["source"] for one in found} >= {"wet"}
    assert not any(json.loads(one.value())["source"] == "dry" for one in found)


def test_a_time_in_the_future_is_refused_by_row(kiosk: IngestService) -> None:
    answer = send(kiosk, csv_file([{**PRESS, "time": "2098-01-01T00:00Z"}, PRESS]), dry_run="true")
    assert [(one["line"], one["column"]) for one in answer.json()["rejected"]] == [(2, "time")]


def test_a_column_that_names_no_field_is_told_and_passed_over(kiosk: IngestService) -> None:
    answer = send(kiosk, csv_file([{**PRESS, "misues": "x"}]), dry_run="true").json()
    assert answer["accepted"] == 1
    assert [(one["line"], one["column"]) for one in answer["rejected"]] == [(1, "misues")]


@pytest.mark.parametrize(
    ("query", "content", "content_type", "status"),
    [
        ({"kind": "complaint"}, b"", CSV, 400),
        ({"kind": ""}, b"", CSV, 400),
        ({"source": ""}, b"", CSV, 400),
        ({"source": "two words"}, b"", CSV, 400),
        ({"dry_run": "maybe"}, b"", CSV, 400),
        ({}, b"", CSV, 400),
        ({}, b"\n\n", CSV, 400),
        ({}, b"PK\x03\x04", CSV, 400),
        ({}, b"\x81\x8d", CSV, 400),
        ({}, b"x", XLSX, 400),
        ({}, b"x;y\n1;2\n", CSV, 422),
        ({}, b"subject;time\n1;2\n", CSV, 422),
        ({}, csv_file([PRESS]).replace(b"smiley4;3", b"3"), CSV, 422),
        ({}, b"x", "application/json", 415),
        ({}, b"x", "application/vnd.ms-excel", 415),
        ({}, b" " * (21 * 1024 * 1024), CSV, 413),
        ({}, with_part(workbook([["a"]]), "b.bin", bytes(201 * 1024 * 1024)), XLSX, 413),
    ],
    ids=range(17),
)
def test_a_file_that_cannot_be_used_is_answered_with_a_problem(
    kiosk: IngestService, query: dict[str, str], content: bytes, content_type: str, status: int
) -> None:
    answer = send(kiosk, content, content_type, **query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_key_sends_files_only_within_its_scopes(kiosk: IngestService) -> None:
    narrow, narrow_key = keys.create("narrow", types=["kiosk.pressed.v1"], sources=["old-kiosks"])
    below, below_key = keys.create("below", types=["*"], sources=["*"], subtree="kymp")
    reads, reads_key = keys.create("reads", types=[], sources=[], read=True)
    kiosk.write_keys(narrow_key, below_key, reads_key)
    table = csv_file([PRESS])
    assert send(kiosk, table, token=narrow, dry_run="true").status_code == 200
    assert send(kiosk, table, token=narrow, dry_run="true", kind="count").status_code == 403
    assert send(kiosk, table, token=narrow, dry_run="true", source="other").status_code == 403
    assert send(kiosk, table, token=reads).status_code == 403
    assert send(kiosk, table, token="kok_nobody_" + "x" * 43).status_code == 401
    outside = send(kiosk, table, token=below)
    assert outside.status_code == 403
    assert outside.json()["rejected"][0]["column"] == "subject"


def test_statutory_cases_are_refused_with_a_column_too_many(complaints: IngestService) -> None:
    case = {
        "subject": "sairaala",
        "time": "2.3.2026 10:15",
        "case_id": "5f2a",
        "kind": "kantelu",
        "authority": "lvv",
    }
    whole = {"kind": "complaint", "source": "registry", "dry_run": "true"}
    extra = send(complaints, csv_file([{**case, "name": "Aku Ankka"}]), **whole)
    assert extra.status_code == 422
    assert "Ankka" not in extra.text
    assert send(complaints, csv_file([case]), **whole).json()["accepted"] == 1


def test_a_table_of_complaints_is_taken_as_counts_and_its_dash_is_no_zero(
    complaints: IngestService, embedded_kafka: EmbeddedKafka, prefix: str
) -> None:
    year = {"period_start": "2018-01-01", "period_end": "2018-09-12", "as_of": "2018-09-12"}
    counts = {"sote": "405", "henkilosto-ja-kehittamispalvelut": "-"}
    table = csv_file(
        [
            {"subject": subject, "kind": "unspecified", "count": count, **year}
            for subject, count in counts.items()
        ]
    )
    answer = send(complaints, table, kind="complaint", source="report")
    assert answer.json() == {"rows": 2, "accepted": 2, "rejected": []}
    found = [
        json.loads(one.value())
        for one in records(embedded_kafka.bootstrap, f"{prefix}complaints.v1", 2)
    ]
    assert {event["subject"]: event["data"]["count"] for event in found} == {
        "sote": 405,
        "henkilosto-ja-kehittamispalvelut": None,
    }


def test_an_inventory_that_has_shifted_is_refused_and_one_that_has_not_is_judged(
    feedback: IngestService,
) -> None:
    header = "subject;time;collects;frequency_yearly;frequency_occasional;used_where_management"
    units = ["museot;29.11.2021;1;1;0;1", "kirjasto;29.11.2021;1;0;1;1"]
    whole = "\n".join([header, *units]).encode()
    query = {"kind": "practice", "source": "inventory", "dry_run": "true"}
    assert send(feedback, whole, **query).json()["accepted"] == 2
    shifted = "\n".join([header, *(unit.replace(";1;", ";", 1) + ";" for unit in units)]).encode()
    answer = send(feedback, shifted, **query)
    assert answer.status_code == 422
    assert "shifted" in answer.json()["detail"]


def test_an_unknown_code_in_a_file_is_told_by_row_and_column(feedback: IngestService) -> None:
    row = {"subject": "sote", "time": "2.3.2026", "level": "3", "year": "2025", "volume": "-"}
    table = csv_file([{**row, "method": method} for method in ("asiakasraadit", "Aku Ankka", "x")])
    answer = send(feedback, table, kind="method", source="returns", dry_run="true")
    assert [(one["line"], one["column"]) for one in answer.json()["rejected"]] == [
        (3, "method"),
        (4, "method"),
    ]
    assert "Ankka" not in answer.text


def test_a_large_file_is_read_in_bounded_memory(kiosk: IngestService) -> None:
    table = csv_file([{**PRESS, "device_id": str(number)} for number in range(150_000)])
    before = kiosk.resident_megabytes()
    answer = send(kiosk, table, dry_run="true")
    assert answer.json() == {"rows": 150_000, "accepted": 150_000, "rejected": []}
    assert kiosk.resident_megabytes() - before < 110
    assert kiosk.post([press()], BATCH).status_code == 202


def test_an_empty_table_of_each_kind_can_be_had_and_sent(kiosk: IngestService) -> None:
    for kind in ("press", "count"):
        answer = httpx.get(f"{kiosk.url}/v1/imports/template", params={"kind": kind})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        sent = send(kiosk, answer.content, "text/csv; charset=utf-8", kind=kind)
        assert sent.json() == {"rows": 0, "accepted": 0, "rejected": []}
    missing = httpx.get(f"{kiosk.url}/v1/imports/template", params={"kind": "complaint"})
    assert missing.status_code == 400


def test_a_feedback_systems_tables_tell_the_whole_life_of_a_feedback(
    feedback: IngestService, embedded_kafka: EmbeddedKafka, prefix: str
) -> None:
    row = {"subject": "neuvolat", "time": "2.3.2026 14:05", "feedback_id": "f-1"}
    received = {
        **row,
        "kind": "moite",
        "answer_requested": "1",
        "contact_left": "1",
        "answer_possible": "1",
        "language": "sv",
        "themes": "",
    }
    answered = {**row, "answered_at": "4.3.2026 9:00", "state": "final_answer"}
    updated = {**row, "subject": "hammashoitolat", "kind": "kysymys"}
    tables: list[tuple[dict[str, str], dict[str, str]]] = [
        (received, {}),
        (answered, {}),
        (updated, {"type": "feedback.updated.v1"}),
        (row, {"type": "feedback.withdrawn.v1"}),
    ]
    query = {"kind": "feedback", "source": "new-system"}
    for table, named in tables:
        for dry_run in ("true", "false"):
            answer = send(feedback, csv_file([table]), dry_run=dry_run, **query, **named)
            assert answer.json() == {"rows": 1, "accepted": 1, "rejected": []}
    found = records(embedded_kafka.bootstrap, f"{prefix}feedback.v1", 4)
    told = {event["type"].split(".")[-2]: event for event in (json.loads(r.value()) for r in found)}
    assert set(told) == {"received", "answered", "updated", "withdrawn"}
    assert {event["data"]["feedback_id"] for event in told.values()} == {"f-1"}
    assert told["updated"]["subject"] == "hammashoitolat"
    unnamed = send(feedback, csv_file([updated]), **query)
    assert (unnamed.status_code, "missing" in unnamed.text) == (422, True)
    wrong = send(feedback, csv_file([updated]), **query, type="survey.answered.v1")
    assert wrong.status_code == 400


def test_an_empty_table_of_summaries_can_be_had_too(complaints: IngestService) -> None:
    query = {"kind": "complaint", "type": "complaint.summary.v1"}
    address = f"{complaints.url}/v1/imports/template"
    assert "period_start" in httpx.get(address, params=query).text
    assert httpx.get(address, params={**query, "type": "kiosk.pressed.v1"}).status_code == 400
    book = httpx.get(address, params=query, headers={"Accept": XLSX})
    assert book.headers["content-type"] == XLSX
    sent = send(complaints, book.content, XLSX, kind="complaint")
    assert sent.json() == {"rows": 0, "accepted": 0, "rejected": []}


def test_the_document_tells_which_kinds_a_service_takes(
    kiosk: IngestService, complaints: IngestService, feedback: IngestService
) -> None:
    for service, kinds in (
        (kiosk, ["press", "count"]),
        (complaints, ["ombudsman", "complaint"]),
        (feedback, ["feedback", "survey", "method", "game", "practice", "reported"]),
    ):
        document = httpx.get(f"{service.url}/openapi.json").json()
        operation = document["paths"]["/v1/imports"]["post"]
        assert operation["parameters"][0]["schema"]["enum"] == kinds
        assert set(operation["requestBody"]["content"]) == {CSV, XLSX}


def imported(service: IngestService, *arguments: Any) -> str:
    token = service.keys_file.with_name("token")
    token.write_text(service.token)
    result = CliRunner().invoke(
        registry.commands,
        ["import", *map(str, arguments), "--url", service.url, "--key-file", str(token)],
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_the_registry_comes_from_files_and_a_second_import_brings_the_same_events(
    kafka: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    topics.apply(kafka.bootstrap, topic_prefix)
    table, units = tmp_path / "tree.csv", tmp_path / "units.json"
    table.write_text(
        "subject;kind;parent;names_fi;valid_from;valid_to\n"
        "helsinki;city;;Helsinki;;\n"
        "kallio;unit;sote;Kallio;;2019-12-31\n"
        "kallio;unit;kymp;Kallio;2020-01-01;\n"
    )
    units.write_text(
        json.dumps(
            {
                "count": 1,
                "next": None,
                "results": [
                    {"id": 8000, "name": {"fi": "Töölö"}, "department": "d-1", "email": "a@b.fi"}
                ],
            }
        )
    )
    with running("ingest_kiosk", tmp_path, kafka.bootstrap, topic_prefix) as service:
        assert "3 definitions would be sent" in imported(service, table, units, "--dry-run")
        assert "3 definitions sent, 0 refused" in imported(service, table, units)
        imported(service, table, units)
    found = records(kafka.bootstrap, f"{topic_prefix}registry.v1", 6)
    assert len({json.loads(one.value())["id"] for one in found}) == 3
    by_key = {one.key().decode(): json.loads(one.value()) for one in found}
    assert set(by_key) == {"entity/helsinki", "entity/kallio", "entity/unit-8000"}
    assert [one["parent"] for one in by_key["entity/kallio"]["data"]["validities"]] == [
        "sote",
        "kymp",
    ]
    assert by_key["entity/unit-8000"]["data"]["service_map_id"] == 8000
    assert not any(b"a@b.fi" in one.value() for one in found)


HOSTILE = ("%00", "a%00b", "%01", "%ff%fe", "99999999999999999999", "-1", "..%2f..", "x" * 300)


@pytest.mark.parametrize("service", ["kiosk", "complaints", "feedback"])
def test_no_address_is_a_fault_of_the_service(service: str, request: pytest.FixtureRequest) -> None:
    asked: IngestService = request.getfixturevalue(service)
    headers = {"Authorization": f"Bearer {asked.token}", "Content-Type": CSV}
    with httpx.Client(base_url=asked.url, headers=headers, timeout=30) as client:
        answers = [
            (method, path, client.request(method, path, content=b"a,b\n1,2\n").status_code)
            for hostile in HOSTILE
            for method, path in _addresses(hostile)
        ]
    assert [one for one in answers if one[2] >= 500] == []


def _addresses(hostile: str) -> Iterator[tuple[str, str]]:
    yield from (
        ("GET", f"/{hostile}"),
        ("GET", f"/v1/{hostile}"),
        ("POST", f"/v1/events?x={hostile}"),
    )
    for query in (
        f"kind={hostile}",
        f"kind=press&source={hostile}",
        f"kind=press&dry_run={hostile}",
    ):
        yield from (("GET", f"/v1/imports/template?{query}"), ("POST", f"/v1/imports?{query}"))
    for method, path in (
        ("GET", f"services/{hostile}.json"),
        ("GET", f"requests/{hostile}.xml?service_code={hostile}"),
        ("GET", f"requests.json?start_date={hostile}&service_request_id={hostile}"),
        ("POST", f"requests.json?service_code={hostile}&api_key={hostile}"),
    ):
        yield method, f"/open311/v2/{path}"
