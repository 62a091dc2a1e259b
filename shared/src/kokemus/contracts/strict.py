"""Event types that refuse what they do not name, made from the ones that pass over it."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

import msgspec

from kokemus.contracts.events import Event

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])


class UnknownField(NamedTuple):
    """A field that the contract does not name: the pointer of what holds it, and its name."""

    parent: str
    name: str


@cache
def strict(struct: Any) -> Any:
    """A subclass of an event type whose decoder refuses unknown fields at any depth."""
    config = struct.__struct_config__
    fields = [
        (field.name, _strict(field.type), *_default(field))
        for field in msgspec.structs.fields(struct)
        if _strict(field.type) != field.type
    ]
    return msgspec.defstruct(
        struct.__name__,
        fields,
        bases=(struct,),
        module=struct.__module__,
        tag_field=config.tag_field,
        tag=config.tag,
        frozen=True,
        gc=False,
        kw_only=issubclass(struct, Event),
        forbid_unknown_fields=True,
    )


def unknown_fields(raw: bytes, struct: type[Event]) -> list[UnknownField]:
    """Every field of an event, known to be of this type, that its contract does not name."""
    return _unknown(raw, struct, "")


def _unknown(raw: bytes | msgspec.Raw, kind: Any, pointer: str) -> list[UnknownField]:
    structs, items = _structs_within(kind)
    if items is not None and raw[:1] == b"[":
        return [
            one
            for index, item in enumerate(_ARRAY.decode(raw))
            for one in _unknown(bytes(item), items, f"{pointer}/{index}")
        ]
    if not structs or raw[:1] != b"{":
        return []
    given = _OBJECT.decode(raw)
    struct = _chosen(structs, given)
    names = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    tag_field = struct.__struct_config__.tag_field
    found = [UnknownField(pointer, name) for name in given if name not in {*names, tag_field}]
    for name in given.keys() & names.keys():
        found += _unknown(bytes(given[name]), names[name], f"{pointer}/{name}")
    return found


def _chosen(structs: list[Any], given: dict[str, msgspec.Raw]) -> Any:
    for struct in structs:
        config = struct.__struct_config__
        tag = given.get(config.tag_field or "")
        if tag is not None and msgspec.json.decode(tag) == config.tag:
            return struct
    return structs[0]


def _structs_within(kind: Any) -> tuple[list[Any], Any]:
    """The structs that an annotation allows, and what the items of its list are."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind], None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _structs_within(arguments[0])
    if origin is list:
        return [], arguments[0]
    if origin in (Union, UnionType):
        within = [_structs_within(one) for one in arguments]
        items = [one for _, one in within if one is not None]
        return [struct for structs, _ in within for struct in structs], next(iter(items), None)
    return [], None


def _strict(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return strict(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[(_strict(arguments[0]), *arguments[1:])]
    if origin is list:
        return list[_strict(arguments[0])]  # type: ignore[misc]  # made at run time
    if origin in (Union, UnionType):
        return Union[tuple(map(_strict, arguments))]  # noqa: UP007 - made at run time
    return kind


def _default(field: msgspec.structs.FieldInfo) -> tuple[Any, ...]:
    if field.default is not msgspec.NODEFAULT:
        return (field.default,)
    if field.default_factory is not msgspec.NODEFAULT:
        return (msgspec.field(default_factory=field.default_factory),)
    return ()
