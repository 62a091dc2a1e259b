"""The manager's page: four whole weeks, devices judged one by one, and what was done."""

from datetime import UTC, date, datetime, time

from reporting.domain.alerts import Policy
from reporting.domain.live import LiveDevice
from reporting.domain.notes import DeskNote, KeptNote, for_week
from reporting.domain.present import discreet, edition_of_now
from reporting.domain.releases import Entity, Period, Text
from reporting.domain.unit_weeks import (
    acts,
    devices_told,
    four_weeks,
    overdue,
    silent_after,
    weeks_told,
)
from reporting.texts import Texts
from reporting.watching import packaged_policy
from support.release_builders import live, text

FI = Texts().languages["fi"]
TODAY = date(2026, 11, 25)
TREE = {
    "sote": Entity("sote", "division", None, text("Sote")),
    "kallio": Entity("kallio", "unit", "sote", text("Kallio")),
}
WEEKS = (date(2026, 10, 26), date(2026, 11, 22))


def week(first: date) -> Period:
    return Period(first, date.fromordinal(first.toordinal() + 6), "week")


def test_the_weeks_are_whole_ones_whatever_the_day() -> None:
    assert {four_weeks(date(2026, 11, day)) for day in range(23, 30)} == {WEEKS}


def test_each_week_stands_in_a_row_the_newest_first_and_says_where_nothing_came() -> None:
    figures = [
        live("press_count", 212, n=212, period=week(date(2026, 11, 16))),
        live("happy_index", 81, n=212, period=week(date(2026, 11, 16))),
        live("press_count", None, n=None, status="no_data", period=week(date(2026, 11, 9))),
        live("happy_index", None, n=None, status="no_data", period=week(date(2026, 11, 9))),
    ]
    (grid,) = weeks_told(edition_of_now(figures, TREE, {}, WEEKS), "kallio", FI)
    nothing = FI.word("status.no_data")
    assert [[cell.text for cell in row.cells] for row in grid.rows] == [
        ["212", "81"],
        [nothing, nothing],
    ]


def test_devices_are_silent_one_by_one_and_come_first() -> None:
    devices = [
        LiveDevice("vendor", "1", date(2024, 1, 1), date(2026, 11, 22)),
        LiveDevice("vendor", "2", date(2024, 1, 1), date(2026, 11, 21)),
        LiveDevice("vendor", "3", date(2026, 11, 24), None),
        LiveDevice("vendor", "4", date(2024, 1, 1), None),
    ]
    told = devices_told(devices, TODAY, silent_after(packaged_policy()), FI)
    assert [(one.name, one.silent) for one in told] == [
        ("2", True), ("4", True), ("1", False), ("3", False),
    ]  # fmt: skip
    assert told[1].heard == "ei koskaan"
    none = silent_after(Policy(time(20), time(7), []))
    assert not any(one.silent for one in devices_told(devices, TODAY, none, FI))


def test_one_unanswered_message_is_told_exactly_to_whom_it_concerns_only() -> None:
    waiting = live("unanswered_overdue", 1, n=1, channel="web_feedback", scale=None, family=None)
    for exact, said in ((True, "1"), (False, FI.word("status.few"))):
        shown = discreet([waiting], lambda _, exact=exact: exact)  # type: ignore[misc]
        assert overdue(edition_of_now(shown, TREE, {}, WEEKS), "kallio", FI).text == said


def test_what_was_done_and_handled_is_told_and_frozen_for_the_house() -> None:
    notes = [
        DeskNote("handled", "kallio", date(2026, 11, 18), Text("Tiimikokous.")),
        DeskNote("done", "sote", date(2026, 11, 19), Text("Ovi korjattiin.")),
        DeskNote("heard", "kallio", date(2026, 11, 20), Text("Jonoja.")),
    ]
    kept = [KeptNote(at, 1, one, "minna", datetime(2026, 11, 20, tzinfo=UTC))
            for at, one in enumerate(notes)]  # fmt: skip
    told = acts(kept, TREE, FI)
    assert [(one.handled, one.entity, one.text) for one in told] == [
        (False, "Sote", "Ovi korjattiin."),
        (True, "Kallio", "Tiimikokous."),
    ]
    frozen = for_week(notes, (date(2026, 11, 16), date(2026, 11, 22)), ["kallio"])
    assert [(one.kind, one.text.fi) for one in frozen] == [("handled", "Tiimikokous.")]
    assert for_week(notes, (date(2026, 11, 19), date(2026, 11, 22)), ["kallio"]) == []
