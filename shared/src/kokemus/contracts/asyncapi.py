"""AsyncAPI 3 documents of the services, made from the topic declarations, schemas and examples."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from kokemus import dead_letters
from kokemus.contracts import events, examples, schemas
from kokemus.contracts.topics import Declaration, declarations

VERSION: Final = "1.0.0"
"""Of the document's form; each message carries the version of its contract in its name."""

DEAD_LETTER: Final = "dead-letter"

KEYS: Final = {
    "subject": "The event's subject.",
    "registry": "entity/{id}, device/{source}/{id}, question/{id} or break/{id}.",
    "origin": "Where the record stood: topic/partition/offset.",
}


def document(service: str, prefix: str) -> dict[str, Any]:
    """What a service sends to Kafka and receives from it.

    Args:
        service: its name in the declarations, such as `ingest-kiosk`.
        prefix: stands before every topic's name on the cluster, such as `kokemus.`.

    Raises:
        ValueError: no declaration knows the service.
    """
    sent = [topic for topic in declarations().values() if service in topic.producers]
    received = [topic for topic in declarations().values() if service in topic.consumers]
    topics = {topic.name: topic for topic in [*sent, *received]}
    if not topics:
        raise ValueError(f"no topic names the service {service}")
    types = {kind for topic in topics.values() for kind in topic.event_types}
    in_order = sorted(types, key=lambda kind: kind.__name__)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Kokemus {service}",
            "version": VERSION,
            "description": "CloudEvents 1.0 in structured JSON, on Kafka.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {name: _channel(topic, prefix) for name, topic in topics.items()},
        "operations": {
            **{f"send.{topic.name}": _operation("send", topic) for topic in sent},
            **{f"receive.{topic.name}": _operation("receive", topic) for topic in received},
        },
        "components": {
            "messages": _messages(topics.values()),
            "schemas": schemas.components(in_order, "#/components/schemas/{name}"),
        },
    }


def _message_names(topic: Declaration) -> list[str]:
    return topic.types or [DEAD_LETTER]


def _channel(topic: Declaration, prefix: str) -> dict[str, Any]:
    config = topic.config(brokers=3)
    return {
        "address": prefix + topic.name,
        "description": topic.description,
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(topic)
        },
        "bindings": {
            "kafka": {
                "topic": prefix + topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": config["cleanup.policy"].split(","),
                    "retention.ms": int(config["retention.ms"]),
                    "max.message.bytes": int(config["max.message.bytes"]),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(action: str, topic: Declaration) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in _message_names(topic)],
    }


def _messages(topics: Iterable[Declaration]) -> dict[str, Any]:
    messages: dict[str, Any] = {}
    for topic in topics:
        if not topic.types:
            messages[DEAD_LETTER] = _dead_letter(topic)
        for name, struct in zip(topic.types, topic.event_types, strict=True):
            messages[name] = {
                "name": events.TYPE_PREFIX + name,
                "title": name,
                "summary": struct.__doc__,
                "payload": {"$ref": f"#/components/schemas/{struct.__name__}"},
                "bindings": _key(topic),
                "examples": [
                    {"name": example, "payload": msgspec.json.decode(raw)}
                    for example, raw in examples.of(events.TYPE_PREFIX + name).items()
                ],
            }
    return messages


def _dead_letter(topic: Declaration) -> dict[str, Any]:
    required = [
        dead_letters.ORIGIN_TOPIC,
        dead_letters.ORIGIN_PARTITION,
        dead_letters.ORIGIN_OFFSET,
        dead_letters.REASON,
        dead_letters.ERROR,
        dead_letters.POINTER,
        dead_letters.SERVICE,
        dead_letters.ATTEMPT,
        dead_letters.TIME,
    ]
    optional = [dead_letters.TRACE, dead_letters.ORIGIN_KEY, dead_letters.ORIGIN_NULL]
    return {
        "name": DEAD_LETTER,
        "title": DEAD_LETTER,
        "summary": "A record as it came, byte for byte, and why it could not be used.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in [*required, *optional]},
            "required": required,
        },
        "bindings": _key(topic),
    }


def _key(topic: Declaration) -> dict[str, Any]:
    key = {"type": "string", "description": KEYS[topic.key]}
    return {"kafka": {"key": key, "bindingVersion": "0.5.0"}}
