"""The AsyncAPI documents: sound by themselves, and the same as the declarations say."""

import json
from typing import Any

import jsonschema_rs
import pytest

from kokemus.contracts import asyncapi, topics

SERVICES = ["ingest-kiosk", "ingest-feedback", "complaints", "metrics", "reporting", "kokemus"]

every_service = pytest.mark.parametrize("service", SERVICES)

REQUIRED = {
    "": {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"},
    "channel": {"address", "description", "messages", "bindings"},
    "operation": {"action", "channel", "messages"},
    "components": {"messages", "schemas"},
}
MESSAGE = {"name", "title", "summary", "contentType", "headers", "payload", "bindings", "examples"}
"""The fields of a message object that the specification has, as far as we use them."""


def references(document: Any) -> set[str]:
    match document:
        case {"$ref": str(target)}:
            return {target}
        case dict():
            return {target for value in document.values() for target in references(value)}
        case list():
            return {target for value in document for target in references(value)}
        case _:
            return set()


def resolve(document: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("#/").split("/"):
        document = document[part]
    return document


@every_service
def test_a_document_has_the_form_of_asyncapi_3(service: str) -> None:
    document = asyncapi.document(service, "kokemus.")
    assert document["asyncapi"] == "3.0.0"
    assert set(document) == REQUIRED[""]
    assert set(document["info"]) == {"title", "version", "description"}
    assert set(document["components"]) == REQUIRED["components"]
    for channel in document["channels"].values():
        assert set(channel) == REQUIRED["channel"]
    for operation in document["operations"].values():
        assert set(operation) == REQUIRED["operation"]
        assert operation["action"] in {"send", "receive"}
    for message in document["components"]["messages"].values():
        assert set(message) <= MESSAGE
    json.dumps(document)


@every_service
def test_every_reference_of_a_document_leads_somewhere(service: str) -> None:
    document = asyncapi.document(service, "kokemus.")
    found = references(document)
    assert found
    for target in found:
        assert isinstance(resolve(document, target), dict)


@every_service
def test_an_operation_uses_only_messages_of_its_own_channel(service: str) -> None:
    for operation in asyncapi.document(service, "kokemus.")["operations"].values():
        channel = operation["channel"]["$ref"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/")


@every_service
def test_a_document_says_what_the_declarations_say(service: str) -> None:
    document = asyncapi.document(service, "city.")
    said = {
        (operation["action"], resolve(document, operation["channel"]["$ref"])["address"])
        for operation in document["operations"].values()
    }
    declared = {
        (action, f"city.{topic.name}")
        for topic in topics.declarations().values()
        for action, who in (("send", topic.producers), ("receive", topic.consumers))
        if service in who
    }
    assert said == declared


@every_service
def test_the_examples_of_a_document_are_valid_by_its_own_schemas(service: str) -> None:
    document = asyncapi.document(service, "kokemus.")
    for message in document["components"]["messages"].values():
        for example in message.get("examples", []):
            schema = {**message["payload"], "components": document["components"]}
            errors = list(jsonschema_rs.Draft7Validator(schema).iter_errors(example["payload"]))
            assert errors == []


def test_metrics_sends_dead_letters_and_says_which_headers_they_have() -> None:
    document = asyncapi.document("metrics", "kokemus.")
    assert "send.kiosk-presses.v1.dead" in document["operations"]
    letter = document["components"]["messages"]["dead-letter"]
    assert {"reason", "origin-offset", "error"} <= set(letter["headers"]["required"])


def test_a_service_that_no_topic_names_has_no_document() -> None:
    with pytest.raises(ValueError, match="nobody"):
        asyncapi.document("nobody", "kokemus.")
