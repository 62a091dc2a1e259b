"""Feedback and cases told by events, and an independent account of what became of them."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import strategies as st

from kokemus.contracts import events
from metrics.domain.lives import LifeEvent

HELSINKI = ZoneInfo("Europe/Helsinki")
START = datetime(2024, 3, 4, 8, tzinfo=UTC)

_TIMES = st.integers(0, 45 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
_KINDS: st.SearchStrategy[Any] = st.sampled_from(["moite", "kiitos", "kysymys", "vikailmoitus"])
_BOOLEANS = st.booleans()


def envelope(number: int, subject: str, time: datetime) -> dict[str, Any]:
    """All of an event but its data; the number makes its id."""
    return {
        "specversion": "1.0",
        "id": f"e{number:04}",
        "source": "palaute",
        "subject": subject,
        "time": time,
    }


def feedback(feedback_id: str, **changes: Any) -> events.Feedback:
    """A message of which only the given matters."""
    fields: dict[str, Any] = {
        "kind": "moite",
        "answer_requested": True,
        "contact_left": True,
        "answer_possible": True,
        "language": "fi",
    }
    return events.Feedback(feedback_id=feedback_id, **{**fields, **changes})


def _received(number: int, subject: str, time: datetime, draw: st.DrawFn) -> LifeEvent:
    said = feedback(
        draw(st.sampled_from(["f1", "f2", "f3"])),
        kind=draw(_KINDS),
        answer_requested=draw(_BOOLEANS),
        contact_left=draw(_BOOLEANS),
        themes=draw(st.sampled_from([[], ["kohtaaminen"]])),
    )
    return events.FeedbackReceived(**envelope(number, subject, time), data=said)


@st.composite
def told(draw: st.DrawFn, number: int) -> LifeEvent:
    """One event about one of three messages."""
    subject, time = draw(st.sampled_from(["u", "v"])), draw(_TIMES)
    feedback_id = draw(st.sampled_from(["f1", "f2", "f3"]))
    common = envelope(number, subject, time)
    match draw(st.sampled_from(["received", "answered", "answered", "updated", "withdrawn"])):
        case "answered":
            state: Any = draw(st.sampled_from(["interim_answer", "final_answer", "handled"]))
            answer = events.FeedbackAnswer(feedback_id, draw(_TIMES), state)
            return events.FeedbackAnswered(**common, data=answer)
        case "updated":
            update = events.FeedbackUpdate(
                feedback_id,
                kind=draw(st.one_of(st.none(), _KINDS)),
                contact_left=draw(st.one_of(st.none(), _BOOLEANS)),
            )
            return events.FeedbackUpdated(**common, data=update)
        case "withdrawn":
            withdrawal = events.FeedbackWithdrawal(feedback_id)
            return events.FeedbackWithdrawn(**common, data=withdrawal)
        case _:
            return _received(number, subject, time, draw)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[LifeEvent], list[LifeEvent]]:
    """Events, and the same in another order with some repeated."""
    several = [draw(told(number)) for number in range(draw(st.integers(1, 14)))]
    again = draw(st.lists(st.sampled_from(several), max_size=5))
    return several, draw(st.permutations([*several, *again]))


def account(told_of: Iterable[LifeEvent]) -> dict[str, dict[str, Any]]:
    """By feedback what is known of it in the end; written to be obvious, one question at a time."""
    ordered = sorted({event.id: event for event in told_of}.values(), key=lambda e: (e.time, e.id))
    known: dict[str, dict[str, Any]] = {}
    for event in ordered:  # from the least to the greatest, so that what comes later holds
        data: Any = event.data
        life = known.setdefault(data.feedback_id, {})
        match event:
            case events.FeedbackReceived():
                life["received_at"] = event.time
                life["day"] = local(event.time)
                life["entity"] = event.subject
                for name in ("answer_requested", "answer_possible", "language", "themes"):
                    life[name] = getattr(data, name)
                life["kind"], life["contact_left"] = data.kind, data.contact_left
            case events.FeedbackUpdated():
                life["entity"] = event.subject
                if data.kind is not None:
                    life["kind"] = data.kind
                if data.contact_left is not None:
                    life["contact_left"] = data.contact_left
            case events.FeedbackAnswered() if data.state == "final_answer":
                life["answered_day"] = local(data.answered_at)
            case events.FeedbackAnswered():
                day = local(data.answered_at)
                life["reacted_day"] = min(life.get("reacted_day", day), day)
            case events.FeedbackWithdrawn():
                life.setdefault("withdrawn_day", local(event.time))
    return known


def local(time: datetime) -> date:
    """The local day of an instant."""
    return time.astimezone(HELSINKI).date()


def some_feedback(count: int, seed: int = 4) -> list[LifeEvent]:
    """Messages of half a year with their answers, late, missing, withdrawn and corrected ones."""
    chance = random.Random(seed)
    first = seed * 100_000
    told: list[LifeEvent] = []
    for number in range(count):
        name = f"f{first + number}"
        came = datetime(2024, 1, 8, tzinfo=UTC) + timedelta(minutes=chance.randrange(260_000))
        said = feedback(
            name,
            kind=chance.choice(["moite", "kiitos", "vikailmoitus", "kysymys"]),
            answer_requested=chance.random() < 0.7,
            answer_possible=chance.random() < 0.9,
        )
        subject = chance.choice(["u", "v"])
        told.append(
            events.FeedbackReceived(**envelope(first + len(told), subject, came), data=said)
        )
        for state, share, longest in (("interim_answer", 0.3, 4), ("final_answer", 0.8, 12)):
            for _ in range(chance.choice([1, 1, 2])):
                if chance.random() < share:
                    when = came + timedelta(hours=chance.randrange(24 * longest))
                    answer = events.FeedbackAnswer(name, when, state)  # type: ignore[arg-type]
                    told.append(
                        events.FeedbackAnswered(
                            **envelope(first + len(told), "u", when), data=answer
                        )
                    )
        if chance.random() < 0.2:
            when = came + timedelta(hours=chance.randrange(400))
            told.append(
                events.FeedbackWithdrawn(
                    **envelope(first + len(told), subject, when),
                    data=events.FeedbackWithdrawal(name),
                )
            )
    chance.shuffle(told)
    return told


_COLUMNS = (
    "entity, received_at, day, kind, answer_requested, contact_left, answer_possible, language,"
    " themes, answered_day, reacted_day, withdrawn_day"
)


def feedback_rows(connection: psycopg.Connection[Any]) -> dict[str, dict[str, Any]]:
    """By feedback what stands in the table."""
    names = _COLUMNS.split(", ")
    stored = connection.execute(f"SELECT feedback_id, {_COLUMNS} FROM feedback").fetchall()
    return {
        row[0]: {n: v for n, v in zip(names, row[1:], strict=True) if v is not None}
        for row in stored
    }
