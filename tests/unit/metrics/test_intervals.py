from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics.domain.intervals import (
    MIN_VARIATION_DAYS,
    Ratio,
    adjusted_wald,
    t_quantile,
    two_sided,
    variation,
    wilson,
)
from metrics.domain.rounding import outward


@pytest.mark.parametrize(
    ("promoters", "detractors", "n", "ends"),
    [(60, 15, 100, (29.34, 58.04)), (10, 0, 10, (47.50, 100.0))],
)
def test_adjusted_wald_gives_the_published_vectors(
    promoters: int, detractors: int, n: int, ends: tuple[float, float]
) -> None:
    found = adjusted_wald(promoters, detractors, n)
    assert outward(found.low, found.high, 2) == ends


def test_wilson_gives_the_published_vector() -> None:
    found = wilson(4, 5)
    assert outward(found.low, found.high, 2) == (37.55, 96.38)


@given(n=st.integers(1, 5000), share=st.floats(0, 1))
def test_wilson_agrees_with_scipy(n: int, share: float) -> None:
    successes = round(n * share)
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    found = wilson(successes, n)
    assert found.low == pytest.approx(100 * expected.low, abs=1e-9)
    assert found.high == pytest.approx(100 * expected.high, abs=1e-9)


@given(freedom=st.integers(1, 2000))
def test_t_quantile_agrees_with_scipy(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-9)


@given(freedom=st.integers(1, 2000), t=st.floats(-30, 30))
def test_probability_agrees_with_scipy(freedom: int, t: float) -> None:
    assert two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=1e-9)


def test_freedom_beyond_the_table_errs_on_the_careful_side() -> None:
    assert t_quantile(10**6) >= stats.t.ppf(0.975, 10**6)


@given(days=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 100)), min_size=14, max_size=60))
def test_variation_follows_the_formula(days: list[tuple[int, int]]) -> None:
    found = variation(Ratio(Fraction(m), n) for m, n in days)
    assert found is not None
    total, count = sum(n for _, n in days), len(days)
    ratio = sum(m for m, _ in days) / total
    squares = sum((m - ratio * n) ** 2 for m, n in days)
    s = sqrt(count / (count - 1) * squares / total**2)
    assert found.ratio == pytest.approx(ratio)
    assert found.half_width == pytest.approx(stats.t.ppf(0.975, count - 1) * s, abs=1e-9)


def test_fewer_than_fourteen_days_with_answers_have_no_variation() -> None:
    days = [Ratio(Fraction(50), 1)] * (MIN_VARIATION_DAYS - 1)
    assert variation([*days, Ratio(Fraction(0), 0)]) is None
    assert variation([*days, Ratio(Fraction(50), 1)]) is not None
