"""Events of every counted topic but the presses, and an independent account of what they leave.

The account is written to be obvious: things with an id of their own are what their greatest
(time, id) says, sums are what is left after withdrawals, and all else stands once, as it was told.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

import psycopg

from kokemus.contracts import events
from support.lives import account, feedback_rows, local, some_feedback

FIRST: Final = datetime(2024, 5, 1, tzinfo=UTC)
_CASE: Final = ("entity", "day", "kind", "authority", "reasons", "decided_day", "outcome")

_OF_FEEDBACK: Final = (
    events.FeedbackReceived,
    events.FeedbackAnswered,
    events.FeedbackUpdated,
    events.FeedbackWithdrawn,
)

Rows = dict[str, Any]
"""By table what stands in it, each table in the form that is the easiest to say."""
Kind = TypeVar("Kind", bound=events.Event)


def some_voices(count: int, seed: int) -> list[events.Event]:
    """So many stories of each kind, shuffled; a story is one event or several."""
    chance = random.Random(seed)
    told: list[events.Event] = [*some_feedback(count, seed)]
    for make in (_contact, _answer, _case, _summary, _return, _registry, _reported, _follow_up):
        for number in range(count):
            told += make(chance, f"{seed}-{make.__name__}-{number}", number)
    chance.shuffle(told)
    return told


def voices_by_hand(sent: Iterable[events.Event]) -> Rows:
    """What must stand in the tables in the end."""
    once = list({(event.source, event.id): event for event in reversed(list(sent))}.values())
    gone = {
        (event.source, event.data.original_id)
        for event in once
        if isinstance(event, events.ObservationWithdrawn)
    }
    left = [event for event in once if (event.source, event.id) not in gone]
    contacts = [event for event in left if isinstance(event, events.OmbudsmanContacted)]
    return {
        "feedback": account([event for event in left if isinstance(event, _OF_FEEDBACK)]),
        "complaints": _cases(left),
        "ombudsman_counts": _contact_sums(contacts),
        "matter_counts": Counter(
            (event.subject, local(event.time), event.data.field, matter)
            for event in contacts
            for matter in event.data.matters
        ),
        "survey_answers": Counter(
            (event.subject, event.data.response_id, event.data.question_id, event.data.value)
            for event in left
            if isinstance(event, events.SurveyAnswered)
        ),
        "survey_waves": {
            (event.data.survey_id, event.data.wave): (event.data.offered, event.id)
            for event in _in_order(left, events.SurveyDefined)
        },
        "survey_results": {
            (event.id, event.data.mean) for event in _in_order(left, events.SurveyResulted)
        },
        "summaries": {
            (event.id, measure, number)
            for event in left
            for measure, number in _summed(event).items()
        },
        "method_reports": {
            (event.subject, event.data.year, event.data.method): (event.data.volume, event.id)
            for event in _in_order(left, events.MethodReported)
        },
        "games": {event.data.game_id: event.id for event in _in_order(left, events.GamePlayed)},
        "practices": {
            (event.subject, local(event.time)): event.id
            for event in _in_order(left, events.PracticeReported)
        },
        "reported_figures": {
            (event.id, event.data.value) for event in _in_order(left, events.FigureReported)
        },
        "entities": {event.subject: event.id for event in _in_order(left, events.EntityDefined)},
        "series_breaks": {
            event.data.break_id: event.id for event in _in_order(left, events.SeriesBroken)
        },
        "reason_counts": Counter(
            (event.subject, local(event.time), event.data.reason)
            for event in left
            if isinstance(event, events.KioskReasonGiven)
        ),
        "period_counts": {
            (event.id, tuple(event.data.counts)) for event in _in_order(left, events.KioskCounted)
        },
    }


def voices_stored(connection: psycopg.Connection[Any]) -> Rows:
    """What stands in the tables."""

    def rows(query: str) -> list[Any]:
        return connection.execute(query).fetchall()

    def sums(query: str) -> Counter[Any]:
        return Counter({tuple(row[:-1]): row[-1] for row in rows(query) if row[-1]})

    def by_key(query: str, size: int) -> dict[Any, Any]:
        return {
            row[0] if size == 1 else tuple(row[:size]): row[size]
            if len(row) == size + 1
            else tuple(row[size:])
            for row in rows(query)
        }

    return {
        "feedback": feedback_rows(connection),
        "complaints": {
            row[0]: {
                name: value for name, value in zip(_CASE, row[1:], strict=True) if value is not None
            }
            for row in rows(f"SELECT case_id, {', '.join(_CASE)} FROM complaints")
        },
        "ombudsman_counts": sums(
            "SELECT entity, day, field, 'contacts', contacts FROM ombudsman_counts UNION ALL"
            " SELECT entity, day, field, 'matters', matters FROM ombudsman_counts"
        ),
        "matter_counts": sums("SELECT entity, day, field, matter, count FROM matter_counts"),
        "survey_answers": sums(
            "SELECT entity, response_id, split_part(question, '/', 2), value, count"
            " FROM survey_answers"
        ),
        "survey_waves": by_key("SELECT survey_id, wave, offered, merged_id FROM survey_waves", 2),
        "survey_results": set(rows("SELECT event_id, mean::float FROM survey_results")),
        "summaries": set(rows("SELECT event_id, measure, count FROM summaries")),
        "method_reports": by_key(
            "SELECT entity, year, method, volume, split_part(merged_id, ' ', 1)"
            " FROM method_reports",
            3,
        ),
        "games": by_key("SELECT game_id, merged_id FROM games", 1),
        "practices": by_key("SELECT entity, day, split_part(merged_id, ' ', 1) FROM practices", 2),
        "reported_figures": set(rows("SELECT event_id, value::float FROM reported_figures")),
        "entities": by_key("SELECT id, merged_id FROM entities", 1),
        "series_breaks": by_key("SELECT break_id, merged_id FROM series_breaks", 1),
        "reason_counts": sums("SELECT entity, day, reason, count FROM reason_counts"),
        "period_counts": {
            (id_, tuple(counts))
            for id_, counts in rows("SELECT event_id, counts FROM period_counts")
        },
    }


def _in_order(told: Sequence[events.Event], kind: type[Kind]) -> list[Kind]:
    """Events of a kind, what holds last, last."""
    return sorted((e for e in told if isinstance(e, kind)), key=lambda e: (e.time, e.id))


def _contact_sums(contacts: Sequence[events.OmbudsmanContacted]) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for event in contacts:
        cell = event.subject, local(event.time), event.data.field
        sums[*cell, "contacts"] += 1
        sums[*cell, "matters"] += len(event.data.matters)
    return +sums


def _cases(told: Sequence[events.Event]) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    cases = [e for e in told if isinstance(e, events.ComplaintRegistered | events.ComplaintDecided)]
    for event in sorted(cases, key=lambda e: (e.time, e.id)):
        case = known.setdefault(event.data.case_id, {})
        case["entity"] = event.subject
        case["kind"], case["authority"] = event.data.kind, event.data.authority
        case["reasons"] = event.data.reasons
        if isinstance(event, events.ComplaintDecided):
            case["decided_day"], case["outcome"] = local(event.time), event.data.outcome
        else:
            case["day"] = local(event.time)
    return known


def _summed(event: events.Event) -> dict[str, int | None]:
    match event:
        case events.ComplaintSummarised(data=data):
            return {"complaints": data.count}
        case events.OmbudsmanSummarised(data=data):
            return {"contacts": data.contacts, "matters": data.matters}
        case _:
            return {}


# One maker a kind of story: chance, the story's name, its number; events in, any order.


def _head(name: str, subject: str, time: datetime, source: str = "city") -> dict[str, Any]:
    return {"specversion": "1.0", "id": name, "source": source, "subject": subject, "time": time}


def _when(chance: random.Random) -> datetime:
    return FIRST + timedelta(minutes=chance.randrange(43_000))


def _where(chance: random.Random) -> str:
    return chance.choice(["sote", "kasko", "kymp"])


def _contact(chance: random.Random, name: str, _number: int) -> list[events.Event]:
    when, subject = _when(chance), _where(chance)
    field: Any = chance.choice(["health", "social", "both"])
    contact = events.Contact(field, ["hoito", "kohtelu"][: chance.randrange(3)])
    told: list[events.Event] = [
        events.OmbudsmanContacted(**_head(name, subject, when), data=contact)
    ]
    if chance.random() < 0.2:
        back = events.Withdrawn(name, events.OriginalContact(when, contact))
        told.append(events.ObservationWithdrawn(**_head(f"{name}-back", subject, when), data=back))
    return told


def _answer(chance: random.Random, name: str, number: int) -> list[events.Event]:
    survey, wave, when, subject = f"survey-{number % 3}", "2024", _when(chance), _where(chance)
    scale: Any = chance.choice(["nps", "likert5", "grade4_10"])
    low, high = events.SURVEY_SCALES[scale]
    answer = events.SurveyAnswer(survey, wave, name, scale, scale, chance.randint(low, high))
    told: list[events.Event] = [events.SurveyAnswered(**_head(name, subject, when), data=answer)]
    if chance.random() < 0.2:
        back = events.Withdrawn(name, events.OriginalAnswer(when, answer))
        told.append(events.ObservationWithdrawn(**_head(f"{name}-back", subject, when), data=back))
    if chance.random() < 0.1:
        asked = [events.SurveyQuestion(scale, "overall", scale)]
        offered = chance.randrange(900)
        wave_of = events.Survey(survey, wave, "probability", asked, 1_000, offered)
        told.append(
            events.SurveyDefined(**_head(f"{name}-wave", survey, _when(chance)), data=wave_of)
        )
        result = events.SurveyResult(
            date(2024, 5, 1), date(2024, 5, 31), "2024-06-01", survey, wave, scale, scale, low + 1.5
        )
        told.append(
            events.SurveyResulted(**_head(f"{name}-result", subject, _when(chance)), data=result)
        )
    return told


def _case(chance: random.Random, name: str, _number: int) -> list[events.Event]:
    when, subject = _when(chance), _where(chance)
    kind: Any = chance.choice(["muistutus", "kantelu"])
    said: Any = {"case_id": name, "kind": kind, "authority": "avi"}
    told: list[events.Event] = []
    for again in range(chance.choice([1, 1, 2])):
        complaint = events.Complaint(**said, reasons=["kohtelu"][:again])
        told.append(
            events.ComplaintRegistered(
                **_head(f"{name}-{again}", subject, when + timedelta(hours=again)), data=complaint
            )
        )
    if chance.random() < 0.6:
        later = when + timedelta(days=chance.randrange(90))
        outcome = chance.choice(["huomautus", "unspecified"])
        decision = events.Decision(**said, outcome=outcome)
        told.append(
            events.ComplaintDecided(**_head(f"{name}-decided", subject, later), data=decision)
        )
    return told


def _summary(chance: random.Random, name: str, number: int) -> list[events.Event]:
    as_of = f"2024-0{1 + number % 9}-01"
    year = date(2023, 1, 1), date(2023, 12, 31)
    head = _head(name, _where(chance), _when(chance))
    if number % 2:
        cases = events.ComplaintSummary(*year, as_of, "kantelu", chance.choice([None, 0, 7]))
        return [events.ComplaintSummarised(**head, data=cases)]
    contacts = events.ContactSummary(
        *year, as_of, None, chance.randrange(99), chance.choice([None, 9])
    )
    return [events.OmbudsmanSummarised(**head, data=contacts)]


def _return(chance: random.Random, name: str, number: int) -> list[events.Event]:
    head = _head(name, _where(chance), _when(chance))
    match number % 3:
        case 0:
            method = chance.choice(["kyselyt", "palautekanavat", "none_1"])
            volume = None if method == "none_1" else chance.randrange(9)
            report = events.MethodReport(1, method, chance.choice([2023, 2024]), volume)
            return [events.MethodReported(**head, data=report)]
        case 1:
            game = events.Game(f"game-{number % 9}", [])
            return [events.GamePlayed(**head, data=game)]
        case _:
            return [events.PracticeReported(**head, data=events.Practice(collects=True))]


def _registry(chance: random.Random, name: str, number: int) -> list[events.Event]:
    names = events.Translated(name, name, name)
    place = events.EntityValidity(None, names, date(2000, 1, 1))
    unit = events.EntityDefinition("unit", [place])
    mark = events.SeriesBreak(
        f"break-{number % 5}", date(2024, 1, 1), "happy_index", "kiosk", "caution", names
    )
    return [
        events.EntityDefined(**_head(name, f"unit-{number % 7}", _when(chance)), data=unit),
        events.SeriesBroken(**_head(f"{name}-mark", _where(chance), _when(chance)), data=mark),
    ]


def _reported(chance: random.Random, name: str, _number: int) -> list[events.Event]:
    figure = events.ReportedFigure(
        "happy_index", "kiosk", date(2018, 1, 1), date(2018, 12, 31), date(2019, 2, 1), 2,
        "report", round(100 * chance.random(), 2),
    )  # fmt: skip
    return [events.FigureReported(**_head(name, _where(chance), _when(chance)), data=figure)]


def _follow_up(chance: random.Random, name: str, number: int) -> list[events.Event]:
    when, subject = _when(chance), _where(chance)
    if number % 4 == 0:
        counts = events.Counted(
            "kiosk", "smiley4", "q", [chance.randrange(50) for _ in range(4)],
            date(2024, 1, 1), date(2024, 1, 31), when,
        )  # fmt: skip
        return [events.KioskCounted(**_head(name, subject, when), data=counts)]
    reason = events.ReasonGiven(name, "negative", "odotusaika", "1", "kiosk")
    told: list[events.Event] = [events.KioskReasonGiven(**_head(name, subject, when), data=reason)]
    if chance.random() < 0.2:
        back = events.Withdrawn(name, events.OriginalReason(when, reason))
        told.append(events.ObservationWithdrawn(**_head(f"{name}-back", subject, when), data=back))
    return told
