"""The complaints service: codes only, whole days only, no units."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from kokemus.contracts import examples
from kokemus_platform import topics
from kokemus_platform.kafka import Broker
from kokemus_platform.processes import wait_until
from support.ingest_service import BATCH, IngestService, records, running
from support.sent_events import complaint, press


@pytest.fixture
def complaints(kafka: Broker, topic_prefix: str, tmp_path: Path) -> Iterator[IngestService]:
    topics.apply(kafka.bootstrap, topic_prefix)
    with running("complaints", tmp_path, kafka.bootstrap, topic_prefix) as service:
        yield service


def test_a_case_goes_on_by_its_day(
    complaints: IngestService, kafka: Broker, topic_prefix: str
) -> None:
    sent = complaint(event={"time": "2026-03-01T22:30:00Z"})
    assert complaints.post(sent).status_code == 202
    (record,) = records(kafka.bootstrap, f"{topic_prefix}complaints.v1", 1)
    assert json.loads(record.value())["time"] == "2026-03-02T00:00:00+02:00"


def test_what_is_more_than_codes_is_refused_by_name(complaints: IngestService) -> None:
    answer = complaints.post(complaint(description="soitti 040 1234567"))
    assert answer.status_code == 422
    assert answer.json()["rejected"][0]["pointer"] == "/data/description"
    assert "soitti" not in answer.text


def test_an_identity_code_is_neither_taken_nor_repeated(complaints: IngestService) -> None:
    sent = [complaint(case_id="010190-123A"), complaint(event={"id": "010190-123A"})]
    answer = complaints.post(sent, BATCH)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["rejected"]] == ["/data/case_id", "/id"]
    assert "010190" not in answer.text
    assert "010190" not in complaints.log.read_text()


def test_a_case_at_a_unit_is_refused_once_the_unit_is_known(
    complaints: IngestService, kafka: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    sent = complaint(event={"subject": "terveysasema-kallio"})
    assert complaints.post(sent).status_code == 202
    unit = {
        **press(event={"id": "entity-1"}),
        "type": "fi.hel.kokemus.entity.defined.v1",
        "data": {
            "kind": "unit",
            "validities": [{"parent": None, "names": {"fi": "x"}, "valid_from": "2000-01-01"}],
        },
    }
    with running("ingest_kiosk", tmp_path, kafka.bootstrap, topic_prefix) as kiosk:
        assert kiosk.post(unit).status_code == 202
    wait_until(
        lambda: complaints.post(sent).status_code == 422, seconds=10, what="the unit to be known"
    )
    assert complaints.post(sent).json()["rejected"][0]["pointer"] == "/subject"


def test_contacts_decisions_and_summaries_go_on_each_to_its_topic(
    complaints: IngestService, kafka: Broker, topic_prefix: str
) -> None:
    sent = {
        topic: [
            {**json.loads(raw), "id": f"{event_type}-{name}"}
            for event_type in types
            for name, raw in examples.of(f"fi.hel.kokemus.{event_type}").items()
        ]
        for topic, types in {
            "ombudsman.v1": ["ombudsman.contacted.v1", "ombudsman.summary.v1"],
            "complaints.v1": ["complaint.decided.v1", "complaint.summary.v1"],
        }.items()
    }
    withdrawals = examples.of("fi.hel.kokemus.observation.withdrawn.v1")
    sent["ombudsman.v1"].append(json.loads(withdrawals["contact"]))
    answer = complaints.post([*chain(*sent.values())], BATCH)
    assert (answer.status_code, answer.json()["rejected"]) == (202, [])
    for topic, expected in sent.items():
        found = records(kafka.bootstrap, f"{topic_prefix}{topic}", len(expected))
        assert {json.loads(record.value())["id"] for record in found} == {
            event["id"] for event in expected
        }


def test_what_was_pressed_is_not_withdrawn_here(complaints: IngestService) -> None:
    withdrawals = examples.of("fi.hel.kokemus.observation.withdrawn.v1")
    earlier = {"time": "2026-11-22T12:00:00+02:00"}
    answer = complaints.post(json.loads(withdrawals["press"]) | earlier)
    assert answer.status_code == 422
    assert answer.json()["rejected"][0]["pointer"] == "/data/original/type"


@pytest.mark.parametrize(
    ("event_type", "name", "data", "pointer"),
    [
        ("ombudsman.contacted.v1", "two-matters", {"note": "Aino Virtanen"}, "/data/note"),
        ("ombudsman.contacted.v1", "two-matters", {"matters": ["Aino Virtanen"]}, "/data/matters"),
        ("complaint.decided.v1", "objection-answered", {"outcome": "Aino"}, "/data/outcome"),
        ("complaint.decided.v1", "objection-answered", {"case_id": "010190-123A"}, "/data/case_id"),
        ("complaint.summary.v1", "not-reported", {"as_of": "Aino Virtanen"}, "/data/as_of"),
        ("ombudsman.summary.v1", "health-only", {"contact": "Aino"}, "/data/contact"),
    ],
)
def test_a_text_a_name_or_a_code_of_a_person_is_refused_by_field_and_never_repeated(
    complaints: IngestService, event_type: str, name: str, data: dict[str, Any], pointer: str
) -> None:
    event = json.loads(examples.of(f"fi.hel.kokemus.{event_type}")[name])
    answer = complaints.post({**event, "data": event["data"] | data})
    assert answer.status_code == 422
    assert answer.json()["rejected"][0]["pointer"].startswith(pointer)
    assert "Aino" not in answer.text
    assert "010190" not in answer.text
    assert "Aino" not in complaints.log.read_text()
