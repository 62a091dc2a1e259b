"""What of a statutory case may go on."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from complaints.domain.authorities import authorities
from complaints.domain.registration import as_registered
from kokemus.contracts import events, examples, topics, wire
from kokemus.contracts.codes import CodeLists
from kokemus.errors import Refused

HELSINKI = ZoneInfo("Europe/Helsinki")
registered = partial(
    as_registered, zone=HELSINKI, authorities=authorities(CodeLists.load().of("authority"))
)


def case(time: datetime) -> events.ComplaintRegistered:
    return events.ComplaintRegistered(
        specversion="1.0",
        id="1",
        source="registry",
        subject="terveysasemat",
        time=time,
        data=events.Complaint("c", "kantelu", "eoa"),
    )


@given(
    st.datetimes(
        min_value=datetime(2000, 1, 2),  # noqa: DTZ001 - the zone is drawn beside it
        max_value=datetime(2099, 12, 30),  # noqa: DTZ001
        timezones=st.sampled_from([ZoneInfo("UTC"), HELSINKI, ZoneInfo("America/New_York")]),
    )
)
def test_the_time_is_cut_to_the_start_of_its_local_day(time: datetime) -> None:
    kept = registered(case(time), "service_entity")
    local = kept.time.astimezone(HELSINKI)
    assert (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    assert local.date() == time.astimezone(HELSINKI).date()
    assert timedelta(0) <= time - kept.time < timedelta(hours=25, microseconds=1)


def test_the_local_day_is_the_citys_not_the_senders() -> None:
    sent = case(datetime.fromisoformat("2026-03-01T22:30:00+00:00"))
    assert registered(sent, None).time.date() == date(2026, 3, 2)


@pytest.mark.parametrize("kind", ["service", "unit"])
@pytest.mark.parametrize(
    "example",
    [
        "complaint.registered.v1/objection",
        "complaint.decided.v1/objection-answered",
        "ombudsman.contacted.v1/two-matters",
        "observation.withdrawn.v1/contact",
    ],
)
def test_a_single_case_or_contact_below_the_service_entities_is_refused(
    example: str, kind: str
) -> None:
    with pytest.raises(Refused) as caught:
        registered(told(example), kind)
    assert caught.value.pointer == "/subject"


@pytest.mark.parametrize("kind", ["city", "division", "service_entity", None])
def test_a_case_of_a_service_entity_or_higher_or_yet_unknown_is_kept(kind: str | None) -> None:
    sent = case(datetime.now(HELSINKI))
    assert registered(sent, kind).data == sent.data


@pytest.mark.parametrize("kind", ["city", "service", "unit", None])
@pytest.mark.parametrize(
    "example", ["complaint.summary.v1/not-reported", "ombudsman.summary.v1/corrected-later"]
)
def test_a_summary_goes_on_as_it_came_whomever_it_is_about(example: str, kind: str | None) -> None:
    sent = told(example)
    assert registered(sent, kind) == sent


def test_a_withdrawal_takes_back_the_day_that_the_contact_was_cut_to() -> None:
    moment = datetime.fromisoformat("2026-03-01T22:30:00+00:00")
    contact = replace(told("ombudsman.contacted.v1/two-matters"), time=moment)
    withdrawal = told("observation.withdrawn.v1/contact")
    original = replace(withdrawal.data.original, time=moment)
    sent = replace(withdrawal, data=replace(withdrawal.data, original=original))
    kept = registered(sent, None)
    assert kept.data.original.time == registered(contact, None).time


def told(example: str) -> events.Event:
    """An event as the examples of the contracts tell it: `type/name`."""
    event_type, _, name = example.partition("/")
    full = events.TYPE_PREFIX + event_type
    return wire.decode(examples.of(full)[name], (topics.EVENT_TYPES[full],))


def judged(kind: events.CaseKind, authority: str, day: str, *, decided: bool = False) -> str | None:
    """Why a case is refused, or None."""
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "registry",
        "subject": "terveysasemat",
        "time": datetime.fromisoformat(day),
    }
    case: events.Event = (
        events.ComplaintDecided(**envelope, data=events.Decision("c", kind, authority))
        if decided
        else events.ComplaintRegistered(**envelope, data=events.Complaint("c", kind, authority))
    )
    try:
        registered(case, "division")
    except Refused as refused:
        return f"{refused.pointer} {refused.detail}"
    return None


@pytest.mark.parametrize(
    ("kind", "authority", "day"),
    [
        ("muistutus", "unit", "2019-05-05T12:00:00+03:00"),
        ("kantelu", "avi", "2025-12-31T23:30:00+02:00"),
        ("kantelu", "lvv", "2025-12-31T22:30:00+00:00"),  # the new year's first half hour here
        ("kantelu", "eoa", "2030-01-01T12:00:00+02:00"),
        ("unspecified", "valvira", "2018-01-01T12:00:00+02:00"),
        ("kantelu", "unspecified", "2026-01-01T12:00:00+02:00"),
    ],
)
def test_a_case_is_taken_for_whom_its_day_had(
    kind: events.CaseKind, authority: str, day: str
) -> None:
    assert judged(kind, authority, day) is None


@pytest.mark.parametrize(
    ("kind", "authority", "day", "why"),
    [
        ("kantelu", "avi", "2025-12-31T22:30:00+00:00", "ended with 2025"),
        ("kantelu", "lvv", "2025-12-31T12:00:00+02:00", "began in 2026"),
        ("kantelu", "unit", "2026-01-01T12:00:00+02:00", "takes a muistutus only"),
        ("muistutus", "eoa", "2026-01-01T12:00:00+02:00", "takes a kantelu only"),
    ],
)
def test_a_case_is_refused_for_whom_it_could_not_go_to(
    kind: events.CaseKind, authority: str, day: str, why: str
) -> None:
    told = judged(kind, authority, day) or ""
    assert told.startswith("/data/authority ")
    assert why in told


def test_a_decision_may_be_told_after_its_authority_has_ended_but_not_before_it_began() -> None:
    assert judged("kantelu", "avi", "2026-03-01T12:00:00+02:00", decided=True) is None
    early = judged("kantelu", "lvv", "2025-03-01T12:00:00+02:00", decided=True)
    assert early is not None
    assert "began in 2026" in early
