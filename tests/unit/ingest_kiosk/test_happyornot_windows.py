from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ingest_kiosk.happyornot.windows import LONGEST, Window, reached, windows

HELSINKI = ZoneInfo("Europe/Helsinki")
ZONES = st.frozensets(
    st.sampled_from(
        [
            HELSINKI,
            ZoneInfo("UTC"),
            ZoneInfo("Pacific/Kiritimati"),
            ZoneInfo("Pacific/Pago_Pago"),
            ZoneInfo("Asia/Kathmandu"),
            ZoneInfo("America/St_Johns"),
        ]
    ),
    min_size=1,
)
INSTANTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    datetime(2030, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
SPANS = st.timedeltas(timedelta(0), timedelta(days=500))


@given(now=INSTANTS, back=SPANS, zones=ZONES)
def test_windows_follow_each_other_without_gap_and_never_ask_for_more_than_the_vendor_gives(
    now: datetime, back: timedelta, zones: frozenset[ZoneInfo]
) -> None:
    found = windows(now - back, now, zones)
    assert all(timedelta(0) < end - start <= LONGEST < timedelta(365) for start, end in found)
    assert all(before.end == after.start for before, after in pairwise(found))


@given(now=INSTANTS, back=SPANS, zones=ZONES, share=st.floats(0, 1), data=st.data())
def test_every_press_between_since_and_now_lies_in_a_window_by_its_points_own_day(
    now: datetime, back: timedelta, zones: frozenset[ZoneInfo], share: float, data: st.DataObject
) -> None:
    pressed = now - back * share
    day = pressed.astimezone(data.draw(st.sampled_from(sorted(zones, key=str)))).date()
    assert any(start <= day < end for start, end in windows(now - back, now, zones))


@given(
    place=INSTANTS,
    overlap=st.timedeltas(timedelta(0), timedelta(days=40)),
    rests=st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=50)), min_size=1, max_size=8),
    zones=ZONES,
    pressed_after=st.floats(0, 1),
    late=st.floats(0, 1),
)
def test_a_row_that_comes_within_the_overlap_is_read_by_the_next_poll_whenever_polls_run(  # noqa: PLR0917 - drawn
    place: datetime,
    overlap: timedelta,
    rests: list[timedelta],
    zones: frozenset[ZoneInfo],
    pressed_after: float,
    late: float,
) -> None:
    last = place + sum(rests, timedelta())
    pressed = place + (last - place) * pressed_after
    arrives = pressed + overlap * late
    now, read = place, False
    for rest in rests:
        now += rest
        for window in windows(place - overlap, now, zones):
            days = {pressed.astimezone(zone).date() for zone in zones}
            if arrives <= now and all(window.start <= day for day in days):
                read = read or any(day < window.end for day in days)
            place = reached(window, now, zones)
        assert place == now
    assert read or arrives > now


@given(now=INSTANTS, back=SPANS, zones=ZONES)
def test_a_place_never_passes_a_day_that_was_not_read_nor_the_start_of_the_poll(
    now: datetime, back: timedelta, zones: frozenset[ZoneInfo]
) -> None:
    for window in windows(now - back, now, zones):
        place = reached(window, now, zones)
        assert place <= now
        assert all((place - timedelta.resolution).astimezone(z).date() < window.end for z in zones)


def test_a_poll_just_before_midnight_utc_asks_for_the_day_that_helsinki_already_has() -> None:
    now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    assert windows(now, now, {HELSINKI}) == [Window(date(2026, 11, 23), date(2026, 11, 24))]
