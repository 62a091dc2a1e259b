"""What one source says under another's ids touches nothing of the other's."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kokemus.contracts import events
from metrics.domain.corrections import Correction, claims_to_know, moves, settled
from metrics.domain.lives import LifeEvent, key_of
from metrics.domain.local_time import LocalHours
from metrics.domain.surveys import answered
from support.counting import misused, press, withdrawn
from support.lives import HELSINKI, envelope, feedback

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOURS = LocalHours(HELSINKI)
PARTS: dict[type[Any], Any] = {
    events.FeedbackReceived: feedback("f1"),
    events.FeedbackAnswered: events.FeedbackAnswer("f1", NOON, "final_answer"),
    events.FeedbackUpdated: events.FeedbackUpdate("f1", kind="kiitos"),
    events.FeedbackWithdrawn: events.FeedbackWithdrawal("f1"),
    events.ComplaintRegistered: events.Complaint("c1", "kantelu", "avi"),
    events.ComplaintDecided: events.Decision("c1", "kantelu", "avi", [], "remark"),
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_life_is_told_by_its_own_source_only(kind: type[LifeEvent]) -> None:
    own = kind(**envelope(1, "u", NOON), data=PARTS[kind])
    foreign = msgspec.structs.replace(own, source="toinen")
    assert key_of(own) != key_of(foreign)


@pytest.mark.parametrize("correct", [misused, withdrawn])
def test_a_correction_moves_counts_of_its_own_source_only(correct: Any) -> None:
    own: Correction = correct(press())
    foreign: Correction = correct(press(source="toinen"))
    claimed = [claim for _, claims in settled([own], set()) for claim in claims]
    assert not set(claimed) & set(claims_to_know([foreign])), "nor is its own a repeat"
    assert {move.stream.source for move in moves(foreign, None, HOURS)} == {"toinen"}


def test_a_withdrawn_answer_is_taken_from_its_own_source_only() -> None:
    data = events.SurveyAnswer("kysely", "1", "r1", "q", "nps", 9)
    foreign = events.ObservationWithdrawn(
        **{**envelope(1, "u", NOON), "source": "toinen"},
        data=events.Withdrawn("e1", events.OriginalAnswer(NOON, data)),
    )
    (move,) = moves(foreign, None, HOURS)
    part = answered(foreign, HOURS)
    assert part is not None
    assert (move.stream.source, move.stream.asker, part[0].source) == ("toinen",) * 3
