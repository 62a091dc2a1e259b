"""What the demo's other sources tell now: feedback, answers to it, and the open link's. Pure.

About as much as the days of the demo's year hold, so that no figure leaps where the year ends.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from kokemus.contracts import events
from kokemus_platform.demo.voices import QUALITIES, dice_of, envelope
from kokemus_platform.demo.year import ZONE

TICK: Final = timedelta(minutes=10)
WRITTEN: Final = 0.3
"""The share of ticks in which somebody writes."""
ANSWERED_AFTER: Final = 6
"""Ticks until an answer; somebody is at work."""
RATED: Final = 0.3
"""The share of ticks in which somebody answers the open link."""


def voices_at(seed: int, now: datetime) -> list[events.Event]:
    """What is told in the tick that holds `now`; the same whenever it is asked for."""
    number = int(now.timestamp() // TICK.total_seconds())
    told: list[events.Event] = list(_written(seed, number))
    earlier = next(_written(seed, number - ANSWERED_AFTER), None)
    if earlier is not None and earlier.data.answer_requested:
        identity, moment = earlier.data.feedback_id, _moment(number)
        told.append(
            events.FeedbackAnswered(
                **envelope(f"final_answer/{identity}", earlier.subject, moment),
                data=events.FeedbackAnswer(identity, moment),
            )
        )
    return [*told, *_rated(seed, number)]


def _moment(number: int) -> datetime:
    return datetime.fromtimestamp(number * TICK.total_seconds(), UTC)


def _written(seed: int, number: int) -> Iterator[events.FeedbackReceived]:
    dice = dice_of(seed, "now", "feedback", number)
    if dice.random() > WRITTEN:
        return
    subject = dice.choice(list(QUALITIES))
    quality = QUALITIES[subject]
    kind: Any = dice.choices(
        ["kiitos", "moite", "kysymys", "ehdotus"], [quality, 1.2 - quality, 0.3, 0.2]
    )[0]
    asks = dice.random() < 0.6
    data = events.Feedback(
        feedback_id=f"now-{number}",
        kind=kind,
        answer_requested=asks,
        contact_left=asks,
        answer_possible=asks,
        language="fi",
        themes=dice.choice([["kohtaaminen"], ["saatavuus_ja_jonotus"], []]),
    )
    identity = f"received/{data.feedback_id}"
    yield events.FeedbackReceived(**envelope(identity, subject, _moment(number)), data=data)


def _rated(seed: int, number: int) -> Iterator[events.SurveyAnswered]:
    dice = dice_of(seed, "now", "link", number)
    if dice.random() > RATED:
        return
    moment = _moment(number)
    wave, value = _wave(moment), dice.choices([0, 1, 2, 3], [8, 12, 30, 50])[0]
    data = events.SurveyAnswer("palvelulinkki", wave, f"now-{number}", "arvio", "smiley4", value)
    yield events.SurveyAnswered(**envelope(f"link/now-{number}", "neuvolat", moment), data=data)


def _wave(moment: datetime) -> str:
    day: date = moment.astimezone(ZONE).date()
    return f"{day:%Y}"
