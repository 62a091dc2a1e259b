"""Answers to surveys as counts, and what goes with recommending."""

from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kokemus.contracts import events
from metrics.domain.corrections import moves
from metrics.domain.definitions import catalogue
from metrics.domain.figures import FORMULAS
from metrics.domain.found import Found, Wave
from metrics.domain.intervals import student
from metrics.domain.local_time import LocalHours
from metrics.domain.survey_cells import KEY, rates
from metrics.domain.surveys import spearman
from support.lives import HELSINKI, envelope

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOURS = LocalHours(HELSINKI)


def answer(scale: str, value: int) -> events.SurveyAnswered:
    data = events.SurveyAnswer("kysely", "2026-1", "r1", "q1", scale, value)  # type: ignore[arg-type]  # drawn
    return events.SurveyAnswered(**envelope(1, "neuvolat", NOON), data=data)


@pytest.mark.parametrize(
    ("scale", "value", "index"),
    [("nps", 10, 10), ("likert5", 1, 0), ("likert5", 5, 4), ("grade4_10", 4, 0), ("smiley4", 3, 3)],
)
def test_an_answer_counts_from_the_lowest_of_its_scale(scale: str, value: int, index: int) -> None:
    (move,) = moves(answer(scale, value), None, HOURS)
    assert (move.value, move.amount, move.marked) == (index, 1, False)
    assert move.stream.channel == "survey"
    assert move.stream.question == "kysely/q1"
    assert move.stream.device == "kysely/2026-1"


def test_a_withdrawn_answer_takes_back_just_what_it_added() -> None:
    added = answer("likert5", 4)
    back = events.ObservationWithdrawn(
        **envelope(2, "neuvolat", NOON),
        data=events.Withdrawn("e0001", events.OriginalAnswer(added.time, added.data)),
    )
    (plus,), (minus,) = moves(added, None, HOURS), moves(back, None, HOURS)
    assert minus == plus._replace(amount=-1)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=50))
def test_a_mean_is_that_of_the_answers(answers: list[int]) -> None:
    counts = tuple(answers.count(value) for value in range(1, 6))
    ratio = FORMULAS["mean_likert5"](counts, 0)
    assert ratio.numerator / ratio.n == Fraction(sum(answers), len(answers))


@given(st.lists(st.integers(4, 10), min_size=2, max_size=80))
def test_the_interval_of_a_mean_agrees_with_scipy(answers: list[int]) -> None:
    found = student(Counter({Fraction(value): answers.count(value) for value in range(4, 11)}))
    assert found is not None
    if len(set(answers)) == 1:
        assert found.low == found.high == answers[0]
        return
    low, high = stats.t.interval(
        0.95, len(answers) - 1, loc=sum(answers) / len(answers), scale=stats.sem(answers)
    )
    assert isclose(found.low, max(4, low), abs_tol=1e-9)
    assert isclose(found.high, min(10, high), abs_tol=1e-9)


def test_one_answer_has_no_interval() -> None:
    assert student({Fraction(4): 1, Fraction(5): 0}) is None


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 10)), min_size=2, max_size=60))
def test_the_rank_correlation_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    found = spearman(Counter(pairs))
    one, other = zip(*pairs, strict=True)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
        return
    assert found is not None
    assert isclose(found, stats.spearmanr(one, other).statistic, abs_tol=1e-9)


def rate(metric: str, *waves: Wave) -> tuple[Fraction | None, int, tuple[str, ...]]:
    definition = catalogue().definitions[metric]
    total = rates(Found("1", waves={"u": waves}), definition, "u")[KEY, ()][0]
    ratio = total.ratio
    return (ratio.numerator / ratio.n if ratio else None, ratio.n if ratio else 0, total.flags)


def test_rates_are_those_of_all_waves_together() -> None:
    waves = (
        Wave("kyselyt", "a/1", 0, 30, 100, 400, NOON),
        Wave("kyselyt", "b/1", 0, 20, 100, None, NOON),
    )
    assert rate("response_rate", *waves) == (Fraction(25), 200, ())
    assert rate("reach", *waves) == (Fraction(25), 400, ())


def test_a_rate_above_100_per_cent_is_refused_and_said_so() -> None:
    odd = Wave("kyselyt", "a/1", 0, 101, 100, None, NOON)
    sound = Wave("kyselyt", "b/1", 0, 20, 100, None, NOON)
    assert rate("response_rate", odd) == (None, 0, ("above_100",))
    assert rate("response_rate", odd, sound) == (Fraction(20), 100, ("above_100",))
