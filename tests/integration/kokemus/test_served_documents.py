"""The OpenAPI documents say what the services do: no 5xx, no undocumented status."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from support.ingest_service import IngestService, running

MODULES = ["ingest_kiosk", "ingest_feedback", "complaints"]


@pytest.fixture(scope="module", params=MODULES)
def service(
    request: pytest.FixtureRequest,
    embedded_kafka: EmbeddedKafka,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[IngestService]:
    if not embedded_kafka.running:
        embedded_kafka.start()
    prefix = f"t{secrets.token_hex(5)}."
    topics.apply(embedded_kafka.bootstrap, prefix)
    folder: Path = tmp_path_factory.mktemp("documents")
    with running(request.param, folder, embedded_kafka.bootstrap, prefix) as running_service:
        yield running_service


def test_every_operation_answers_as_documented(service: IngestService) -> None:
    document = httpx.get(f"{service.url}/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    found: Any = schema.get_all_operations()
    operations = [one.ok() for one in found]
    assert {operation.path for operation in operations} >= {"/v1/events", "/health/ready"}
    checks: Any = [
        CHECKS.get_one(name)
        for name in (
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_schema_conformance",
            "response_headers_conformance",
        )
    ]
    for operation in operations:

        @settings(
            max_examples=40,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def test(case: Any) -> None:
            answer = case.call(
                base_url=service.url, headers={"Authorization": f"Bearer {service.token}"}
            )
            case.validate_response(answer, checks=checks)

        test()


@pytest.mark.parametrize("path", ["/v1/events", "/health/live", "/openapi.json"])
def test_a_method_that_is_not_there_says_which_are(service: IngestService, path: str) -> None:
    answer = httpx.patch(service.url + path)
    assert answer.status_code == 405
    assert answer.headers["allow"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_asyncapi_names_the_topics_with_the_citys_prefix(service: IngestService) -> None:
    document = httpx.get(f"{service.url}/asyncapi.json").json()
    assert document["asyncapi"].startswith("3.")
    addresses = [channel["address"] for channel in document["channels"].values()]
    prefix = service.environment["KOKEMUS_TOPIC_PREFIX"]
    assert addresses
    assert all(address.startswith(prefix) for address in addresses)
