from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kokemus.contracts import events
from metrics.domain.lives import Life, LifeEvent, key_of, lived
from support.lives import HELSINKI, START, account, envelope, feedback, stories, told


def fold(told_of: list[LifeEvent]) -> dict[str, dict[str, Any]]:
    lives: dict[str, Life] = {}
    for event in told_of:
        known = key_of(event).id
        lives[known] = lived(lives.get(known, Life()), event, HELSINKI)
    return {known: dict(life.fields) for known, life in lives.items()}


@given(stories())
def test_any_order_and_repetition_gives_the_same_lives(
    story: tuple[list[LifeEvent], list[LifeEvent]],
) -> None:
    once, shuffled = story
    assert fold(shuffled) == fold(once) == account(once)


class Retelling(RuleBasedStateMachine):
    """Events arrive, late ones and repeated ones among them; the account is always the same."""

    @initialize()
    def nothing_is_known(self) -> None:
        self.sent: list[LifeEvent] = []
        self.lives: dict[str, Life] = {}

    @rule(data=st.data())
    def something_is_told(self, data: st.DataObject) -> None:
        self.sent.append(data.draw(told(len(self.sent))))
        self.take(self.sent[-1])

    @rule(data=st.data())
    def something_is_told_again(self, data: st.DataObject) -> None:
        if self.sent:
            self.take(data.draw(st.sampled_from(self.sent)))

    def take(self, event: LifeEvent) -> None:
        known = key_of(event).id
        before = self.lives.get(known, Life())
        self.lives[known] = lived(before, event, HELSINKI)
        assert lived(self.lives[known], event, HELSINKI) is self.lives[known]

    @invariant()
    def lives_are_as_told(self) -> None:
        found = {known: dict(life.fields) for known, life in self.lives.items()}
        assert found == account(self.sent)


TestRetelling = Retelling.TestCase


def test_decision_may_come_before_its_case() -> None:
    registered = events.ComplaintRegistered(
        **envelope(1, "u", START), data=events.Complaint("c1", "kantelu", "avi")
    )
    decided = events.ComplaintDecided(
        **envelope(2, "u", START.replace(month=5)),
        data=events.Decision("c1", "kantelu", "avi", [], "remark"),
    )
    one = lived(lived(Life(), decided, HELSINKI), registered, HELSINKI)
    other = lived(lived(Life(), registered, HELSINKI), decided, HELSINKI)
    assert one == other
    assert (one.fields["day"].month, one.fields["decided_day"].month) == (3, 5)
    assert key_of(registered) == key_of(decided)


def test_withdrawal_stays_whatever_is_told_later() -> None:
    received = events.FeedbackReceived(**envelope(2, "u", START), data=feedback("f1"))
    withdrawn = events.FeedbackWithdrawn(
        **envelope(1, "u", START), data=events.FeedbackWithdrawal("f1")
    )
    life = lived(lived(Life(), withdrawn, HELSINKI), received, HELSINKI)
    assert life.fields["withdrawn_day"] == START.date()
