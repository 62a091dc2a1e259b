"""Intervals: confidence where a survey was a probability sample, day-to-day variation elsewhere.

Self-selected answers are no sample, so no confidence interval is ever computed for them.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import atan, cos, pi, sin, sqrt
from typing import Final, NamedTuple

MIN_VARIATION_DAYS: Final = 14
"""Fewer local days tell too little about how much one day differs from the next."""

_Z: Final = 1.959963984540054
"""The 97.5th percentile of the normal distribution: both tails make 5 %."""

_LARGEST_T: Final = 12.71
"""Just above the 97.5th percentile for one degree of freedom."""

_MANY: Final = 2000
"""Beyond this t is all but normal; stopping here errs on the careful side."""


class Interval(NamedTuple):
    """Both ends in the figure's own unit, before they are rounded outward."""

    low: float
    high: float
    level: float
    method: str


class Ratio(NamedTuple):
    """A figure before it is divided: the numerator is already in the figure's unit."""

    numerator: Fraction
    n: int


class Variation(NamedTuple):
    """How much a ratio of sums would swing with other days: never a confidence interval."""

    ratio: float
    deviation: float
    days: int

    @property
    def half_width(self) -> float:
        """t(0.975, D-1) · s."""
        return t_quantile(self.days - 1) * self.deviation


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval of a share, in per cent (Wilson 1927)."""
    share, spread = successes / n, _Z * _Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return Interval(100 * (middle - half), 100 * (middle + half), 0.95, "wilson")


def adjusted_wald(promoters: int, detractors: int, n: int) -> Interval:
    """The interval of an NPS: n + 3, three quarters each to both ends (Rocks 2016), clamped."""
    total = n + 3
    up, down = (promoters + 0.75) / total, (detractors + 0.75) / total
    middle = up - down
    half = _Z * sqrt((up + down - middle * middle) / total)
    return Interval(
        max(-100.0, 100 * (middle - half)), min(100.0, 100 * (middle + half)), 0.95, "adjusted-wald"
    )


def student(answers: Mapping[Fraction, int]) -> Interval | None:
    """The t interval of a mean, within its scale; None under two answers.

    Args:
        answers: how often each value was given, in the figure's own unit.
    """
    n = sum(answers.values())
    if n < 2:
        return None
    mean = sum((value * count for value, count in answers.items()), Fraction(0)) / n
    squares = sum((value - mean) ** 2 * count for value, count in answers.items())
    half = t_quantile(n - 1) * sqrt(squares / (n - 1) / n)
    low, high = float(min(answers)), float(max(answers))
    return Interval(max(low, mean - half), min(high, mean + half), 0.95, "student")


def variation(days: Iterable[Ratio]) -> Variation | None:
    """R = Σm/Σn with s² = D/(D-1) · Σ(m_d - R·n_d)² / (Σn)²; None under 14 days with answers."""
    heard = [day for day in days if day.n > 0]
    count, total = len(heard), sum(day.n for day in heard)
    if count < MIN_VARIATION_DAYS:
        return None
    ratio = float(sum((day.numerator for day in heard), Fraction(0)) / total)
    squares = sum((float(day.numerator) - ratio * day.n) ** 2 for day in heard)
    return Variation(ratio, sqrt(count / (count - 1) * squares) / total, count)


def t_quantile(freedom: int) -> float:
    """The 97.5th percentile of Student's t for whole degrees of freedom, by bisection."""
    low, high = 0.0, _LARGEST_T
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, freedom) > 0.05 else (low, middle)
    return high


def two_sided(t: float, freedom: int) -> float:
    """P(|T| > t) for Student's t (Abramowitz & Stegun 26.7.3 and 26.7.4, closed forms)."""
    freedom = min(freedom, _MANY)
    angle = atan(abs(t) / sqrt(freedom))
    sine, cosine = sin(angle), cos(angle)
    odd = freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for step in range(freedom // 2):
        total += term
        term *= cosine * cosine * (2 * step + 1 + odd) / (2 * step + 2 + odd)
    inside = 2 / pi * (angle + sine * total) if odd else sine * total
    return 1 - inside
