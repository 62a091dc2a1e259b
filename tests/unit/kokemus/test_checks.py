"""Checks of whole batches at the edge: as strict as those of single events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.contracts import events, wire
from kokemus.contracts.events import Event
from kokemus.errors import Refused
from support.sent_events import press

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def read(sent: dict[str, Any], kind: type[Event] = events.KioskPressed) -> Event:
    return msgspec.json.decode(msgspec.json.encode(sent), type=kind)


def correction(time: str) -> Event:
    """A press marked as misuse afterwards, which it says was given at a time."""
    sent = press(event={"type": "fi.hel.kokemus.kiosk.misused.v1"})
    sent["data"] = {"press_id": "p", "press": {"time": time, "data": press()["data"]}}
    return read(sent, events.KioskMisused)


def is_good(event: Event) -> bool:
    """What the check of a single event says, which remembers nothing."""
    try:
        wire.check(event)
    except Refused:
        return False
    return event.time <= NOW


BAD = [
    (press(event={"id": "a\nb"}), "/id"),
    (press(event={"id": "a\n"}), "/id"),
    (press(event={"id": "010190-123A"}), "/id"),
    (press(event={"id": "case_010190-123a"}), "/id"),
    (press(event={"source": "a b"}), "/source"),
    (press(event={"subject": "-a"}), "/subject"),
    (press(device_id="someone@example.org"), "/data/device_id"),
    (press(question_id="150605A123B"), "/data/question_id"),
    (press(event={"time": "1999-12-31T23:59:59.999999Z"}), "/time"),
    (press(event={"time": "2026-03-03T00:00:00.000001Z"}), "/time"),
    (press(value=4), "/data/value"),
    (press(value=5, scale="smiley5"), "/data/value"),
]


@pytest.mark.parametrize(("sent", "pointer"), BAD, ids=str)
def test_one_bad_event_is_found_among_good_ones(sent: dict[str, Any], pointer: str) -> None:
    batch = [read(press()), read(sent), read(press(event={"id": "another"}))]
    refused = wire.check_all(batch, NOW)
    assert {position: one.pointer for position, one in refused.items()} == {1: pointer}


@pytest.mark.parametrize(
    "sent",
    [
        press(event={"time": "2000-01-01T00:00:00Z"}),
        press(event={"time": "2026-03-03T00:00:00Z"}),
        press(value=10, scale="nps"),
        press(event={"id": "a" * 128}),
        press(event={"id": "320190-123A"}),
        press(event={"id": "x010190-123A"}),
    ],
    ids=str,
)
def test_what_just_fits_is_taken(sent: dict[str, Any]) -> None:
    assert wire.check_all([read(press()), read(sent)], NOW) == {}


def test_an_empty_batch_has_no_fault() -> None:
    assert wire.check_all([], NOW) == {}


@given(
    st.lists(
        st.builds(
            lambda id_, device, value, scale, hours: press(
                value=value,
                scale=scale,
                device_id=device,
                event={"id": id_, "time": (NOW + timedelta(hours=hours)).isoformat()},
            ),
            id_=st.text("ab0129-A.\n@", min_size=1, max_size=14)
            | st.from_regex(r"\A(a[._:/-])?[0-3][0-9][01][0-9]{3}[-+A:][0-9]{3}[A-Z]\Z"),
            device=st.text("ab-\n@", min_size=1, max_size=4),
            value=st.integers(0, 10),
            scale=st.sampled_from(["smiley4", "smiley5", "nps"]),
            hours=st.integers(-300_000, 2),
        ),
        max_size=6,
    )
)
def test_a_batch_is_judged_as_its_events_are(sent: list[dict[str, Any]]) -> None:
    batch = [read(one) for one in sent]
    one_by_one = [position for position, event in enumerate(batch) if not is_good(event)]
    assert sorted(wire.check_all(batch, NOW)) == one_by_one
    for position, event in enumerate(batch):
        assert bool(wire.check_all([event], NOW)) == (position in one_by_one)


@pytest.mark.parametrize(("answered_at", "good"), [(NOW, True), (NOW.replace(hour=1), False)])
def test_an_answer_may_not_be_given_in_the_future(answered_at: datetime, *, good: bool) -> None:
    sent = press(event={"type": "fi.hel.kokemus.feedback.answered.v1"})
    sent["data"] = {"feedback_id": "f", "answered_at": answered_at.isoformat()}
    refused = wire.check_all([read(sent, events.FeedbackAnswered)], NOW)
    assert [one.pointer for one in refused.values()] == ([] if good else ["/data/answered_at"])


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_within_the_data_has_bounds_too(time: str) -> None:
    refused = wire.check_all([correction(time)], NOW)
    assert refused[0].pointer == "/data/press/time"


def test_a_correction_may_not_come_from_the_future() -> None:
    late = correction("2026-03-01T00:00:00Z")
    assert wire.check_all([late], NOW) == {}
    assert wire.check_all([late], late.time - timedelta(seconds=1))[0].pointer == "/time"


def named(text: str) -> Event:
    """A unit whose second name is the text."""
    validities = [
        events.EntityValidity(None, events.Translated(fi=name), NOW.date()) for name in ("x", text)
    ]
    return events.EntityDefined(
        specversion="1.0",
        id="1",
        source="registry",
        subject="unit",
        time=NOW,
        data=events.EntityDefinition("unit", validities),
    )


@pytest.mark.parametrize(
    "text",
    [
        "nul \0 byte",
        "bell \a",
        "Oskari 131052-308T",
        "131052-308t.",
        "ota yhteys: a.b@hel.fi",
        "soita 040 1234567",
        "+358 9 310 1691",
    ],
)
def test_no_text_is_about_a_person_or_holds_what_no_database_keeps(text: str) -> None:
    refused = wire.check_all([named("Kallion kirjasto"), named(text)], NOW)
    assert {position: one.pointer for position, one in refused.items()} == {
        1: "/data/validities/1/names/fi"
    }
    assert text not in refused[1].detail


@pytest.mark.parametrize(
    "text",
    [
        "Ääni & kuva, 2. krs (A-talo)",
        "kello 12@kirjasto",
        "rivi\nvaihto",
        "003_072aa.txt, 12.9.2018",
    ],
)
def test_ordinary_texts_are_taken(text: str) -> None:
    assert wire.check_all([named(text)], NOW) == {}
