"""Any event that the contracts allow survives being written and read; the rest is refused."""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from kokemus.contracts import events, rules, schemas, topics, wire
from kokemus.errors import Refused

ALL_TYPES = tuple(topics.EVENT_TYPES.values())
REGISTRY = topics.declarations()["registry.v1"]
PRESSES = topics.declarations()["kiosk-presses.v1"]

identifiers = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,40}", fullmatch=True)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=offsets)  # noqa: DTZ001 - the zone comes from the strategy
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


written_days = days.map(date.isoformat)
DATED = {
    events.AS_OF_PATTERN: written_days,
    events.WHEN_PATTERN: written_days | days.map(lambda day: f"{day.year}-or-before"),
}
"""Strings that are days: next to none that their patterns allow are in the calendar."""


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911, PLR0912 - one case a type
    """What a field of this type may hold."""
    match kind:
        case inspect.Metadata():
            if isinstance(kind.type, inspect.StrType):
                return identifiers
            return values(kind.type)
        case inspect.StrType(pattern=str() as pattern) if pattern in DATED:
            return DATED[pattern]
        case inspect.StrType(pattern=str() as pattern):
            return st.from_regex(pattern.removesuffix("$"), fullmatch=True)
        case inspect.StrType():
            return st.text(min_size=kind.min_length or 0, max_size=min(kind.max_length or 50, 50))
        case inspect.IntType():
            return st.integers(kind.ge or 0, 10**9 if kind.le is None else kind.le)
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.DateTimeType():
            return instants
        case inspect.DateType():
            return days
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.UnionType():
            return st.one_of([values(other) for other in kind.types])
        case inspect.ListType():
            low, high = kind.min_length or 0, min(kind.max_length or 11, 11)
            return st.lists(values(kind.item_type), min_size=low, max_size=high)
        case inspect.StructType():
            return structs(kind.cls)
        case _:
            raise NotImplementedError(kind)


def structs(struct: Any) -> st.SearchStrategy[Any]:
    """Any instance of a struct, as its fields' types allow."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return st.builds(struct, **{field.name: values(field.type) for field in info.fields}).map(kept)


def kept(value: Any) -> Any:  # noqa: C901, PLR0911 - one case a type
    """The struct with the rules across its fields kept too."""
    match value:
        case events.Press():
            highest = events.SCALE_SIZES[value.scale] - 1
            return msgspec.structs.replace(value, value=min(value.value, highest))
        case events.SurveyAnswer():
            lowest, highest = events.SURVEY_SCALES[value.scale]
            return msgspec.structs.replace(value, value=min(max(value.value, lowest), highest))
        case events.SurveyResult():
            value = msgspec.structs.replace(value, **on_the_scale(value))
        case events.Survey():
            once = {question.question_id: question for question in value.questions}
            offered = min(value.offered or 0, value.customers or 0)
            return msgspec.structs.replace(value, questions=[*once.values()], offered=offered)
        case events.SurveyDefined():
            return msgspec.structs.replace(value, subject=value.data.survey_id)
        case events.Counted():
            size = events.SCALE_SIZES[value.scale]
            counts = (value.counts * 3)[:size]
            value = msgspec.structs.replace(value, counts=counts)
        case events.DevicePlaced():
            source = re.sub("[./]", "-", value.data.source)
            data = msgspec.structs.replace(value.data, source=source)
            leaf = f"device.{source}.{data.device_id}"
            return msgspec.structs.replace(value, subject=leaf, data=data)
        case events.EntityValidity() | events.DeviceValidity():
            if value.valid_to is not None:
                first, last = sorted([value.valid_from, value.valid_to])
                return msgspec.structs.replace(value, valid_from=first, valid_to=last)
        case _:
            pass
    if hasattr(value, "period_start"):
        first, last = sorted([value.period_start, value.period_end])
        return msgspec.structs.replace(value, period_start=first, period_end=last)
    return value


def on_the_scale(result: events.SurveyResult) -> dict[str, float | None]:
    lowest, highest = events.SURVEY_SCALES[result.scale]
    given = [result.min, result.mean, result.max]
    low, mean, high = sorted(min(max(one or 0.0, lowest), highest) for one in given)
    ranged = result.min is not None and result.max is not None
    return {
        "min": low if ranged else None,
        "mean": None if result.mean is None else mean,
        "max": high if ranged else None,
    }


def allowed(event: events.Event) -> bool:
    try:
        wire.check(event)
    except Refused:
        return False
    return True


any_event = st.sampled_from(ALL_TYPES).flatmap(structs)
quickly = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("struct", ALL_TYPES, ids=lambda struct: struct.__name__)
@quickly
@given(data=st.data())
def test_what_is_written_is_read_as_the_same_event(struct: Any, data: st.DataObject) -> None:
    event = data.draw(structs(struct))
    assume(allowed(event))
    raw = wire.encode(event)
    assert wire.decode(raw, ALL_TYPES) == event
    event_type = struct.__struct_config__.tag
    topic = topics.topic_of(event)
    assert wire.decode_many([raw], topic) == ([(0, event)], [])
    validator = jsonschema_rs.Draft202012Validator(schemas.schema(event_type))
    assert validator.is_valid(json.loads(raw))
    assert len(raw) < topics.MAX_MESSAGE_BYTES
    assert topics.key_of(event)


@given(st.lists(st.binary(max_size=60) | any_event.map(wire.encode), max_size=8))
@quickly
def test_bad_records_take_no_neighbour_with_them(raw: list[bytes]) -> None:
    alone = [wire.decode_many([record], PRESSES) for record in raw]
    together = wire.decode_many(raw, PRESSES)
    assert [index for index, _ in together.events] == [
        index for index, batch in enumerate(alone) if batch.events
    ]
    assert [index for index, _ in together.refused] == [
        index for index, batch in enumerate(alone) if batch.refused
    ]
    assert len(together.events) + len(together.refused) == len(raw)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(event=any_event, field=st.sampled_from(["id", "time", "data", "type"]), odd=anything)
@quickly
def test_a_refusal_names_a_field_and_never_a_value(
    event: events.Event, field: str, odd: Any
) -> None:
    marked = {**json.loads(wire.encode(event)), field: odd, "source": "pertti@example.org"}
    with pytest.raises(Refused) as refused:
        wire.decode(json.dumps(marked).encode(), ALL_TYPES)
    assert "pertti" not in refused.value.detail
    assert refused.value.pointer == "" or refused.value.pointer.startswith("/")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": "010190-123A"}, "/id"),
        ({"subject": "unit.131052-308T"}, "/subject"),
        ({"source": "pertti@example.org"}, "/source"),
        ({"time": "1999-12-31T23:59:59Z"}, "/time"),
        ({"time": "9999-12-31T23:59:59Z"}, "/time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "/time"),
        ({"time": "2026-11-22T10:15:30"}, "/time"),
        ({"type": "fi.hel.kokemus.kiosk.pressed.v2"}, "/type"),
        ({"type": "-", "impossible": 1}, "/type"),
        ({"type": "fi.hel.kokemus.entity.defined.v1"}, "/type"),
    ],
)
def test_what_no_event_may_say_is_refused_naming_the_field(
    change: dict[str, Any], pointer: str
) -> None:
    data = {"device_id": "1", "scale": "nps", "value": 9, "question_id": "q", "channel": "link"}
    event = {
        "specversion": "1.0",
        "type": "fi.hel.kokemus.kiosk.pressed.v1",
        "id": "1",
        "source": "s",
        "subject": "u",
        "time": datetime(2026, 11, 22, tzinfo=UTC).isoformat(),
        "data": data,
    }
    assert wire.decode(json.dumps(event).encode(), PRESSES.event_types)
    with pytest.raises(Refused) as refused:
        wire.decode(json.dumps(event | change).encode(), PRESSES.event_types)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"value": 4}, "/data/value"),
        ({"value": -1}, "/data/value"),
        ({"value": 1.5}, "/data/value"),
        ({"scale": "smiley6"}, "/data/scale"),
        ({"device_id": ""}, "/data/device_id"),
        ({"question_id": "what is it?"}, "/data/question_id"),
        ({"misuse": "no"}, "/data/misuse"),
    ],
)
def test_a_press_that_cannot_be_is_refused_naming_the_field(
    data: dict[str, Any], pointer: str
) -> None:
    press = {"device_id": "1", "scale": "smiley4", "value": 3, "question_id": "q"}
    event = {
        "specversion": "1.0",
        "type": "fi.hel.kokemus.kiosk.pressed.v1",
        "id": "1",
        "source": "s",
        "subject": "u",
        "time": "2026-11-22T10:15:30+02:00",
        "data": {**press, "channel": "kiosk", **data},
    }
    with pytest.raises(Refused) as refused:
        wire.decode(json.dumps(event).encode(), PRESSES.event_types)
    assert refused.value.pointer == pointer


def placed(subject: str, source: str, device: str) -> bytes:
    return wire.encode(
        events.DevicePlaced(
            specversion="1.0",
            id="1",
            source="registry",
            subject=subject,
            time=datetime(2026, 11, 22, tzinfo=UTC),
            data=events.DevicePlacement(
                source=source,
                device_id=device,
                validities=[events.DeviceValidity(entity="u", valid_from=date(2026, 1, 1))],
            ),
        )
    )


def test_a_device_is_placed_under_its_own_leaf_only() -> None:
    with pytest.raises(Refused) as refused:
        wire.decode(placed("device.happyornot.4712", "happyornot", "4711"), REGISTRY.event_types)
    assert refused.value.pointer == "/subject"


@given(st.text("a./", min_size=1, max_size=3), st.text("a./", min_size=1, max_size=3))
def test_no_two_devices_share_a_leaf_or_a_key(one: str, other: str) -> None:
    """Of the ways to divide a leaf, or a key, into source and device, one at most is taken."""
    for joint in "./":
        whole, taken = f"a{one}{joint}a{other}", []
        for at in (at for at, character in enumerate(whole) if character == joint):
            source, device = whole[:at], whole[at + 1 :]
            try:
                raw = placed(f"device.{source}.{device}", source, device)
                taken.append(wire.decode(raw, REGISTRY.event_types))
            except Refused:
                continue
        assert len(taken) <= 1


def test_a_validity_that_ends_before_it_begins_is_refused() -> None:
    backwards = events.EntityValidity(
        parent="helsinki",
        names=events.Translated(fi="Kallio"),
        valid_from=date(2026, 1, 2),
        valid_to=date(2026, 1, 1),
    )
    with pytest.raises(Refused) as refused:
        rules.check_data(events.EntityDefinition(kind="unit", validities=[backwards]), "/data")
    assert refused.value.pointer == "/data/validities/0/valid_to"


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b'"\xff"', b"{]", b"\x00", b"nul"])
def test_bytes_that_are_no_json_are_refused_as_such(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        wire.decode(raw, PRESSES.event_types)
    assert refused.value.reason == "not_json"
