"""The demo's other sources, held to what they promise."""

from collections import Counter
from datetime import UTC, date, datetime

from kokemus.contracts import events, wire
from kokemus.contracts.codes import CodeLists
from kokemus_platform.demo.voices import QUALITIES, voices

TODAY = date(2026, 11, 23)
ALL = list(voices(1, TODAY))


def test_the_same_seed_gives_the_same_events_and_another_one_others() -> None:
    assert list(voices(1, TODAY)) == ALL
    assert list(voices(2, TODAY)) != ALL


def test_every_event_may_go_on_and_has_an_id_of_its_own() -> None:
    assert wire.check_all(ALL, datetime(2026, 11, 23, tzinfo=UTC)) == {}
    assert CodeLists.load().refused(ALL) == {}
    ids = Counter((event.source, event.id) for event in ALL)
    assert ids.most_common(1)[0][1] == 1


def test_every_kind_of_source_is_heard() -> None:
    kinds = Counter(type(event) for event in ALL)
    assert 8_000 < kinds[events.FeedbackReceived] < 15_000
    assert set(kinds) == {
        events.FeedbackReceived,
        events.FeedbackAnswered,
        events.FeedbackWithdrawn,
        events.SurveyDefined,
        events.SurveyAnswered,
        events.SurveyResulted,
        events.ComplaintSummarised,
        events.ComplaintDecided,
        events.OmbudsmanSummarised,
        events.MethodReported,
        events.GamePlayed,
        events.PracticeReported,
    }


def test_who_is_more_content_writes_more_praise() -> None:
    praise = Counter[str]()
    every = Counter[str]()
    for event in ALL:
        if isinstance(event, events.FeedbackReceived):
            every[event.subject] += 1
            praise[event.subject] += event.data.kind == "kiitos"
    shares = {subject: praise[subject] / every[subject] for subject in QUALITIES}
    assert shares["neuvolat"] > shares["terveysasemat"]


def test_most_are_answered_in_a_week_and_some_never() -> None:
    asked = {
        event.data.feedback_id: event.time
        for event in ALL
        if isinstance(event, events.FeedbackReceived) and event.data.answer_requested
    }
    answered = {
        event.data.feedback_id: event.data.answered_at
        for event in ALL
        if isinstance(event, events.FeedbackAnswered) and event.data.state == "final_answer"
    }
    quick = sum((answered[one] - asked[one]).days < 7 for one in answered)
    assert 0.7 < quick / len(asked) < 0.95
    assert 0.01 < 1 - len(answered) / len(asked) < 0.1
