"""What of a statutory case may go on."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from complaints.domain.registration import as_registered
from kokemus.contracts import events, examples, topics, wire
from kokemus.errors import Refused

HELSINKI = ZoneInfo("Europe/Helsinki")


def case(time: datetime) -> events.ComplaintRegistered:
    return events.ComplaintRegistered(
        specversion="1.0",
        id="1",
        source="registry",
        subject="terveysasemat",
        time=time,
        data=events.Complaint("c", "kantelu", "lvv"),
    )


@given(
    st.datetimes(
        min_value=datetime(2000, 1, 2),  # noqa: DTZ001 - the zone is drawn beside it
        max_value=datetime(2099, 12, 30),  # noqa: DTZ001
        timezones=st.sampled_from([ZoneInfo("UTC"), HELSINKI, ZoneInfo("America/New_York")]),
    )
)
def test_the_time_is_cut_to_the_start_of_its_local_day(time: datetime) -> None:
    kept = as_registered(case(time), "service_entity", zone=HELSINKI)
    local = kept.time.astimezone(HELSINKI)
    assert (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    assert local.date() == time.astimezone(HELSINKI).date()
    assert timedelta(0) <= time - kept.time < timedelta(hours=25, microseconds=1)


def test_the_local_day_is_the_citys_not_the_senders() -> None:
    sent = case(datetime.fromisoformat("2026-03-01T22:30:00+00:00"))
    assert as_registered(sent, None, zone=HELSINKI).time.date() == date(2026, 3, 2)


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
        as_registered(told(example), kind, zone=HELSINKI)
    assert caught.value.pointer == "/subject"


@pytest.mark.parametrize("kind", ["city", "division", "service_entity", None])
def test_a_case_of_a_service_entity_or_higher_or_yet_unknown_is_kept(kind: str | None) -> None:
    sent = case(datetime.now(HELSINKI))
    assert as_registered(sent, kind, zone=HELSINKI).data == sent.data


@pytest.mark.parametrize("kind", ["city", "service", "unit", None])
@pytest.mark.parametrize(
    "example", ["complaint.summary.v1/not-reported", "ombudsman.summary.v1/corrected-later"]
)
def test_a_summary_goes_on_as_it_came_whomever_it_is_about(example: str, kind: str | None) -> None:
    sent = told(example)
    assert as_registered(sent, kind, zone=HELSINKI) == sent


def test_a_withdrawal_takes_back_the_day_that_the_contact_was_cut_to() -> None:
    moment = datetime.fromisoformat("2026-03-01T22:30:00+00:00")
    contact = replace(told("ombudsman.contacted.v1/two-matters"), time=moment)
    withdrawal = told("observation.withdrawn.v1/contact")
    original = replace(withdrawal.data.original, time=moment)
    sent = replace(withdrawal, data=replace(withdrawal.data, original=original))
    kept = as_registered(sent, None, zone=HELSINKI)
    assert kept.data.original.time == as_registered(contact, None, zone=HELSINKI).time


def told(example: str) -> events.Event:
    """An event as the examples of the contracts tell it: `type/name`."""
    event_type, _, name = example.partition("/")
    full = events.TYPE_PREFIX + event_type
    return wire.decode(examples.of(full)[name], (topics.EVENT_TYPES[full],))
