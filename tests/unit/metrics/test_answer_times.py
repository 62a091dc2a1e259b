"""Against an independent reckoning, message by message."""

from fractions import Fraction
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.answer_times import (
    Fate,
    answer_time_mean,
    answer_time_median,
    answered_in_promise,
    reaction_time_mean,
)
from metrics.domain.intervals import Ratio

DAYS = st.none() | st.integers(0, 12)
FATES = st.lists(
    st.tuples(st.builds(Fate, DAYS, st.booleans(), DAYS, DAYS, DAYS), st.integers(1, 4)),
    max_size=12,
)


def messages(fates: list[tuple[Fate, int]], *, matured: bool = True) -> list[Fate]:
    """One by one, those owed an answer, not withdrawn before it was due."""
    each = [fate for fate, number in fates for _ in range(number)]
    owed = [fate for fate in each if fate.due is not None]
    kept = [f for f in owed if not (f.withdrawn is not None and f.withdrawn <= (f.due or 0))]
    return [fate for fate in kept if fate.matured is matured]


@given(FATES)
def test_share_is_of_those_due_by_now_and_pending_ones_stay_out(
    fates: list[tuple[Fate, int]],
) -> None:
    due = messages(fates)
    in_time = [f for f in due if f.answered in range((f.due or 0) + 1)]
    judged = answered_in_promise(fates)
    assert judged.ratio == Ratio(Fraction(100 * len(in_time)), len(due))
    assert judged.beside == {"pending": len(messages(fates, matured=False))}


@given(FATES)
def test_median_takes_the_unanswered_as_infinite(fates: list[tuple[Fate, int]]) -> None:
    days = [float("inf") if f.answered is None else float(f.answered) for f in messages(fates)]
    judged = answer_time_median(fates)
    assert judged.n == len(days)
    middle = median(days) if days else float("inf")
    if middle == float("inf"):
        assert judged.ratio.n == 0
    else:
        assert judged.ratio.numerator / judged.ratio.n == Fraction(middle)
    assert judged.beside == {"open": days.count(float("inf"))}


def test_median_is_missing_where_under_half_are_answered() -> None:
    late, never = Fate(5, True, None, 3, 3), Fate(5, True, None, None, None)
    assert answer_time_median([(late, 2), (never, 3)]).ratio.n == 0
    assert answer_time_median([(late, 3), (never, 2)]).ratio == Ratio(Fraction(3), 1)


@given(FATES)
def test_means_are_over_those_who_heard_something(fates: list[tuple[Fate, int]]) -> None:
    cohort = messages(fates)
    for judge, days in (
        (answer_time_mean, [f.answered for f in cohort]),
        (reaction_time_mean, [f.reacted for f in cohort]),
    ):
        known = [day for day in days if day is not None]
        judged = judge(fates)
        assert judged.ratio == Ratio(Fraction(sum(known)), len(known))
        assert judged.n == len(known)
        assert judged.beside == {"open": len(days) - len(known)}


def test_withdrawn_after_it_was_due_stays_in_the_cohort() -> None:
    on_the_day, after = Fate(5, True, 5, None, None), Fate(5, True, 6, None, None)
    assert answered_in_promise([(on_the_day, 1), (after, 1)]).n == 1
