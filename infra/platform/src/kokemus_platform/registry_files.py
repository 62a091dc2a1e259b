"""Tables of the registry as definitions: entities, devices, questions and series breaks. Pure.

A row of entities or devices is one validity; an entity's or a device's rows make its whole list.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, json

from kokemus.contracts import events, wire
from kokemus.contracts.events import (
    DevicePlaced,
    EntityDefined,
    EntityDefinition,
    EntityValidity,
    Event,
    QuestionDefined,
    SeriesBroken,
)
from kokemus.errors import Reason, Refused
from kokemus.imports.columns import Columns, fields_of, normal
from kokemus.imports.tables import Cell, Row, Rows

BEGINNING: Final = date(2000, 1, 1)
"""From when a state holds that nobody dated: no event is older."""
UTC_ZONE: Final = ZoneInfo("UTC")
"""The registry's days are local days; no column holds a moment."""


class Definition(NamedTuple):
    """What becomes one event."""

    line: int | None
    """Where it begins in its file."""
    kind: type[Event]
    subject: str
    data: dict[str, Any]
    dated: bool = True
    """Whether the file says from when it holds; else it is how things are now."""


class Refusal(NamedTuple):
    """What could not be used, and why; never with a value of the file."""

    where: str
    detail: str


@dataclass
class Found:
    """What a file holds."""

    definitions: list[Definition] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class EntityRow(Struct):
    """The columns of a table of entities."""

    subject: str
    kind: Literal["city", "division", "service_entity", "service", "unit"]
    names_fi: str
    parent: str | None = None
    names_sv: str | None = None
    names_en: str | None = None
    service_map_id: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class DeviceRow(Struct):
    """The columns of a table of devices."""

    source: str
    device_id: str
    entity: str
    valid_from: date | None = None
    valid_to: date | None = None


class QuestionRow(Struct):
    """The columns of a table of questions."""

    subject: str
    family: str
    scale: str
    wording_fi: str | None = None
    wording_sv: str | None = None
    wording_en: str | None = None


class BreakRow(Struct):
    """The columns of a table of series breaks."""

    subject: str
    break_id: str
    date: date
    metric: str
    channel: str
    kind: Literal["breaks", "caution"]
    what_fi: str
    what_sv: str | None = None
    what_en: str | None = None


class _Form(NamedTuple):
    """One sort of table."""

    row: type[Struct]
    told_by: str
    """The column that only this sort has; the last sort is told by none."""
    also: Mapping[str, str]
    """Other names of columns."""


_NAMES: Final = {f"name_{language}": f"names_{language}" for language in ("fi", "sv", "en")}
_FORMS: Final = (
    _Form(BreakRow, "break_id", {"entity": "subject"}),
    _Form(DeviceRow, "device_id", {}),
    _Form(QuestionRow, "family", {"id": "subject", "question_id": "subject"}),
    _Form(EntityRow, "", {"id": "subject", "entity": "subject", **_NAMES}),
)
TABLES: Final = {
    name: tuple(fields_of(form.row))
    for name, form in zip(("breaks", "devices", "questions", "entities"), _FORMS, strict=True)
}
"""The columns of each sort of table."""


def known(header: Iterable[Cell]) -> int:
    """How many cells of a possible header name a column of any table."""
    return sum(_is_known(normal(cell)) for cell in header)


def read(rows: Rows) -> Found:
    """The definitions of a table; which sort it is, its header tells.

    A validity without `valid_from` holds since the beginning. Where a row of an entity or device
    is refused, all of that entity or device is: half of its list would replace the whole.

    Raises:
        Unreadable: the file.
        Unmatched: its header.
    """
    found = Found()
    header = next(rows, None)
    if header is None:
        return found
    names = [normal(cell) for cell in header.cells]
    form = next(form for form in _FORMS if not form.told_by or form.told_by in names)
    columns = Columns.match([form.also.get(name, name) for name in names], fields_of(form.row))
    if columns.unknown:
        unknown = ", ".join(columns.named(header.cells, index) for index in columns.unknown)
        found.notes.append(f"passed over columns that name no field: {unknown}")
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    refused: set[str | None] = set()
    for row in rows:
        try:
            values = columns.values(row, UTC_ZONE)
        except Refused as error:
            refused.add(_key(columns, row))
            found.refused.append(Refusal(f"line {row.line}, {error.pointer}", error.detail))
            continue
        groups.setdefault(_key(columns, row) or "", []).append((row.line, values))
    for key, group in groups.items():
        if key in refused:
            detail = "left out, since another row of the same subject was refused"
            found.refused.append(Refusal(f"line {group[0][0]}", detail))
        else:
            _define(form, group, found)
    return found


def _key(columns: Columns, row: Row) -> str | None:
    parts = [columns.text_of(row, name) for name in ("subject", "break_id", "source", "device_id")]
    return "/".join(part or "" for part in parts) if any(parts) else None


def _is_known(name: str) -> bool:
    return any(name in form.also or name in fields_of(form.row) for form in _FORMS)


def _define(form: _Form, group: list[tuple[int, dict[str, Any]]], found: Found) -> None:
    line, first = group[0]
    for number, other in group[1:]:
        if form.row in (QuestionRow, BreakRow):
            found.refused.append(Refusal(f"line {number}", f"repeats line {line}; left out"))
        elif any(other.get(name) != first.get(name) for name in ("kind", "service_map_id")):
            detail = f"says another kind or service_map_id than line {line}; left out altogether"
            found.refused.append(Refusal(f"line {number}", detail))
            return
    values = [one for _, one in group]
    if form.row is EntityRow:
        found.definitions.append(_entity(line, values))
    elif form.row is DeviceRow:
        found.definitions.append(_device(line, values))
    else:
        kind = QuestionDefined if form.row is QuestionRow else SeriesBroken
        data = _nested(dict(first), "wording" if kind is QuestionDefined else "what")
        found.definitions.append(Definition(line, kind, data.pop("subject"), data))


def _entity(line: int, rows: list[dict[str, Any]]) -> Definition:
    validities = []
    for row in rows:
        nested = _nested(dict(row), "names")
        validities.append(
            {
                "parent": nested.get("parent"),
                "names": nested["names"],
                "valid_from": nested.get("valid_from") or BEGINNING,
                "valid_to": nested.get("valid_to"),
            }
        )
    data = {name: rows[0][name] for name in ("kind", "service_map_id") if rows[0].get(name)}
    dated = len(rows) > 1 or any(rows[0].get(name) for name in ("valid_from", "valid_to"))
    return Definition(
        line, EntityDefined, rows[0]["subject"], {**data, "validities": validities}, dated
    )


def _device(line: int, rows: list[dict[str, Any]]) -> Definition:
    source, device = rows[0]["source"], rows[0]["device_id"]
    validities = [
        {
            "entity": row["entity"],
            "valid_from": row.get("valid_from") or BEGINNING,
            "valid_to": row.get("valid_to"),
        }
        for row in rows
    ]
    data = {"source": source, "device_id": device, "validities": validities}
    return Definition(line, DevicePlaced, f"device.{source}.{device}", data)


def _nested(values: dict[str, Any], name: str) -> dict[str, Any]:
    """Gathers `name_fi`, `name_sv` and `name_en` into one translated text."""
    texts = {language: values.pop(f"{name}_{language}", None) for language in ("fi", "sv", "en")}
    given = {language: text for language, text in texts.items() if text}
    return {**values, name: given} if given else values


def changed_from(
    definition: Definition, day: date, before: EntityDefinition | None
) -> Definition | None:
    """An entity as it is from a day on, after what the registry knew of it until then.

    Args:
        definition: how things are now; one that says itself from when it holds stays as it is.
        day: from when.
        before: what the registry knows of the entity.

    Returns:
        The definition with the whole list, or None where the registry knows all of it already.

    Raises:
        Refused: the registry knows of a later change, which must not be lost.
    """
    if definition.dated or definition.kind is not EntityDefined:
        return definition
    data = msgspec.convert(definition.data, EntityDefinition)
    now = msgspec.structs.replace(data.validities[0], valid_from=day)
    earlier = list(before.validities) if before else []
    if any(one.valid_from > day for one in earlier):
        raise Refused(Reason.INVALID, f"the registry knows of a change after {day}")
    if earlier and _same(earlier[-1], now) and earlier[-1].valid_to is None:
        validities = earlier
    else:
        until = date.fromordinal(day.toordinal() - 1)
        validities = [
            msgspec.structs.replace(one, valid_to=min(one.valid_to or until, until))
            for one in earlier
            if one.valid_from < day
        ]
        validities.append(now)
    whole = msgspec.structs.replace(data, validities=validities)
    if whole == before:
        return None
    return definition._replace(data=msgspec.to_builtins(whole))


def _same(one: EntityValidity, other: EntityValidity) -> bool:
    return (one.parent, one.names) == (other.parent, other.names)


def as_events(
    definitions: Iterable[Definition], source: str, time: datetime
) -> Iterator[Event | Refusal]:
    """Events whose ids are hashes of what they say and when: the same twice changes nothing.

    Args:
        definitions: of one import.
        source: the CloudEvents source.
        time: as of when the definitions hold true; the newest of an id wins.
    """
    for one in definitions:
        message = {
            "specversion": "1.0",
            "type": one.kind.__struct_config__.tag,
            "source": source,
            "subject": one.subject,
            "time": time,
            "data": one.data,
        }
        digest = sha256(json.encode(message, order="sorted")).hexdigest()[:32]
        where = f"line {one.line}" if one.line else "an item"
        try:
            if one.kind is EntityDefined:
                _check_parents(one.data)
            yield wire.decode(json.encode({**message, "id": f"registry-{digest}"}), (one.kind,))
        except Refused as error:
            field_name = error.pointer.removeprefix("/data").strip("/") or "subject"
            yield Refusal(f"{where}, {field_name}", error.detail)


def _check_parents(data: Mapping[str, Any]) -> None:
    for index, validity in enumerate(data["validities"]):
        if (validity["parent"] is None) != (data["kind"] == "city"):
            raise Refused(
                Reason.INVALID,
                "every entity but the city has a parent",
                f"/data/validities/{index}/parent",
            )


def counted(found: Iterable[Event]) -> dict[str, int]:
    """How many events there are of each type, without the prefix."""
    numbers: dict[str, int] = {}
    for event in found:
        name = str(event.__struct_config__.tag).removeprefix(events.TYPE_PREFIX)
        numbers[name] = numbers.get(name, 0) + 1
    return numbers
