"""The GeoReport server's answers against those that the standard's documents record.

What is recorded lies under `tests/support/georeport`; element by element, an answer has the same
path for each of its elements, in a form that the standard's own mapping turns into the JSON.
"""

import secrets
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from georeport import GeoReport

from ingest_feedback.open311_client.forms import read
from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from support.ingest_service import IngestService, running

RECORDED = Path(__file__).parents[2] / "support" / "georeport"

YES_OR_NO = {"true", "false"}
VALUES = {
    "metadata": YES_OR_NO,
    "variable": YES_OR_NO,
    "required": YES_OR_NO,
    "type": {"realtime", "batch", "blackbox"},
    "datatype": {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"},
}
"""The elements of which the standard says what they may hold."""


@pytest.fixture(scope="module")
def feedback(
    embedded_kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IngestService]:
    if not embedded_kafka.running:
        embedded_kafka.start()
    prefix = f"t{secrets.token_hex(5)}."
    topics.apply(embedded_kafka.bootstrap, prefix)
    folder = tmp_path_factory.mktemp("feedback")
    with running("ingest_feedback", folder, embedded_kafka.bootstrap, prefix) as service:
        yield service


@pytest.fixture
def server(feedback: IngestService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{feedback.url}/open311/v2", timeout=30) as client:
        yield client


def paths(element: ET.Element, above: str = "") -> set[str]:
    """The path of an element and of all that it holds."""
    here = f"{above}/{element.tag}"
    return {here}.union(*(paths(inner, here) for inner in element))


def recorded(name: str) -> ET.Element:
    return ET.parse(RECORDED / f"{name}.xml").getroot()  # noqa: S314 - our own file


def parsed(answer: httpx.Response) -> ET.Element:
    """The document, once its bytes are as the standard wants them."""
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    first, _, _ = answer.content.partition(b"\n")
    assert first.startswith(b"<?xml")
    assert b"utf-8" in first.lower()
    root = ET.fromstring(answer.content)  # noqa: S314 - our own server's
    for element in root.iter():
        assert "{" not in element.tag, "the standard has no namespace"
        assert not element.attrib
        allowed = VALUES.get(element.tag)
        assert allowed is None or element.text in allowed
    return root


def as_texts(value: Any) -> Any:
    """A document without what XML cannot tell apart: types, and nothing from an empty text."""
    match value:
        case dict():
            return {name: as_texts(inner) for name, inner in value.items()}
        case list():
            return [as_texts(inner) for inner in value]
        case None:
            return ""
        case _:
            return str(value).strip()


def assert_same(server: httpx.Client, path: str) -> None:
    """Asserts that both forms of an answer say the same by the standard's mapping."""
    as_json, as_xml = (server.get(f"{path}.{form}") for form in ("json", "xml"))
    assert as_texts(read(as_xml.content, "xml")) == as_texts(read(as_json.content, "json"))


def test_the_list_of_services_has_the_elements_of_the_recorded_one(server: httpx.Client) -> None:
    root = parsed(server.get("/services.xml"))
    assert paths(root) == paths(recorded("services"))
    for service in root:
        assert paths(service) == paths(recorded("services")[0])
        assert service.findtext("service_code")
        assert service.findtext("service_name")
    assert_same(server, "/services")


def test_each_definition_has_the_elements_of_the_recorded_one(server: httpx.Client) -> None:
    for service in parsed(server.get("/services.xml")):
        code = service.findtext("service_code")
        root = parsed(server.get(f"/services/{code}.xml"))
        assert root.findtext("service_code") == code
        assert paths(root) == paths(recorded("service_definition"))
        orders = [one.findtext("order") for one in root.iter("attribute")]
        assert orders == [str(number) for number in range(1, len(orders) + 1)]
        for attribute in root.iter("attribute"):
            listed = str(attribute.findtext("datatype")).endswith("list")
            assert bool(attribute.findall("values/value")) == listed
        assert_same(server, f"/services/{code}")


def test_the_answer_to_a_request_has_the_elements_of_the_recorded_one(
    server: httpx.Client, feedback: IngestService
) -> None:
    sent = {"api_key": feedback.token, "service_code": "moite"}
    root = parsed(server.post("/requests.xml", data=sent))
    assert paths(root) == paths(recorded("posted"))
    assert root.findtext("request/service_request_id")
    assert root.findtext("request/account_id") == ""


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("POST", "/requests", {"service_code": "moite"}, 403),
        ("POST", "/requests", {"api_key": "KEY"}, 400),
        ("POST", "/requests", {"api_key": "KEY", "service_code": "unknown"}, 404),
        ("GET", "/services/unknown", {}, 404),
        ("GET", "/requests/unknown", {}, 404),
        ("GET", "/tokens/unknown", {}, 404),
    ],
)
def test_errors_have_the_elements_of_the_recorded_one_and_the_standards_status(  # noqa: PLR0917 - fixtures
    server: httpx.Client,
    feedback: IngestService,
    method: str,
    path: str,
    sent: dict[str, str],
    status: int,
) -> None:
    given = {name: feedback.token if value == "KEY" else value for name, value in sent.items()}
    form = {"data": given} if method == "POST" else {}
    answer = server.request(method, f"{path}.xml", **form)  # type: ignore[arg-type]  # a form
    assert answer.status_code == status
    root = parsed(answer)
    assert paths(root) == paths(recorded("errors"))
    assert root.findtext("error/code") == str(status)
    assert root.findtext("error/description")


def test_no_requests_are_an_empty_list_of_the_recorded_name(server: httpx.Client) -> None:
    root = parsed(server.get("/requests.xml"))
    assert (root.tag, len(root)) == (recorded("requests").tag, 0)
    assert_same(server, "/requests")


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_reader_of_both_forms_that_others_wrote_finds_what_it_needs(
    feedback: IngestService, form: str
) -> None:
    with warnings.catch_warnings(action="ignore"):
        client = GeoReport(f"{feedback.url}/open311/v2", jurisdiction="hel.fi", output_format=form)
        services = client.get_service_list()
        asked = client.get_service_definition("moite")["attributes"]
    assert [service["service_code"] for service in services][:2] == ["moite", "kiitos"]
    attributes = asked if form == "json" else asked["attribute"]
    assert [one["code"] for one in attributes] == [
        "entity",
        "answer_requested",
        "language",
        "reference",
    ]
