"""The forms in which events come over HTTP, read from bytes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.cloudevents import (
    MAX_EVENT_BYTES,
    MAX_EVENTS,
    EventReader,
    Form,
    Malformed,
    TooMany,
    form_of,
)
from kokemus.contracts import events, wire
from kokemus.contracts.topics import declarations
from kokemus.errors import Reason
from support.sent_events import complaint, press

KIOSK = EventReader(declarations()["kiosk-presses.v1"].event_types, refuse_unknown=False)
COMPLAINTS = EventReader([events.ComplaintRegistered], refuse_unknown=True)

GOOD = press()
BAD = press(value="three", event={"id": "bad"})


def as_lines(*lines: Any) -> bytes:
    return b"\n".join(
        line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines
    )


def read(form: Form, body: Any, headers: dict[str, str] | None = None) -> Any:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return KIOSK.read(form, raw, headers or {})


def headers_of(event: dict[str, Any]) -> dict[str, str]:
    return {f"ce-{name}": value for name, value in event.items() if name != "data"}


def test_every_form_gives_the_same_event() -> None:
    expected = wire.decode(msgspec.json.encode(GOOD), (events.KioskPressed,))
    for received in (
        read(Form.SINGLE, GOOD),
        read(Form.BATCH, [GOOD]),
        read(Form.LINES, as_lines(GOOD)),
        read(Form.BINARY, GOOD["data"], headers_of(GOOD)),
    ):
        assert [wire.encode(event) for event in received.events] == [wire.encode(expected)]
        assert received.rejected == []


@given(st.lists(st.sampled_from([GOOD, BAD, press(event={"id": "other"})]), max_size=12))
def test_good_and_bad_neighbours_keep_their_positions(sent: list[dict[str, Any]]) -> None:
    bad = [position for position, event in enumerate(sent) if event is BAD]
    for form, body in (
        (Form.BATCH, msgspec.json.encode(sent)),
        (Form.LINES, as_lines(*sent)),
        (Form.LINES, b"\r\n\n" + as_lines(*[line for event in sent for line in (event, b" ")])),
    ):
        received = read(form, body)
        assert [one.position for one in received.rejected] == bad
        assert {one.id for one in received.rejected} <= {"bad"}
        assert [event.id for event in received.events] == [
            event["id"] for event in sent if event is not BAD
        ]
        assert list(received.positions) == [n for n in range(len(sent)) if n not in bad]


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fall(body: bytes) -> None:
    for form in (Form.SINGLE, Form.BATCH, Form.LINES, Form.BINARY):
        for reader in (KIOSK, COMPLAINTS):
            try:
                received = reader.read(form, body, headers_of(GOOD))
            except Malformed:
                continue
            assert received.events == []


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(
    path=st.sampled_from([(name,) for name in GOOD] + [("data", name) for name in GOOD["data"]]),
    value=ANY_JSON,
)
def test_any_value_in_any_field_is_taken_or_refused(path: tuple[str, ...], value: Any) -> None:
    event = press()
    parent = event if len(path) == 1 else event["data"]
    parent[path[-1]] = value
    received = read(Form.BATCH, [event, GOOD])
    assert len(received.events) + len(received.rejected) == 2
    assert 1 in received.positions


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff\xfe",
        b'{"id": "\xff"}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"x":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"id": 5, "type": "\xff"}',
        b"null",
        b"1e999",
        b"9" * 5_000,
        b'{"id": "caf\\u00e9", "type": 5}',
    ],
)
def test_a_line_that_is_nothing_leaves_its_neighbours(line: bytes) -> None:
    received = read(Form.LINES, as_lines(GOOD, line, GOOD))
    assert list(received.positions) == [0, 2]
    (rejected,) = received.rejected
    assert (rejected.position, rejected.id) == (1, None)


@pytest.mark.parametrize("form", [Form.SINGLE, Form.BATCH, Form.BINARY])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"[]]"])
def test_a_body_that_is_no_json_is_malformed(form: Form, body: bytes) -> None:
    with pytest.raises(Malformed):
        read(form, body, headers_of(GOOD))


def test_a_batch_that_is_no_array_is_malformed() -> None:
    with pytest.raises(Malformed):
        read(Form.BATCH, GOOD)


@pytest.mark.parametrize("form", [Form.BATCH, Form.LINES])
def test_an_empty_request_is_no_fault(form: Form) -> None:
    received = read(form, b"[]" if form is Form.BATCH else b"")
    assert (received.events, received.rejected) == ([], [])


def test_the_data_of_binary_mode_cannot_reach_the_attributes() -> None:
    with pytest.raises(Malformed):
        read(Form.BINARY, b'{}, "source": "somebody-else"', headers_of(GOOD))


def test_headers_of_binary_mode_are_percent_decoded() -> None:
    headers = {**headers_of(GOOD), "ce-subject": "terveysasema%2Dkallio"}
    (event,) = read(Form.BINARY, GOOD["data"], headers).events
    assert event.subject == "terveysasema-kallio"


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (Form.BATCH, b"[" + b"0," * MAX_EVENTS + b"0]"),
        (Form.LINES, b"0\n" * (MAX_EVENTS + 1)),
        (Form.BATCH, msgspec.json.encode([press()] * (MAX_EVENTS + 1))),
    ],
)
def test_one_event_too_many_is_too_many(form: Form, body: bytes) -> None:
    with pytest.raises(TooMany):
        read(form, body)


@pytest.mark.parametrize("form", [Form.BATCH, Form.LINES])
def test_as_many_as_are_allowed_are_read(form: Form) -> None:
    sent = [press()] * MAX_EVENTS
    body = msgspec.json.encode(sent) if form is Form.BATCH else as_lines(*sent)
    assert len(body) > MAX_EVENT_BYTES
    assert len(read(form, body).events) == MAX_EVENTS


def test_an_event_larger_than_a_kafka_message_is_refused() -> None:
    huge = press(note="x" * MAX_EVENT_BYTES)
    received = read(Form.BATCH, [huge, GOOD])
    assert [one.position for one in received.rejected] == [0]
    assert list(received.positions) == [1]


def test_what_no_contract_names_is_dropped_and_told() -> None:
    sent = press(battery=71, event={"partitionkey": "x"})
    received = read(Form.BATCH, [sent, GOOD])
    assert wire.encode(received.events[0]) == wire.encode(received.events[1])
    assert set(received.dropped) == {("", "partitionkey"), ("/data", "battery")}


@pytest.mark.parametrize("place", ["data", "event"])
def test_complaints_refuse_what_no_contract_names(place: str) -> None:
    sent = complaint(remark="x") if place == "data" else complaint(event={"remark": "x"})
    received = COMPLAINTS.read(Form.SINGLE, msgspec.json.encode(sent), {})
    (rejected,) = received.rejected
    assert rejected.refused.reason is Reason.UNKNOWN_FIELD
    assert rejected.refused.pointer == ("/data/remark" if place == "data" else "/remark")


def test_attributes_of_cloudevents_itself_are_not_held_against_a_complaint() -> None:
    sent = complaint(event={"dataschema": "urn:x", "tracestate": "a=1"})
    assert COMPLAINTS.read(Form.SINGLE, msgspec.json.encode(sent), {}).rejected == []


@pytest.mark.parametrize("code", ["010190-123A", "311299+9999", "150605a123b"])
@pytest.mark.parametrize(
    "sent",
    [
        lambda code: complaint(case_id=code),
        lambda code: complaint(case_id=f"case:{code}/1"),
        lambda code: complaint(reasons=[code]),
        lambda code: complaint(kind=code),
        lambda code: complaint(authority=code),
        lambda code: complaint(event={"id": code}),
        lambda code: complaint(event={"subject": code}),
        lambda code: complaint(event={"source": code}),
        lambda code: complaint(event={"time": code}),
        lambda code: complaint(event={"type": code}),
        lambda code: complaint(event={code: 1}),
        lambda code: complaint(**{code: 1}),
        lambda code: complaint(event={"note": code}),
    ],
)
def test_a_personal_identity_code_is_refused_anywhere_and_never_repeated(
    code: str, sent: Any
) -> None:
    raw = msgspec.json.encode(sent(code))
    received = COMPLAINTS.read(Form.SINGLE, raw, {})
    refused = [one.refused for one in received.rejected]
    refused += wire.check_all(received.events).values()
    assert len(refused) == 1
    told = f"{refused[0].detail} {refused[0].pointer} {[one.id for one in received.rejected]}"
    assert code not in told


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("application/cloudevents+json", Form.SINGLE),
        ("Application/CloudEvents+JSON; charset=UTF-8", Form.SINGLE),
        ("application/cloudevents-batch+json", Form.BATCH),
        ("application/x-ndjson", Form.LINES),
        ("application/json", None),
        ("application/cloudevents+json; charset=iso-8859-1", None),
        ("text/plain", None),
        ("", None),
    ],
)
def test_the_media_type_tells_the_form(content_type: str, form: Form | None) -> None:
    assert form_of(content_type, {}) is form


def test_binary_mode_is_told_by_its_headers() -> None:
    assert form_of("application/json", {"ce-specversion": "1.0"}) is Form.BINARY
