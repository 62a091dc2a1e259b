"""What no type can say: rules across the fields of an event's data."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kokemus.contracts import events, examples, topics, wire
from kokemus.errors import Refused

HELSINKI = ZoneInfo("Europe/Helsinki")


def example(event_type: str, name: str) -> events.Event:
    full = events.TYPE_PREFIX + event_type
    return wire.decode(examples.of(full)[name], (topics.EVENT_TYPES[full],))


def changed(event_type: str, name: str, **data: Any) -> events.Event:
    event = example(event_type, name)
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, **data))


def refusal(event: events.Event) -> str:
    with pytest.raises(Refused) as refused:
        wire.decode(wire.encode(event), (type(event),))
    return refused.value.pointer


@pytest.mark.parametrize(
    ("scale", "lowest", "highest"),
    [("nps", 0, 10), ("likert5", 1, 5), ("grade4_10", 4, 10), ("smiley4", 0, 3)],
)
def test_a_survey_answer_lies_on_its_scale(scale: Any, lowest: int, highest: int) -> None:
    for value in range(11):
        answer = changed("survey.answered.v1", "recommendation", scale=scale, value=value)
        if lowest <= value <= highest:
            wire.check(answer)
        else:
            assert refusal(answer) == "/data/value"


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        ({"min": 9.0, "mean": 8.0, "max": 10.0}, "mean"),
        ({"min": 5.0, "mean": None, "max": 4.5}, "max"),
        ({"min": 4.0, "mean": 9.5, "max": 9.0}, "max"),
        ({"min": 8.5, "mean": None, "max": None}, "max"),
        ({"min": None, "mean": None, "max": 9.0}, "min"),
        ({"min": 1.0, "mean": None, "max": 9.0}, "min"),
        ({"min": None, "mean": 10.1, "max": None}, "mean"),
    ],
)
def test_a_result_lies_on_its_scale_and_within_its_range(figures: Any, field: str) -> None:
    event = changed("survey.result.v1", "mean-with-its-range-and-n", **figures)
    assert refusal(event) == f"/data/{field}"


def test_no_more_can_be_asked_than_there_are_customers() -> None:
    survey = changed("survey.defined.v1", "probability-sample", customers=5, offered=6)
    assert refusal(survey) == "/data/offered"


def test_a_survey_has_each_question_once() -> None:
    question = events.SurveyQuestion("q", "overall", "likert5")
    survey = changed("survey.defined.v1", "probability-sample", questions=[question, question])
    assert refusal(survey) == "/data/questions/1/question_id"


def test_a_survey_is_defined_under_its_own_id() -> None:
    survey = example("survey.defined.v1", "probability-sample")
    assert refusal(msgspec.structs.replace(survey, subject="terveysasemat")) == "/subject"


@pytest.mark.parametrize(
    ("event_type", "name"),
    [
        ("complaint.summary.v1", "not-reported"),
        ("ombudsman.summary.v1", "health-only"),
        ("survey.result.v1", "mean"),
    ],
)
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"period_end": "2001-01-01"}, "period_end"),
        ({"as_of": "2018-02-30"}, "as_of"),
        ({"as_of": "2018-06-30T25:00:00Z"}, "as_of"),
        ({"as_of": "1999-12-31"}, "as_of"),
    ],
)
def test_a_period_ends_after_it_begins_and_is_known_on_a_real_day(
    event_type: str, name: str, changes: dict[str, str], field: str
) -> None:
    raw = msgspec.json.decode(wire.encode(example(event_type, name)))
    raw["data"] |= changes
    with pytest.raises(Refused) as refused:
        wire.decode(msgspec.json.encode(raw), tuple(topics.EVENT_TYPES.values()))
    assert refused.value.pointer == f"/data/{field}"


def test_what_is_known_as_of_a_day_is_known_at_its_local_end() -> None:
    end = changed("complaint.summary.v1", "not-reported", as_of="2018-06-30").data
    later = changed("complaint.summary.v1", "not-reported", as_of="2018-07-01T00:00:00+03:00").data
    earlier = changed("complaint.summary.v1", "not-reported", as_of="2018-06-30T20:59:59Z").data
    assert earlier.known_at(HELSINKI) < end.known_at(HELSINKI) < later.known_at(HELSINKI)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_time": ["2025", "2025-13"]}, "last_time/1"),
        ({"last_time": ["2025-02-29"]}, "last_time/0"),
        ({"next_planned": "2026-00"}, "next_planned"),
    ],
)
def test_a_practice_is_dated_by_the_calendar(changes: dict[str, Any], field: str) -> None:
    event = changed("participation.practice-reported.v1", "yearly-survey", **changes)
    assert refusal(event) == f"/data/{field}"


@pytest.mark.parametrize("level", [0, 5])
def test_the_ladder_has_four_levels(level: int) -> None:
    event = changed("participation.method-reported.v1", "volume-not-counted", level=level)
    assert refusal(event) == "/data/level"


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_level_without_ways_is_reported_by_its_own_code_and_without_volume(level: int) -> None:
    report = partial(changed, "participation.method-reported.v1", "volume-not-counted")
    for volume in (None, 0):
        wire.check(report(level=level, method=f"none_{level}", volume=volume))
    assert refusal(report(level=level, method=f"none_{level}", volume=1)) == "/data/volume"
    assert refusal(report(level=level % 4 + 1, method=f"none_{level}")) == "/data/level"


def test_nothing_in_use_is_no_action_of_a_game() -> None:
    action = events.GameAction("none_1", "osallisuusvastaava", example_due(), "nps")
    event = changed("participation.game-played.v1", "without-actions", actions=[action])
    assert refusal(event) == "/data/actions/0/method"


@pytest.mark.parametrize("role", ["Matti Meikäläinen", "matti@example.org", "Matti", ""])
def test_a_role_is_a_word_and_no_person(role: str) -> None:
    action = events.GameAction("kyselyt", role, example_due(), "nps")
    event = changed("participation.game-played.v1", "without-actions", actions=[action])
    assert refusal(event) == "/data/actions/0/role"


def example_due() -> Any:
    game = example("participation.game-played.v1", "two-columns-of-a-theme")
    return game.data.actions[0].due


def test_an_answer_is_final_unless_it_says_otherwise() -> None:
    assert example("feedback.answered.v1", "final-by-default").data.state == "final_answer"


@pytest.mark.parametrize(
    ("name", "topic", "elsewhere"),
    [
        ("press", "kiosk-presses.v1", ["surveys.v1", "ombudsman.v1"]),
        ("reason", "kiosk-presses.v1", ["surveys.v1", "ombudsman.v1"]),
        ("survey-answer", "surveys.v1", ["kiosk-presses.v1", "ombudsman.v1"]),
        ("contact", "ombudsman.v1", ["kiosk-presses.v1", "surveys.v1"]),
    ],
)
def test_a_withdrawal_stands_on_the_topic_of_what_it_takes_back_only(
    name: str, topic: str, elsewhere: Sequence[str]
) -> None:
    event = example("observation.withdrawn.v1", name)
    assert topics.topic_of(event).name == topic
    declared = topics.declarations()
    assert wire.decode_many([wire.encode(event)], declared[topic]).refused == []
    for other in elsewhere:
        ((_, refused),) = wire.decode_many([wire.encode(event)], declared[other]).refused
        assert refused.pointer == "/data/original/type"
