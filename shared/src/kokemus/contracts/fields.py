"""Which fields of a struct hold identifiers, texts or moments, looked up once for each type."""

from functools import cache
from typing import Any

import msgspec


@cache
def identifier_fields(struct: Any) -> tuple[tuple[str, bool], ...]:
    """The fields of a struct that hold identifiers (False) or nested structs (True)."""
    found = []
    for field in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]  # a struct
        kinds = getattr(field.type, "types", (field.type,))
        for kind in kinds:
            if isinstance(kind, msgspec.inspect.Metadata):
                if not isinstance(kind.type, msgspec.inspect.StrType):
                    continue
                found.append((field.encode_name, False))
            elif isinstance(kind, msgspec.inspect.StructType | msgspec.inspect.ListType):
                found.append((field.encode_name, True))
    return tuple(dict.fromkeys(found))


@cache
def text_fields(struct: Any) -> tuple[str, ...]:
    """The fields of a struct that hold texts, or structs that do."""
    return tuple(
        field.name
        for field in msgspec.inspect.type_info(struct).fields  # type: ignore[attr-defined]  # a struct
        if _holds_text(field.type)
    )


def _holds_text(kind: Any) -> bool:
    match kind:
        case msgspec.inspect.StrType():
            return True
        case msgspec.inspect.ListType():
            return isinstance(kind.item_type, msgspec.inspect.StructType) and _holds_text(
                kind.item_type
            )
        case msgspec.inspect.UnionType():
            return any(map(_holds_text, kind.types))
        case msgspec.inspect.StructType():
            return bool(text_fields(kind.cls))
        case _:
            return False  # identifiers and codes are checked as such


@cache
def moment_fields(struct: Any) -> tuple[str, ...]:
    """The fields of a struct that hold times or days, or structs that do."""
    return tuple(
        field.name
        for field in msgspec.inspect.type_info(struct).fields  # type: ignore[attr-defined]  # a struct
        if _holds_moments(field.type)
    )


def _holds_moments(kind: Any) -> bool:
    match kind:
        case msgspec.inspect.DateTimeType() | msgspec.inspect.DateType():
            return True
        case msgspec.inspect.Metadata():
            return _holds_moments(kind.type)
        case msgspec.inspect.ListType():
            return _holds_moments(kind.item_type)
        case msgspec.inspect.UnionType():
            return any(map(_holds_moments, kind.types))
        case msgspec.inspect.StructType():
            return bool(moment_fields(kind.cls))
        case _:
            return False
