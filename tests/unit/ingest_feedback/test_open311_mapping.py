"""What a request of a GeoReport server means as events."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_feedback.open311_client.mapping import (
    Told,
    Vocabulary,
    moment,
    reaction,
    told_by,
    translate,
)
from ingest_feedback.open311_client.places import Known, Line, Places
from kokemus.contracts import events, wire
from support.spoiled import MARKED, NAMED

HELSINKI = ZoneInfo("Europe/Helsinki")
REQUESTED = "2026-03-02T11:02:07+02:00"
UPDATED = "2026-03-04T08:55:09+02:00"
LATER = datetime(2026, 3, 10, tzinfo=HELSINKI)
PLACES = Places(
    {
        "agency/Rakennusvirasto": Line("", "kymp", "", None),
        "service/171": Line("", "katuhuolto", "vikailmoitus", None),
        "service/172": Line("service/171", "", "", LATER),
        "unit/9": Line("office/1", "", "", None),
        "office/1": Line("", "kuva", "", None),
    }
)


def units(service_map_id: int) -> Known | None:
    return (
        Known("unit-10844", datetime(2020, 1, 1, tzinfo=UTC)) if service_map_id == 10844 else None
    )


WORDS = Vocabulary(
    source="palaute",
    services=frozenset({"171", "198", "kiitos", "katu ja tie", ""}),
    places=PLACES,
    unit=units,
    zone=HELSINKI,
    language="fi",
    answer_requested=True,
)


def request(**changed: Any) -> dict[str, Any]:
    return {
        "service_request_id": "8fmht6g1",
        "service_code": "171",
        "service_name": "",
        "description": "Testinen Esimerkki kirjoittaa",
        "requested_datetime": REQUESTED,
        "status": "open",
        **changed,
    }


def told(**changed: Any) -> Told:
    return told_by(request(**changed), WORDS)


def kinds(found: Told) -> list[str]:
    names = [type(event).__name__ for event in found.events]
    return [name.removeprefix("Feedback").lower() for name in names]


def test_a_new_request_is_received_under_its_own_id_and_says_codes_only() -> None:
    (received,) = told().events
    assert received == events.FeedbackReceived(
        specversion="1.0",
        id="open311/8fmht6g1",
        source="palaute",
        subject="katuhuolto",
        time=datetime.fromisoformat(REQUESTED),
        data=events.Feedback(
            feedback_id="8fmht6g1",
            kind="vikailmoitus",
            answer_requested=True,
            contact_left=False,
            answer_possible=True,
            language="fi",
        ),
    )


def test_a_change_is_told_at_its_own_time_and_the_same_change_under_the_same_id() -> None:
    _, updated = told(updated_datetime=UPDATED).events
    assert updated.time == datetime.fromisoformat(UPDATED)
    assert told(updated_datetime=UPDATED) == told(updated_datetime=UPDATED)
    later = told(updated_datetime="2026-03-05T08:55:09+02:00").events[1]
    moved = told(updated_datetime=UPDATED, service_code="198").events[1]
    assert len({updated.id, later.id, moved.id, told().events[0].id}) == 4


def test_a_place_that_became_known_later_is_told_at_that_time() -> None:
    received, updated = told(service_code="172").events
    assert (received.subject, updated.subject, updated.time) == ("katuhuolto", "katuhuolto", LATER)


@given(
    moments=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["a", "b", "c"])),
        min_size=1,
        max_size=8,
    ),
)
def test_what_was_told_last_holds_though_times_are_the_same(
    moments: list[tuple[int, int, str]],
) -> None:
    """A row is changed, or its line in the table is; each time it is told anew."""
    days = [datetime(2026, 3, day, tzinfo=HELSINKI) for day in range(1, 7)]
    updated = changed = 0
    marks: list[tuple[datetime, str, str, str]] = []
    for later_update, later_change, entity in moments:
        before = (updated, changed)
        updated, changed = max(updated, later_update), max(changed, later_change)
        if marks and (updated, changed) == before:
            continue  # nothing changed that anybody could know of
        line = Line("", entity, "", days[changed] if changed else None)
        words = replace(WORDS, places=Places({"service/171": line}))
        row = request(updated_datetime=days[updated].isoformat(), requested_datetime="2026-03-01")
        last = told_by(row, words).events[-1]
        marks.append((last.time, last.id, entity, last.subject))
    assert marks == sorted(marks)
    assert all(subject == entity for *_, entity, subject in marks)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, None),
        ({"status": "closed"}, "handled"),
        ({"status": "CLOSED", "status_notes": "Kiitos. T. Testinen Esimerkki"}, "final_answer"),
        ({"status": "closed", "status_notes": "  "}, "handled"),
        ({"status_notes": "Asia on siirretty."}, "interim_answer"),
        ({"extended_attributes": {"detailed_status": "RECEIVED"}}, None),
        ({"extended_attributes": {"detailed_status": "IN_PROCESS,PUBLIC_WORKS_NEW"}}, None),
        ({"detailed_status": "IN_PROCESS, PUBLIC_WORKS_COMPLETED"}, "handled"),
        ({"detailed_status": "PUBLIC_WORKS_COMPLETED_SCHEDULED_LATER"}, None),
        ({"detailed_status": "PUBLIC_WORKS_COMPLETED_REQUIRES_NO_ACTION"}, "handled"),
        ({"detailed_status": "PUBLIC_WORKS_INTERRUPTED"}, None),
        ({"detailed_status": "PROCESSED,PUBLIC_WORKS_IN_PROGRESS"}, "handled"),
        ({"detailed_status": "REJECTED"}, "handled"),
        ({"status": None, "extended_attributes": "odd"}, None),
        ({"status": "moderation", "detailed_status": ",,"}, None),
    ],
)
def test_a_state_says_how_the_city_reacted(changed: dict[str, Any], state: str | None) -> None:
    assert reaction(request(**changed)) == state


def test_an_answer_is_from_when_the_request_was_updated() -> None:
    found = told(status="closed", status_notes="Kiitos", updated_datetime=UPDATED)
    answered = found.events[-1]
    assert kinds(found) == ["received", "updated", "answered"]
    assert answered.data == events.FeedbackAnswer(
        "8fmht6g1", datetime.fromisoformat(UPDATED), "final_answer"
    )
    assert found.unread is None


def test_opened_again_and_closed_again_is_answered_by_the_later_closing() -> None:
    def answer(**changed: Any) -> events.Event:
        return told(status_notes="Kiitos", **changed).events[-1]

    first = answer(status="closed", updated_datetime=UPDATED)
    reopened = answer(status="open", updated_datetime="2026-03-05T10:00:00+02:00")
    last = answer(status="closed", updated_datetime="2026-03-06T10:00:00+02:00")
    assert isinstance(reopened, events.FeedbackAnswered)
    assert reopened.data.state == "interim_answer"
    assert (first.time, first.id) < (last.time, last.id)


@pytest.mark.parametrize("updated", [None, "", "pian", "2026-02-30"])
def test_an_answer_without_a_time_is_named_and_the_request_still_counted(updated: Any) -> None:
    found = told(status="closed", updated_datetime=updated)
    assert kinds(found) == ["received"]
    assert found.unread == "updated_datetime of an answer cannot be read"


def test_an_answer_is_never_before_its_request() -> None:
    found = told(status="closed", updated_datetime="2026-03-01T00:00:00+02:00")
    assert kinds(found) == ["received", "answered"]
    assert found.events[-1].time == datetime.fromisoformat(REQUESTED)


@pytest.mark.parametrize(
    ("changed", "entity", "placed"),
    [
        ({}, "katuhuolto", True),
        ({"agency_responsible": "Rakennusvirasto"}, "kymp", True),
        ({"agency_responsible": "Testinen Esimerkki"}, "katuhuolto", True),
        ({"service_code": "198", "agency_responsible": "Testinen"}, "unplaced.palaute.198", False),
        ({"service_code": "Testinen"}, "unplaced.palaute", False),
        ({"service_code": None}, "unplaced.palaute", False),
        ({"service_code": "katu ja tie", "agency_responsible": ""}, "unplaced.palaute", False),
        ({"service_object_id": "10844"}, "katuhuolto", True),
    ],
)
def test_a_request_belongs_to_its_agency_or_service_or_waits_for_a_place(
    changed: dict[str, Any],
    entity: str,
    placed: bool,  # noqa: FBT001 - a parameter
) -> None:
    found = told(**changed)
    assert (found.events[0].subject, found.placed) == (entity, placed)


@pytest.mark.parametrize(
    ("unit", "entity"),
    [
        ("10844", "unit-10844"),
        (10844, "unit-10844"),
        ("9", "kuva"),
        ("11", "kymp"),
        ("Testinen", "kymp"),
        ("9" * 5000, "kymp"),
        ("\u0661", "kymp"),
    ],
)
def test_a_unit_is_found_in_the_table_or_the_registry_and_else_its_agency_is(
    unit: Any, entity: str
) -> None:
    extended = {
        "service_object_id": unit,
        "service_object_type": "http://www.hel.fi/servicemap/v2",
        "title": "Testinen Esimerkki",
    }
    found = told(agency_responsible="Rakennusvirasto", extended_attributes=extended)
    assert found.events[0].subject == entity


@pytest.mark.parametrize(
    ("code", "kind"), [("171", "vikailmoitus"), ("kiitos", "kiitos"), ("198", "muu"), (None, "muu")]
)
def test_a_kind_comes_from_the_table_or_is_the_code_itself(code: str | None, kind: str) -> None:
    received = told(service_code=code).events[0]
    assert isinstance(received, events.FeedbackReceived)
    assert received.data.kind == kind


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2010-04-14T06:37:38-08:00", "2010-04-14T14:37:38+00:00"),
        ("2010-01-01T00:00:00Z", "2010-01-01T00:00:00+00:00"),
        ("2013-05-02T11:02:07+0300", "2013-05-02T08:02:07+00:00"),
        ("2013-05-02 11:02:07.123+03:00", "2013-05-02T08:02:07.123000+00:00"),
        ("2013-05-02T11:02:07", "2013-05-02T08:02:07+00:00"),
        ("2016-01-12", "2016-01-11T22:00:00+00:00"),
        ("", None),
        ("eilen", None),
        ("0000-00-00T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_are_read_as_servers_write_them(written: str, utc: str | None) -> None:
    found = moment(written, HELSINKI)
    assert (found and found.astimezone(UTC).isoformat()) == utc


@pytest.mark.parametrize(
    "changed",
    [
        {"service_request_id": None},
        {"service_request_id": ""},
        {"service_request_id": "Testinen Esimerkki"},
        {"service_request_id": "010190-123A"},
        {"requested_datetime": None},
        {"requested_datetime": "0000-00-00"},
    ],
)
def test_a_row_without_a_usable_id_or_time_is_refused_alone_and_not_echoed(
    changed: dict[str, Any],
) -> None:
    found, refused = translate([request(**changed), {}, request()], WORDS)
    assert (len(found), len(refused)) == (1, 2)
    assert not any(word in why for why in refused for word in ("Testinen", "010190"))


@given(
    field=st.sampled_from(
        [
            *("description", "status_notes", "service_name", "agency_responsible", "status"),
            *("service_notice", "address", "address_id", "zipcode", "lat", "long", "media_url"),
            *("email", "phone", "first_name", "title", "detailed_status", "service_object_type"),
            *("service_code", "service_object_id", "updated_datetime", "requested_datetime"),
        ]
    ),
    said=st.sampled_from([*NAMED, *MARKED, "Testinen"]),
    nested=st.booleans(),
)
def test_nothing_that_a_row_says_in_words_is_told(field: str, said: str, nested: bool) -> None:  # noqa: FBT001 - drawn
    whole = request(updated_datetime=UPDATED, status="closed", status_notes="Kiitos")
    row = whole | ({"extended_attributes": {field: said}} if nested else {field: said})
    found, refused = translate([row], WORDS)
    bytes_of = b"".join(wire.encode(event) for one in found for event in one.events)
    assert said.encode() not in bytes_of
    assert "Testinen" not in bytes_of.decode() + "".join(refused)


def test_coordinates_of_any_sort_change_nothing() -> None:
    plain = told()
    points: list[tuple[Any, Any]] = [("60.2", "25.0"), ("25.0", "60.2"), (60.2, None), ("?", {})]
    for lat, long in points:
        assert told(lat=lat, long=long) == plain


def test_an_event_of_every_sort_is_as_its_contract_says() -> None:
    found = told(status="closed", status_notes="Kiitos", updated_datetime=UPDATED)
    for event in found.events:
        wire.check(event)
        assert wire.decode(wire.encode(event), (type(event),)) == event
