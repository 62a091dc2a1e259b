"""The complaints service: codes only, whole days only, no units."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

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
