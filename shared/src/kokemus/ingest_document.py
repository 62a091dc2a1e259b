"""What the OpenAPI document says of `POST /v1/events`."""

from collections.abc import Sequence
from typing import Any, Final

from kokemus import problems
from kokemus.cloudevents import Form
from kokemus.contracts import schemas
from kokemus.contracts.events import Event

_REJECTED: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["index", "id", "detail", "pointer"],
        "properties": {
            "index": {"type": "integer", "minimum": 0, "description": "Counts events from 0."},
            "id": {"type": ["string", "null"], "description": "null if unreadable."},
            "detail": {"type": "string"},
            "pointer": {"type": "string", "description": "JSON pointer of the field."},
        },
    },
}
_ACCEPTED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {
        "accepted": {"type": "integer", "minimum": 0, "description": "Repeats included."},
        "rejected": _REJECTED,
    },
}
_PROBLEM_WITH_REJECTED: Final[dict[str, Any]] = {
    **problems.SCHEMA,
    "properties": {**problems.SCHEMA["properties"], "rejected": _REJECTED},
}
_RETRY: Final[dict[str, Any]] = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}
}


def operation(types: Sequence[type[Event]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operation, and the component schemas that it refers to."""
    template = "#/components/schemas/{name}"
    event = {"oneOf": [{"$ref": template.format(name=kind.__name__)} for kind in types]}
    batch = {"type": "array", "items": event, "maxItems": 10_000}
    described = {
        "tags": ["events"],
        "summary": "Send events: one, a batch or lines.",
        "description": (
            "A 202 means that every in-sync replica has the accepted events. The same id and "
            "source count once, however often they are sent, so after a 503, or no answer at all, "
            "send all of it again. At most 10 MiB and 10,000 events."
        ),
        "operationId": "send_events",
        "security": [{"key": []}],
        "requestBody": {
            "required": True,
            "content": {
                Form.SINGLE: {"schema": event},
                Form.BATCH: {"schema": batch},
                Form.LINES: {"schema": {"type": "string", "description": "One event a line."}},
                Form.BINARY: {
                    "schema": {"description": "The data; attributes are in ce-* headers."}
                },
            },
        },
        "responses": {
            "202": {
                "description": "Taken, but for what is listed.",
                "content": {"application/json": {"schema": _ACCEPTED}},
            },
            "400": problems.described("The body is no JSON, or no array where one is due."),
            "401": problems.described("No key, or one that is unknown or revoked."),
            "403": problems.described("The key covers none of the events.", _PROBLEM_WITH_REJECTED),
            "408": problems.described("The body took too long."),
            "413": problems.described("Too many bytes or events."),
            "415": problems.described("A media type that is not read here."),
            "422": problems.described("No event could be taken.", _PROBLEM_WITH_REJECTED),
            "503": {
                **problems.described("Kafka is away or did not confirm all, or there is no room."),
                "headers": _RETRY,
            },
        },
    }
    return described, schemas.components(types, template)
