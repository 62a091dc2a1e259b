"""JSON Schemas of every event type, made from the structs and kept beside them for other systems.

`python -m kokemus.contracts.schemas` writes them anew after a struct has changed; a test holds the
files against what the structs give. Rules across fields stand in `kokemus.contracts.wire.check`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from kokemus.contracts import events
from kokemus.contracts.topics import EVENT_TYPES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FOLDER: Final = Path(__file__).parent / "schemas"


def schema(event_type: str) -> dict[str, Any]:
    """The JSON Schema of a full CloudEvents type.

    Raises:
        KeyError: nobody defined the type.
    """
    struct = EVENT_TYPES[event_type]
    definitions = components([struct], "#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "$id": f"urn:kokemus:schema:{event_type}",
        "$ref": f"#/$defs/{struct.__name__}",
        "$defs": definitions,
    }


def components(
    structs: Iterable[type[events.Event]], ref_template: str
) -> dict[str, dict[str, Any]]:
    """The schemas of events and of all that they hold, by the structs' names.

    Args:
        structs: the event types.
        ref_template: how one refers to another, such as `#/$defs/{name}`.
    """
    _, found = msgspec.json.schema_components(list(structs), ref_template=ref_template)
    plain: dict[str, dict[str, Any]] = _without_discriminators(found)
    return plain


def _without_discriminators(schema: Any) -> Any:
    """OpenAPI's keyword is none of JSON Schema's, and AsyncAPI means another thing by it."""
    match schema:
        case dict():
            return {
                key: _without_discriminators(value)
                for key, value in schema.items()
                if key != "discriminator" or not isinstance(value, dict)
            }
        case list():
            return [_without_discriminators(item) for item in schema]
        case _:
            return schema


def file_of(event_type: str) -> Path:
    """Where the committed schema of a type lies."""
    return FOLDER / f"{event_type.removeprefix(events.TYPE_PREFIX)}.json"


def text(event_type: str) -> str:
    """The committed form of a type's schema."""
    indented = msgspec.json.format(msgspec.json.encode(schema(event_type)), indent=2)
    return indented.decode() + "\n"


def write() -> None:
    """Writes every schema and removes those of types that are gone."""
    FOLDER.mkdir(exist_ok=True)
    for stale in set(FOLDER.glob("*.json")) - {file_of(name) for name in EVENT_TYPES}:
        stale.unlink()
    for name in EVENT_TYPES:
        file_of(name).write_text(text(name), "utf-8")


if __name__ == "__main__":
    write()
