"""What the demo goes on with after its year: a round of returns, and voices now and then."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from kokemus.contracts import events, wire
from kokemus.contracts.codes import CodeLists
from kokemus_platform.demo.returning import STAGES, entries
from kokemus_platform.demo.voices import METHODS, RETURNING
from kokemus_platform.demo.voices_now import TICK, voices_at

NOW = datetime(2026, 11, 23, 12, 0, 7, tzinfo=UTC)
DAY = [NOW + TICK * number for number in range(144)]


def test_what_is_told_in_a_tick_is_the_same_whenever_it_is_asked_for() -> None:
    for moment in DAY[:20]:
        later = moment + timedelta(seconds=300)
        same_tick = moment.timestamp() // 600 == later.timestamp() // 600
        assert (voices_at(1, moment) == voices_at(1, later)) or not same_tick
    assert [voices_at(2, moment) for moment in DAY] != [voices_at(1, moment) for moment in DAY]


def test_a_day_of_voices_may_go_on_and_holds_feedback_answers_and_ratings() -> None:
    told = [event for moment in DAY for event in voices_at(1, moment)]
    assert wire.check_all(told, NOW + timedelta(days=1)) == {}
    assert CodeLists.load().refused(told) == {}
    assert all(event.time <= moment for moment in DAY for event in voices_at(1, moment))
    kinds = Counter(map(type, told))
    assert 20 < kinds[events.FeedbackReceived] < 70
    assert 10 < kinds[events.FeedbackAnswered] < 50
    assert 20 < kinds[events.SurveyAnswered] < 70
    assert len({event.id for event in told}) == len(told)
    received = {one.data.feedback_id for one in told if isinstance(one, events.FeedbackReceived)}
    answered = {one.data.feedback_id for one in told if isinstance(one, events.FeedbackAnswered)}
    assert len(answered - received) < 6, "only of what was written before the day"


def test_a_round_has_drafts_submitted_approved_and_missing_returns() -> None:
    begun = entries(1)
    assert entries(1) == begun != entries(2)
    assert Counter(one.stage for one in begun) == Counter(STAGES)
    assert len({one.entity for one in begun}) == len(begun) < len(RETURNING)
    for one in begun:
        for level, methods in METHODS.items():
            used = [method for method in methods if f"use.{method}" in one.answers]
            assert bool(used) != (f"none.{level}" in one.answers)
