"""The feedback service takes in feedback's life, surveys and participation, each to its topic."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from kokemus.contracts import examples
from kokemus.contracts.topics import declarations
from kokemus_platform import topics
from kokemus_platform.kafka import Broker
from support.ingest_service import BATCH, IngestService, records, running

WITHDRAWN = "observation.withdrawn.v1"


@pytest.fixture
def feedback(kafka: Broker, topic_prefix: str, tmp_path: Path) -> Iterator[IngestService]:
    topics.apply(kafka.bootstrap, topic_prefix)
    with running("ingest_feedback", tmp_path, kafka.bootstrap, topic_prefix) as service:
        yield service


def test_every_example_of_its_topics_goes_on_to_its_topic(
    feedback: IngestService, kafka: Broker, topic_prefix: str
) -> None:
    sent = {
        topic.name: [
            {**json.loads(raw), "id": f"{event_type}-{name}"}
            for event_type in topic.types
            for name, raw in examples.of(f"fi.hel.kokemus.{event_type}").items()
            if event_type != WITHDRAWN or name == "survey-answer"
        ]
        for topic in declarations().values()
        if topic.owner == "ingest-feedback"
    }
    assert {"feedback.v1", "surveys.v1", "participation.v1"} <= sent.keys()
    answer = feedback.post([*chain(*sent.values())], BATCH)
    assert (answer.status_code, answer.json()["rejected"]) == (202, [])
    for topic, expected in sent.items():
        found = records(kafka.bootstrap, f"{topic_prefix}{topic}", len(expected))
        assert {json.loads(record.value())["id"] for record in found} == {
            event["id"] for event in expected
        }


def test_a_method_on_another_level_and_a_press_withdrawn_here_are_refused(
    feedback: IngestService,
) -> None:
    report = json.loads(
        examples.of("fi.hel.kokemus.participation.method-reported.v1")["volume-not-counted"]
    )
    report["data"]["level"] = 1
    press = json.loads(examples.of(f"fi.hel.kokemus.{WITHDRAWN}")["press"])
    press["time"] = "2026-11-22T12:00:00+02:00"
    answer = feedback.post([report, press], BATCH)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["rejected"]] == [
        "/data/level",
        "/data/original/type",
    ]
