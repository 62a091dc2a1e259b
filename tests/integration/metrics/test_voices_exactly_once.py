"""Feedback and contacts through a real broker: twice, shuffled, and a process killed on the way."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from kokemus.contracts import events
from support.counting import Counting
from support.lives import account, envelope, feedback_rows, local, some_feedback


def some_contacts(count: int) -> list[events.Event]:
    """Contacts of a month, some of them taken back."""
    chance = random.Random(7)
    told: list[events.Event] = []
    for number in range(count):
        when = datetime(2024, 5, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(43_000))
        field: Any = chance.choice(["health", "social", "both"])
        contact = events.Contact(field, ["hoito", "kohtelu"][: chance.randrange(3)])
        first = envelope(20_000 + number, "sote", when)
        told.append(events.OmbudsmanContacted(**first, data=contact))
        if chance.random() < 0.2:
            back = events.Withdrawn(first["id"], events.OriginalContact(when, contact))
            told.append(
                events.ObservationWithdrawn(**envelope(30_000 + number, "sote", when), data=back)
            )
    return told


def counted(told: list[events.Event]) -> Counter[Any]:
    """Contacts and matters by day and field, those taken back left out."""
    gone = {e.data.original_id for e in told if isinstance(e, events.ObservationWithdrawn)}
    cells: Counter[Any] = Counter()
    for event in told:
        if isinstance(event, events.OmbudsmanContacted) and event.id not in gone:
            cells[local(event.time), event.data.field, "contacts"] += 1
            cells[local(event.time), event.data.field, "matters"] += len(event.data.matters)
    return +cells


def some_returns(count: int) -> list[events.Event]:
    """Ways of participation, told anew again and again, with years that had none."""
    chance = random.Random(9)
    told: list[events.Event] = []
    for number in range(count):
        when = datetime(2024, 5, 1, tzinfo=UTC) + timedelta(minutes=number)
        method = chance.choice(["kyselyt", "palautekanavat", "none_1"])
        volume = None if method == "none_1" else chance.randrange(9)
        report = events.MethodReport(1, method, chance.choice([2023, 2024]), volume)
        subject = chance.choice(["u", "v"])
        told.append(events.MethodReported(**envelope(40_000 + number, subject, when), data=report))
    return told


def test_returns_twice_shuffled_and_over_a_crash_hold_the_newest_once(counting: Counting) -> None:
    returns = some_returns(150)
    twice = returns * 2
    random.Random(10).shuffle(twice)
    counting.start()
    counting.send(twice[:150])
    counting.wait_for(40)
    counting.kill()
    counting.start()
    counting.send(twice[150:])
    _, _, dead = counting.wait_for(len(twice))
    assert dead == 0
    newest = {
        (one.subject, one.data.year, one.data.method): (one.data.volume, one.id)
        for one in returns
        if isinstance(one, events.MethodReported)
    }
    with counting.connect() as connection:
        stored = connection.execute(
            "SELECT entity, year, method, volume, merged_id FROM method_reports"
        ).fetchall()
    assert {tuple(row[:3]): tuple(row[3:]) for row in stored} == newest


def test_voices_twice_shuffled_and_over_a_crash_count_once(counting: Counting) -> None:
    feedback, contacts = some_feedback(150), some_contacts(150)
    twice: list[events.Event] = [*feedback, *contacts] * 2
    random.Random(8).shuffle(twice)
    counting.start()
    half = len(twice) // 2
    counting.send(twice[:half])
    counting.wait_for(half // 4)
    counting.kill()
    counting.start()
    counting.send(twice[half:])
    _, _, dead = counting.wait_for(len(twice))
    assert dead == 0
    with counting.connect() as connection:
        assert feedback_rows(connection) == account(feedback)
        stored = connection.execute(
            "SELECT day, field, contacts, matters FROM ombudsman_counts"
        ).fetchall()
    found = Counter({(day, field, "contacts"): contacts for day, field, contacts, _ in stored})
    found += Counter({(day, field, "matters"): matters for day, field, _, matters in stored})
    assert +found == counted(contacts)
