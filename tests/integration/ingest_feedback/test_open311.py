"""The GeoReport server as feedback systems use it, on a real broker."""

import io
import itertools
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from kokemus import keys
from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from support.ingest_service import IngestService, records, running
from support.spoiled import MARKED, NAMED


@pytest.fixture
def feedback(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> Iterator[IngestService]:
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    with running("ingest_feedback", tmp_path, embedded_kafka.bootstrap, topic_prefix) as service:
        yield service


@pytest.fixture
def system(feedback: IngestService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{feedback.url}/open311/v2", timeout=30) as client:
        yield client


def parsed(xml: bytes) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 - our own server's


def sent(kafka: EmbeddedKafka, prefix: str, count: int) -> list[dict[str, Any]]:
    found = records(kafka.bootstrap, f"{prefix}feedback.v1", count)
    return [json.loads(one.value()) for one in found]


def test_services_and_what_they_ask_are_told_in_both_forms(system: httpx.Client) -> None:
    rows = system.get("/services.json").json()
    assert [row["service_code"] for row in rows] == [
        "moite",
        "kiitos",
        "kysymys",
        "ehdotus",
        "vikailmoitus",
        "muu",
    ]
    answer = system.get("/services.xml")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert [one.findtext("service_code") for one in parsed(answer.content)] == [
        row["service_code"] for row in rows
    ]
    asked = system.get("/services/moite.json").json()
    assert [one["code"] for one in asked["attributes"]] == [
        "entity",
        "answer_requested",
        "language",
        "reference",
    ]
    root = parsed(system.get("/services/moite.xml").content)
    assert root.findtext("attributes/attribute/code") == "entity"
    assert system.get("/discovery.json").json()["endpoints"][0]["url"].endswith("/open311/v2")


def test_a_request_becomes_an_event_of_codes_only(
    system: httpx.Client, feedback: IngestService, embedded_kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    answer = system.post(
        "/requests.json",
        data={
            "api_key": feedback.token,
            "jurisdiction_id": "palaute",
            "service_code": "moite",
            "attribute[entity]": "terveysasemat",
            "attribute[language]": "sv",
            "attribute[reference]": "a-77",
            "lat": "60.17",
            "long": "24.94",
            **dict(zip(("description", "first_name"), NAMED, strict=True)),
            **dict(zip(("last_name", "email", "phone"), MARKED, strict=True)),
        },
    )
    assert answer.status_code == 201, answer.text
    assert [row["service_request_id"] for row in answer.json()] == ["a-77"]
    (event,) = sent(embedded_kafka, topic_prefix, 1)
    assert (event["id"], event["source"], event["subject"]) == (
        "open311/a-77",
        "palaute",
        "terveysasemat",
    )
    assert event["data"] == {
        "feedback_id": "a-77",
        "kind": "moite",
        "answer_requested": True,
        "contact_left": True,
        "answer_possible": True,
        "language": "sv",
    }
    told = json.dumps(event) + feedback.log.read_text()
    assert not any(text in told for text in (*NAMED, *MARKED))
    assert feedback.metric("kokemus_fields_dropped_total") == 7


def test_a_client_that_others_wrote_finds_its_way(
    feedback: IngestService,
    embedded_kafka: EmbeddedKafka,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)  # it was written for Python 2
    with warnings.catch_warnings(action="ignore"):
        from three import Three  # noqa: PLC0415 - only now can it be imported

    client = Three(f"{feedback.url}/open311/v2", api_key=feedback.token, jurisdiction="hel.fi")
    assert client.discovery()["endpoints"][0]["formats"] == ["application/json", "text/xml"]
    codes = [service["service_code"] for service in client.services()]
    asked = {one["code"]: one for one in client.services(codes[0])["attributes"]}
    assert asked["answer_requested"]["datatype"] == "singlevaluelist"
    (answer,) = client.post(
        codes[0],
        name=NAMED[0],
        address=NAMED[1],
        description=MARKED[0],
        media=io.BytesIO(b"a photograph"),
        **{"attribute[entity]": "terveysasemat"},
    )
    (event,) = sent(embedded_kafka, topic_prefix, 1)
    assert event["data"]["feedback_id"] == answer["service_request_id"]
    assert (event["source"], event["subject"]) == ("hel.fi", "terveysasemat")
    assert client.requests() == []
    assert client.request(answer["service_request_id"])[0]["code"] == "404"
    assert client.token("any")[0]["code"] == "404"


def test_a_photograph_is_thrown_away_and_the_message_counted(
    system: httpx.Client, feedback: IngestService, embedded_kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    answer = system.post(
        "/requests.xml",
        data={"api_key": feedback.token, "service_code": "kiitos"},
        files={"media": ("kuva.jpg", b"\xff" * 300_000, "image/jpeg")},
    )
    assert answer.status_code == 201, answer.text
    identity = parsed(answer.content).findtext("request/service_request_id")
    (event,) = sent(embedded_kafka, topic_prefix, 1)
    assert event["data"]["feedback_id"] == identity
    assert (event["subject"], event["data"]["contact_left"]) == ("helsinki", False)


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"api_key": "wrong"}, 403, "api_key"),
        ({"service_code": ""}, 400, "service_code is required"),
        ({"service_code": "010190-123A"}, 404, "service_code"),
        ({"attribute[language]": "Testinen"}, 400, "language"),
        ({"attribute[reference]": "testinen@example.org"}, 400, "/id"),
        ({"attribute[entity]": "Keksittytie 5"}, 400, "/subject"),
    ],
)
@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_bad_request_gets_the_standards_error_without_what_was_sent(  # noqa: PLR0917 - fixtures
    system: httpx.Client,
    feedback: IngestService,
    fields: dict[str, str],
    status: int,
    why: str,
    form: str,
) -> None:
    given = {"api_key": feedback.token, "service_code": "moite", **fields}
    answer = system.post(f"/requests.{form}", data=given)
    assert answer.status_code == status, answer.text
    if form == "json":
        (error,) = answer.json()
    else:
        (element,) = parsed(answer.content)
        error = {"code": element.findtext("code"), "description": element.findtext("description")}
    assert error["code"] == str(status)
    assert why in error["description"]
    assert not any(value and value in answer.text for value in fields.values() if len(value) > 8)


def test_a_key_sends_for_its_own_source_only(system: httpx.Client, feedback: IngestService) -> None:
    token, key = keys.create("palaute", types=["feedback.received.v1"], sources=["palaute"])
    feedback.write_keys(key)
    given = {"api_key": token, "service_code": "moite"}
    assert system.post("/requests.json", data=given).status_code == 201
    foreign = {**given, "jurisdiction_id": "another"}
    assert system.post("/requests.json", data=foreign).status_code == 403


def test_nothing_is_kept_so_nothing_is_found(system: httpx.Client) -> None:
    assert system.get("/requests.json").json() == []
    assert system.get("/requests/a-77.json").status_code == 404
    assert system.get("/tokens/a-77.xml").status_code == 404
    assert system.get("/services.html").status_code == 404


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{}", "application/json", 400),
        (b"no boundary", "multipart/form-data", 400),
        (b"a=" + b"x" * (6 * 1024 * 1024), "application/x-www-form-urlencoded", 413),
        (b"&".join(b"f%d=1" % n for n in range(300)), "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_body_that_is_no_form_of_bounded_size_is_refused(
    system: httpx.Client, content: bytes, media: str, status: int
) -> None:
    answer = system.post("/requests.json", content=content, headers={"Content-Type": media})
    assert answer.status_code == status, answer.text
    assert answer.json()[0]["code"] == str(status)
