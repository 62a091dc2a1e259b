"""What goes with satisfied answers: hours and touchpoints against the rest of the same unit.

Units differ in whom they serve and when, so each is compared with itself, and the differences are
weighted over units as Mantel and Haenszel weight risk differences (Greenland & Robins 1985). A
difference goes with its hour or touchpoint; it does not say why.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metrics.domain.cells import Breakdown
from metrics.domain.figures import Answer
from metrics.domain.intervals import MIN_VARIATION_DAYS, Ratio, Variation

LEAST_ANSWERS: Final = 100
"""In the arm and in the rest, in those units that have both."""

MOST_SHOWN: Final = 5
"""A longer list would be read as if every line meant something."""

TOUCHPOINTS: Final = ("before", "during", "after")


class Arms(NamedTuple):
    """Answers of one entity, series' kind and period: a row a unit and day, a column an arm."""

    unit: NDArray[np.int64]
    day: NDArray[np.int64]
    satisfied: NDArray[np.int64]
    answered: NDArray[np.int64]
    as_of: datetime


class Difference(NamedTuple):
    """How an arm's satisfied share differs from the rest of the same units."""

    arm: int
    points: float
    """Percentage points; positive where the arm is more satisfied."""
    answered: int
    """Answers in the arm, in units that have both."""
    rest: int
    variation: Variation | None


def differences(arms: Arms) -> list[Difference]:
    """At most five differences, the greatest first, from the day-to-day sums of each unit."""
    found = [
        one for arm in range(arms.answered.shape[1]) if (one := _difference(arms, arm)) is not None
    ]
    return sorted(found, key=lambda one: (-abs(one.points), one.arm))[:MOST_SHOWN]


def _difference(arms: Arms, arm: int) -> Difference | None:
    """Σ w·(a - b) / Σ w over units, w = n₁·n₀/n, with a and b the shares of arm and rest.

    For the variation each day's part of it is Σ w/Σw · ((m₁ - a·n₁)/Σn₁ - (m₀ - b·n₀)/Σn₀), which
    is that of a single ratio where there is one unit and no rest.
    """
    n1, m1 = arms.answered[:, arm], arms.satisfied[:, arm]
    n0, m0 = arms.answered.sum(axis=1) - n1, arms.satisfied.sum(axis=1) - m1
    by_unit = [np.bincount(arms.unit, weights=column) for column in (n1, m1, n0, m0)]
    both = (by_unit[0] > 0) & (by_unit[2] > 0)
    answered, rest = int(by_unit[0][both].sum()), int(by_unit[2][both].sum())
    if min(answered, rest) < LEAST_ANSWERS:
        return None
    all_n1, all_m1, all_n0, all_m0 = (np.where(both, column, 1) for column in by_unit)
    weight = np.where(both, all_n1 * all_n0 / (all_n1 + all_n0), 0.0)
    weight /= weight.sum()
    a, b = all_m1 / all_n1, all_m0 / all_n0
    points = 100 * float((weight * (a - b)).sum())
    unit = arms.unit
    parts = weight[unit] * ((m1 - a[unit] * n1) / all_n1[unit] - (m0 - b[unit] * n0) / all_n0[unit])
    counted = both[unit] & (n1 + n0 > 0)
    days, day = np.unique(arms.day[counted], return_inverse=True)
    by_day = np.bincount(day, weights=parts[counted]).astype(np.float64)
    return Difference(arm, points, answered, rest, _variation(points, by_day, len(days)))


def _variation(points: float, parts: NDArray[np.float64], days: int) -> Variation | None:
    if days < MIN_VARIATION_DAYS:
        return None
    squares = float((parts**2).sum())
    return Variation(points, 100 * sqrt(days / (days - 1) * squares), days)


def answers(arms: Arms, names: Sequence[Breakdown]) -> dict[Breakdown, Answer]:
    """The differences as what was read for figures, by the name of the arm."""
    return {
        names[one.arm]: Answer(
            Ratio(_exact(one.points) * one.answered, one.answered),
            arms.as_of,
            beside={"rest": one.rest},
            variation=one.variation,
        )
        for one in differences(arms)
    }


def _exact(points: float) -> Fraction:
    """The difference without what floating point adds: exact sums over units would not end."""
    return Fraction(str(round(points, 9)))
