"""What of a statutory case may go on."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.domain.registration import as_registered
from kokemus.contracts import events
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
    kept = as_registered(case(time), "service", zone=HELSINKI)
    local = kept.time.astimezone(HELSINKI)
    assert (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    assert local.date() == time.astimezone(HELSINKI).date()
    assert timedelta(0) <= time - kept.time < timedelta(hours=25, microseconds=1)


def test_the_local_day_is_the_citys_not_the_senders() -> None:
    sent = case(datetime.fromisoformat("2026-03-01T22:30:00+00:00"))
    assert as_registered(sent, None, zone=HELSINKI).time.date() == date(2026, 3, 2)


def test_a_case_at_a_unit_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        as_registered(case(datetime.now(HELSINKI)), "unit", zone=HELSINKI)
    assert caught.value.pointer == "/subject"


@pytest.mark.parametrize("kind", ["city", "division", "service_entity", "service", None])
def test_a_case_above_the_units_or_yet_unknown_is_kept(kind: str | None) -> None:
    sent = case(datetime.now(HELSINKI))
    assert as_registered(sent, kind, zone=HELSINKI).data == sent.data
