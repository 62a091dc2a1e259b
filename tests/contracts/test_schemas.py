"""The committed JSON Schemas: what the structs give, and schemas that do check something."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from kokemus.contracts import events, schemas, topics

KEYWORDS = {
    "$schema",
    "$id",
    "$ref",
    "$defs",
    "title",
    "description",
    "type",
    "enum",
    "default",
    "properties",
    "required",
    "items",
    "anyOf",
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    events.CODE_LIST,
}

every_type = pytest.mark.parametrize("event_type", topics.EVENT_TYPES)


def unknown_keywords(schema: Any, path: str = "#") -> Iterator[str]:
    """Where a schema says something that no validator will ever look at."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        where = f"{path}/{keyword}"
        if keyword not in KEYWORDS:
            yield where
        if keyword in ("properties", "$defs"):
            for name, inner in value.items():
                yield from unknown_keywords(inner, f"{where}/{name}")
        elif keyword == "anyOf":
            for index, inner in enumerate(value):
                yield from unknown_keywords(inner, f"{where}/{index}")
        elif keyword == "items":
            yield from unknown_keywords(value, where)


@every_type
def test_the_committed_schema_is_what_the_struct_gives(event_type: str) -> None:
    committed = schemas.file_of(event_type).read_text("utf-8")
    assert committed == schemas.text(event_type), "run: python -m kokemus.contracts.schemas"


def test_no_schema_is_left_of_a_type_that_is_gone() -> None:
    expected = {schemas.file_of(event_type) for event_type in topics.EVENT_TYPES}
    assert set(schemas.FOLDER.iterdir()) == expected


@every_type
def test_a_schema_is_a_schema_and_has_no_misspelt_keyword(event_type: str) -> None:
    schema = schemas.schema(event_type)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(unknown_keywords(schema)) == []


@pytest.mark.parametrize(
    ("misspelt", "where"),
    [
        ({"propertys": {"id": {"type": "string"}}}, "#/propertys"),
        ({"properties": {"id": {"maxlength": 3}}}, "#/properties/id/maxlength"),
        (
            {"anyOf": [{"$defs": {"A": {"items": {"requird": []}}}}]},
            "#/anyOf/0/$defs/A/items/requird",
        ),
    ],
)
def test_a_misspelt_keyword_is_found(misspelt: dict[str, Any], where: str) -> None:
    assert list(unknown_keywords(misspelt)) == [where]


@every_type
def test_every_reference_leads_somewhere(event_type: str) -> None:
    schema = schemas.schema(event_type)
    references = {part.split('"')[0] for part in json.dumps(schema).split('"$ref": "#/$defs/')[1:]}
    assert references == set(schema["$defs"])
