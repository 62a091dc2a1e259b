from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.local_time import REFUSED, LocalHours

HELSINKI = ZoneInfo("Europe/Helsinki")
moments = st.datetimes(
    datetime.fromisoformat("2000-01-01"),
    datetime.fromisoformat("2099-12-31T23:00"),
    timezones=st.just(UTC),
)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def expected(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.toordinal() * 24 + local.hour


@given(
    st.lists(st.tuples(moments, offsets, st.booleans()), max_size=20),
    st.sampled_from(["Europe/Helsinki", "Asia/Kathmandu", "America/St_Johns"]),
)
def test_any_time_in_any_offset_falls_into_its_local_hour(
    drawn: list[tuple[datetime, timezone, bool]], name: str
) -> None:
    zone = ZoneInfo(name)
    texts = [
        moment.isoformat().replace("+00:00", "Z") if zulu else moment.astimezone(offset).isoformat()
        for moment, offset, zulu in drawn
    ]
    found = LocalHours(zone).of(texts)
    assert found.tolist() == [expected(moment, zone) for moment, _, _ in drawn]


@given(st.lists(st.text(max_size=36), max_size=5))
def test_text_that_is_no_time_is_refused_beside_a_good_neighbour(texts: list[str]) -> None:
    good = "2026-03-02T10:00:00Z"
    found = LocalHours(HELSINKI).of([*texts, good])
    assert found[-1] == expected(datetime(2026, 3, 2, 10, tzinfo=UTC), HELSINKI)
    assert all(hour == REFUSED for hour in found[:-1].tolist())


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T10:00:00Z", "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T10:60:00Z", "2026-01-01T10:00:60Z",
        "2026-01-01T10:00:00", "2026-01-01T10:00:00+25:00", "2026-01-01T10:00:00.Z",
        "2026-01-01T10:00:00.1x3Z", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59Z",
        "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "\uff12\uff1026-01-01T10:00:00Z", "",
    ],
)  # fmt: skip
def test_impossible_times_and_times_outside_2000_to_2099_are_refused(text: str) -> None:
    assert LocalHours(HELSINKI).of([text]).tolist() == [REFUSED]


@pytest.mark.parametrize("text", ["2026-01-01t10:00:00z", "2026-01-01 10:00:00+00:00"])
def test_forms_that_the_contracts_allow_besides_the_canonical_one_are_read(text: str) -> None:
    (found,) = LocalHours(HELSINKI).of([text]).tolist()
    assert found == expected(datetime(2026, 1, 1, 10, tzinfo=UTC), HELSINKI)


def test_the_doubled_hour_of_autumn_is_one_local_hour() -> None:
    texts = ["2026-10-25T03:30:00+03:00", "2026-10-25T03:30:00+02:00"]
    first, second = LocalHours(HELSINKI).of(texts).tolist()
    assert first == second
