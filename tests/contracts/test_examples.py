"""Every example message, old versions included, against everything that reads it."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from kokemus.contracts import codes, events, examples, schemas, topics, wire
from kokemus.errors import Refused

EXAMPLES = [
    pytest.param(event_type, raw, id=f"{event_type.removeprefix(events.TYPE_PREFIX)}-{name}")
    for event_type in topics.EVENT_TYPES
    for name, raw in examples.of(event_type).items()
]

every_example = pytest.mark.parametrize(("event_type", "raw"), EXAMPLES)


def topic_of(event_type: str, raw: bytes) -> topics.Declaration:
    """The topic on which an example stands."""
    return topics.topic_of(wire.decode(raw, (topics.EVENT_TYPES[event_type],)))


def validator(event_type: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schemas.schema(event_type), validate_formats=True)


@pytest.mark.parametrize("event_type", topics.EVENT_TYPES)
def test_each_type_has_several_examples(event_type: str) -> None:
    assert len(examples.of(event_type)) >= 2


def test_no_folder_of_examples_belongs_to_an_unknown_type() -> None:
    folders = {folder.name for folder in examples.FOLDER.iterdir()}
    assert {events.TYPE_PREFIX + name for name in folders} == set(topics.EVENT_TYPES)


@every_example
def test_an_example_is_valid_by_its_schema(event_type: str, raw: bytes) -> None:
    errors = [error.message for error in validator(event_type).iter_errors(json.loads(raw))]
    assert errors == []


@every_example
def test_every_consumer_of_its_topic_reads_an_example(event_type: str, raw: bytes) -> None:
    batch = wire.decode_many([raw], topic_of(event_type, raw))
    assert batch.refused == []
    ((_, event),) = batch.events
    assert type(event) is topics.EVENT_TYPES[event_type]


@every_example
def test_an_example_uses_codes_of_the_closed_lists(event_type: str, raw: bytes) -> None:
    codes.CodeLists.load().check(wire.decode(raw, (topics.EVENT_TYPES[event_type],)))


@every_example
def test_what_is_written_of_an_example_is_valid_and_reads_as_the_same_event(
    event_type: str, raw: bytes
) -> None:
    types = (topics.EVENT_TYPES[event_type],)
    event = wire.decode(raw, types)
    written = wire.encode(event)
    assert validator(event_type).is_valid(json.loads(written))
    assert wire.decode(written, types) == event


@every_example
def test_whatever_a_schema_forbids_is_refused(event_type: str, raw: bytes) -> None:
    schema = validator(event_type)
    forbidden = 0
    for changed in spoiled(json.loads(raw)):
        if schema.is_valid(changed):
            continue
        forbidden += 1
        refuses(event_type, changed)
    assert forbidden >= 20, "the schema forbids next to nothing: is it a schema at all?"


@every_example
def test_a_required_field_that_is_missing_is_forbidden_and_refused(
    event_type: str, raw: bytes
) -> None:
    envelope = ("specversion", "type", "id", "source", "subject", "time", "data")
    for field in envelope:
        event = json.loads(raw)
        del event[field]
        assert not validator(event_type).is_valid(event)
        refuses(event_type, event)


def refuses(event_type: str, event: Any) -> None:
    raw = json.dumps(event).encode()
    try:
        wire.decode(raw, (topics.EVENT_TYPES[event_type],))
    except Refused:
        return
    pytest.fail(f"not refused: {raw.decode()}")


SPOILS: list[Any] = [None, True, -1, 10**15, 2.5, "", "a b", "ä" * 600, [], {}, [None]]


def spoiled(value: Any) -> Iterator[Any]:
    """`value` with one thing in it taken out or replaced by something odd, one by one."""
    match value:
        case dict():
            for key, inner in value.items():
                yield {other: kept for other, kept in value.items() if other != key}
                for changed in [*spoiled(inner), *SPOILS]:
                    yield {**value, key: changed}
        case list():
            for index, inner in enumerate(value):
                for changed in [*spoiled(inner), *SPOILS]:
                    yield [*value[:index], changed, *value[index + 1 :]]
        case _:
            return
