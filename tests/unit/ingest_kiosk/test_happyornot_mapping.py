from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_kiosk.happyornot.mapping import (
    CHANNELS,
    SCALES,
    ButtonFeedback,
    FollowUpFeedback,
    LeftOut,
    Survey,
    Translation,
    Vocabulary,
    instant,
    translate,
)
from kokemus.contracts import events

HELSINKI = ZoneInfo("Europe/Helsinki")
ZONES = st.sampled_from(
    [HELSINKI, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]
)
WALL_CLOCK = st.datetimes(datetime(2016, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 - as on a wall
PRESS_ID = "7b0c2f0e-5d35-4d38-9f0e-0f6f3a1c2b4d"


def survey(survey_id: int = 1, scale: str = "four", kind: str = "CUSTOMER") -> Survey:
    return msgspec.convert(
        {"surveyId": survey_id, "questionId": 71, "surveyType": kind, "feedbackScale": scale},
        Survey,
    )


def words(*surveys: Survey, reasons: dict[int, str] | None = None) -> Vocabulary:
    return Vocabulary(
        source="happyornot",
        surveys={one.survey_id: one for one in surveys or (survey(),)},
        zone_of=lambda point: ZoneInfo("America/New_York") if point == 2 else HELSINKI,
        reasons={40: "odotusaika"} if reasons is None else reasons,
    )


def row(**changed: Any) -> dict[str, Any]:
    return {
        "feedbackId": PRESS_ID,
        "smileyId": 501,
        "localTime": "2026-11-02T09:30:00",
        "surveyId": 1,
        "experiencePointId": 1,
        "buttonIndex": 3,
        "misuse": False,
        "position": 0,
        "ui": "physical",
        "smileyType": "SMILEY_TERMINAL",
    } | changed


def follow_up(**changed: Any) -> dict[str, Any]:
    return row(buttonIndex=0, position=1, followupOptionId=40) | changed


def presses(*rows: Any, said: Vocabulary | None = None) -> Translation:
    return translate(raw(rows), ButtonFeedback, said or words())


def reasons(*rows: Any, said: Vocabulary | None = None) -> Translation:
    return translate(raw(rows), FollowUpFeedback, said or words())


def raw(rows: Sequence[Any]) -> list[msgspec.Raw]:
    return [msgspec.Raw(msgspec.json.encode(one)) for one in rows]


def test_a_row_becomes_one_press_of_its_device() -> None:
    assert presses(row()).events == [
        events.KioskPressed(
            specversion="1.0",
            id=PRESS_ID,
            source="happyornot",
            subject="device.happyornot.501",
            time=datetime(2026, 11, 2, 9, 30, tzinfo=HELSINKI),
            data=events.Press("501", "smiley4", 3, "happyornot.71", "kiosk"),
        )
    ]


@pytest.mark.parametrize(
    ("ui", "channel"),
    [
        ("physical", "kiosk"),
        ("touchless", "kiosk"),
        ("qr", "link"),
        ("link", "link"),
        ("email", "link"),
        ("digital", "web_smiley"),
    ],
)
def test_ui_tells_the_channel(ui: str, channel: str) -> None:
    assert presses(row(ui=ui)).events[0].data.channel == channel


def test_the_device_tells_the_channel_where_ui_is_left_out() -> None:
    plain = row()
    del plain["ui"]
    channels = [
        presses(plain | {"smileyType": kind}).events[0].data.channel
        for kind in ("SMILEY_TERMINAL", "SMILEY_TOUCH", "SMILEY_DIGITAL")
    ]
    assert channels == ["kiosk", "kiosk", "web_smiley"]


@pytest.mark.parametrize("scale", SCALES)
def test_a_small_button_index_is_negative_on_every_scale(scale: str) -> None:
    said = words(survey(scale=scale))
    sizes = events.SCALE_SIZES[SCALES[scale]]
    found = presses(*(row(buttonIndex=index) for index in range(sizes)), said=said)
    assert [event.data.value for event in found.events] == list(range(sizes))
    assert presses(row(buttonIndex=sizes), said=said).events == []


def test_an_employees_press_is_never_counted() -> None:
    done = presses(row(), row(misuse=True), said=words(survey(kind="EMPLOYEE")))
    assert done.events == []
    assert done.left_out == {LeftOut.EMPLOYEE: 2}
    assert reasons(follow_up(), said=words(survey(kind="EMPLOYEE"))).events == []


def test_a_mark_changes_nothing_of_the_press_and_adds_one_correction_that_names_it() -> None:
    before, after = presses(row()).events, presses(row(misuse=True)).events
    assert after[:1] == before
    [_, misused] = after
    assert isinstance(misused, events.KioskMisused)
    assert misused.id != before[0].id
    assert misused.subject == before[0].subject
    assert misused.data == events.Misused(PRESS_ID, events.PressAt(before[0].time, before[0].data))
    assert not before[0].data.misuse


def test_a_marked_follow_up_is_given_and_withdrawn_so_that_it_sums_to_nothing() -> None:
    [given_before] = reasons(follow_up()).events
    [given_after, withdrawn] = reasons(follow_up(misuse=True)).events
    assert given_after == given_before
    assert isinstance(withdrawn, events.ObservationWithdrawn)
    assert withdrawn.data.original_id == given_before.id
    assert withdrawn.data.original.data == given_before.data


def test_a_follow_up_names_its_press_and_has_an_id_of_its_own() -> None:
    [reason] = reasons(follow_up(smileyType="SMILEY_TOUCH")).events
    assert isinstance(reason, events.KioskReasonGiven)
    assert reason.data == events.ReasonGiven(PRESS_ID, "negative", "odotusaika", "501", "kiosk")
    two = reasons(
        follow_up(), follow_up(followupOptionId=41), said=words(reasons={40: "muu", 41: "tilat"})
    )
    assert len({PRESS_ID, *(event.id for event in two.events)}) == 3


@pytest.mark.parametrize(
    ("scale", "polarities"),
    [
        ("four", "--++"),
        ("five", "--0++"),
        ("five_reversed", "--0++"),
        ("nps", "-------00++"),
    ],
)
def test_polarity_comes_from_the_press(scale: str, polarities: str) -> None:
    said = words(survey(scale=scale))
    signs = {"-": "negative", "+": "positive"}
    for index, sign in enumerate(polarities):
        done = reasons(follow_up(buttonIndex=index), said=said)
        assert [event.data.polarity for event in done.events] == (
            [signs[sign]] if sign in signs else []
        )
        assert done.left_out == ({} if sign in signs else {LeftOut.NEUTRAL: 1})


@pytest.mark.parametrize("ui", ["exit", "skip", "timeout"])
def test_a_follow_up_that_nobody_answered_is_no_reason(ui: str) -> None:
    done = reasons(follow_up(ui=ui, followupOptionId=None))
    assert (done.events, done.refused, done.left_out) == ([], [], {LeftOut.NO_ANSWER: 1})


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (row(surveyId=99), "survey 99 is unknown"),
        (row(buttonIndex=4), "buttonIndex is beyond the scale of survey 1"),
        (row(buttonIndex=-1), "buttonIndex is not"),
        (row(buttonIndex="3"), "buttonIndex is not"),
        (row(localTime="2026-11-02T09:30:00Z"), "localTime is not"),
        (row(localTime="yesterday"), "localTime is not"),
        (row(localTime="1999-11-02T09:30:00"), "localTime must lie between"),
        (row(localTime="0001-01-01T00:00:00"), "localTime must lie between"),
        (row(localTime="9999-12-31T23:59:59"), "localTime must lie between"),
        (row(smileyId=10**200), "must start with"),
        (row(ui="telepathy"), "names no known channel"),
        (row(feedbackId="a@b.fi"), "must start with"),
        (row(feedbackId=None), "feedbackId is not"),
        ([], "the row is not"),
        (None, "the row is not"),
    ],
)
def test_a_bad_row_is_refused_by_name_and_never_takes_its_neighbours_with_it(
    bad: Any, why: str
) -> None:
    done = presses(row(feedbackId="a"), bad, row(feedbackId="b"))
    assert [event.id for event in done.events] == ["a", "b"]
    [refused] = done.refused
    assert why in refused.detail


def test_an_option_without_a_reason_waits_to_be_mapped_instead_of_counting_as_another() -> None:
    done = reasons(follow_up(), said=words(reasons={}))
    assert done.events == []
    assert done.refused[0].detail == "follow-up option 40 is mapped to no reason"


def test_texts_guesses_and_contacts_beside_a_row_are_not_read() -> None:
    private = {
        "followupOptionTextInDefaultLocale": "x",
        "age": 40,
        "gender": "F",
        "email": "a@b.fi",
    }
    assert reasons(follow_up() | private).events == reasons(follow_up()).events


@given(local=WALL_CLOCK, zone=ZONES)
def test_a_wall_clock_time_stays_on_its_clock_unless_spring_skipped_it(
    local: datetime, zone: ZoneInfo
) -> None:
    found = instant(local, zone)
    wall = found.replace(tzinfo=None)
    skipped = wall - local
    assert found.utcoffset() is not None
    assert skipped == timedelta(0) or timedelta(0) < skipped <= timedelta(hours=1)
    assert instant(wall, zone) == found


def test_the_doubled_hour_of_autumn_neither_loses_nor_doubles() -> None:
    twice = [row(feedbackId=f"press-{n}", localTime="2026-10-25T03:30:00") for n in range(2)]
    done = presses(*twice)
    assert len({event.id for event in done.events}) == 2
    assert {event.time.astimezone(UTC).hour for event in done.events} == {0}
    assert {event.time.hour for event in done.events} == {3}


def test_the_missing_hour_of_spring_is_moved_within_its_day() -> None:
    [press] = presses(row(localTime="2026-03-29T03:30:00")).events
    assert press.time.isoformat() == "2026-03-29T04:30:00+03:00"


def test_a_point_in_another_zone_has_its_own_time() -> None:
    [press] = presses(row(experiencePointId=2)).events
    assert press.time.isoformat() == "2026-11-02T09:30:00-05:00"


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "feedbackId": st.uuids().map(str),
                "buttonIndex": st.integers(0, 3),
                "misuse": st.booleans(),
                "ui": st.sampled_from(sorted(CHANNELS)),
                "localTime": WALL_CLOCK.map(datetime.isoformat),
            }
        ),
        max_size=20,
    )
)
def test_the_same_rows_give_the_same_events_however_they_are_cut_into_pages(
    rows: list[dict[str, Any]],
) -> None:
    full = [row(**one) for one in rows]
    pages = [event for one in full for event in presses(one).events]
    assert presses(*full).events == pages
    assert len({event.id for event in pages}) == len(pages)


@given(st.binary(max_size=60))
def test_no_bytes_in_a_row_break_anything(content: bytes) -> None:
    whole = msgspec.json.encode(row(feedbackId="good"))
    strange = msgspec.Raw(b'{"feedbackId":"' + content + b'"}')
    done = translate([strange, msgspec.Raw(whole)], ButtonFeedback, words())
    assert [event.id for event in done.events] == ["good"]
    assert len(done.refused) == 1
