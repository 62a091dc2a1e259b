from datetime import date

import pytest

from kokemus.working_days import is_working_day
from reporting.domain.meters import FIELDS, METERS, meter_table
from reporting.domain.round_stages import deadlines, progress

STAGES = meter_table().stages
TODAY = date(2026, 11, 16)


def test_the_usual_days_are_those_of_the_citys_timetable() -> None:
    found = {one.stage: one.due for one in deadlines(2024, STAGES, {})}
    assert found == {
        "slides": date(2024, 10, 10),
        "management_group": date(2024, 10, 22),
        "list_texts": date(2024, 11, 20),
        "ready": date(2024, 12, 2),  # 30.11.2024 is a Saturday
        "city_board": None,
    }


@pytest.mark.parametrize("year", range(2020, 2040))
def test_every_usual_day_is_a_working_day_and_they_keep_their_order(year: int) -> None:
    days = [one.due for one in deadlines(year, STAGES, {}) if one.due]
    assert all(is_working_day(one) for one in days)
    assert days == sorted(set(days))


def test_a_day_that_somebody_chose_stays_as_it_was_chosen() -> None:
    saturday = date(2026, 11, 21)
    found = {one.stage: one for one in deadlines(2026, STAGES, {"list_texts": saturday})}
    assert found["list_texts"].due == saturday
    assert found["list_texts"].usual == date(2026, 11, 20)
    assert found["ready"].due == date(2026, 11, 30)


def test_a_step_is_done_late_at_hand_or_to_come_for_each_meter() -> None:
    steps = deadlines(2026, STAGES, {})
    rows = progress(steps, {("participation", "slides")}, METERS, TODAY)
    told = {row.deadline.stage: row.states for row in rows}
    assert told["slides"] == {"participation": "done", "experience": "late"}
    assert set(told["list_texts"].values()) == {"soon"}
    assert set(told["ready"].values()) == {"soon"}
    assert set(told["city_board"].values()) == {"open"}
    early = progress(steps, (), METERS, date(2026, 9, 1))
    assert {state for row in early for state in row.states.values()} == {"open"}


def test_a_step_is_not_late_on_its_own_day() -> None:
    steps = deadlines(2026, STAGES, {})
    rows = progress(steps, (), METERS, date(2026, 11, 20))
    assert rows[2].states["experience"] == "soon"


def test_each_meter_has_every_text_in_finnish_swedish_and_english() -> None:
    for meter in meter_table().meters:
        assert tuple(meter.texts) == FIELDS
        for text in (meter.name, *meter.texts.values()):
            assert text.fi
            assert text.sv
            assert text.en
