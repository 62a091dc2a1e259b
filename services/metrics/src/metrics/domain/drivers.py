"""What goes with satisfied answers: hours and touchpoints against the rest of the same unit.

Units differ in whom they serve and when, so each is compared with itself, and the differences are
weighted over units as Mantel and Haenszel weight risk differences (Greenland & Robins 1985). A
difference goes with its hour or touchpoint; it does not say why.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from math import sqrt
from typing import Any, Final, NamedTuple

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

    unit: NDArray[np.signedinteger[Any]]
    day: NDArray[np.signedinteger[Any]]
    satisfied: NDArray[np.signedinteger[Any]]
    answered: NDArray[np.signedinteger[Any]]
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
    _, unit = np.unique(arms.unit, return_inverse=True)
    sums = _Sums(_by_unit(unit, arms.satisfied), _by_unit(unit, arms.answered))
    found = [
        one for arm in range(arms.answered.shape[1]) if (one := _difference(sums, arm)) is not None
    ]
    shown = sorted(found, key=lambda one: (-abs(one.points), one.arm))[:MOST_SHOWN]
    _, day = np.unique(arms.day, return_inverse=True)
    whole = _Whole(arms.answered.sum(axis=1), arms.satisfied.sum(axis=1))
    return [one._replace(variation=_swing(arms, sums, whole, (unit, day), one)) for one in shown]


_Column = NDArray[np.signedinteger[Any]]
_Counts = NDArray[np.int64]


class _Whole(NamedTuple):
    """Answers of each row in all arms."""

    answered: _Column
    satisfied: _Column


class _Sums(NamedTuple):
    """Answers of each unit, a column an arm."""

    satisfied: NDArray[np.int64]
    answered: NDArray[np.int64]

    def weights(self, arm: int) -> "_Weights":
        """What each unit's answers in the arm and in the rest weigh."""
        n1, m1 = self.answered[:, arm], self.satisfied[:, arm]
        n0, m0 = self.answered.sum(axis=1) - n1, self.satisfied.sum(axis=1) - m1
        both = (n1 > 0) & (n0 > 0)
        answered, rest = int(n1[both].sum()), int(n0[both].sum())
        n1, m1, n0, m0 = (np.where(both, column, 1) for column in (n1, m1, n0, m0))
        weight = np.where(both, n1 * n0 / (n1 + n0), 0.0)
        return _Weights(both, answered, rest, weight, n1, n0, m1 / n1, m0 / n0)


class _Weights(NamedTuple):
    """Of one arm, a row a unit; of units without both, ones that weigh nothing."""

    both: NDArray[np.bool_]
    answered: int
    rest: int
    weight: NDArray[np.float64]
    n1: NDArray[np.int64]
    n0: NDArray[np.int64]
    a: NDArray[np.float64]
    b: NDArray[np.float64]


def _by_unit(unit: NDArray[np.int64], counts: NDArray[np.signedinteger[Any]]) -> _Counts:
    """Sums by unit: first of the rows that stand together, which are most of a unit's month."""
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    runs = np.add.reduceat(counts, starts, axis=0, dtype=np.int64)
    sums = np.zeros((int(unit.max()) + 1, counts.shape[1]), dtype=np.int64)
    np.add.at(sums, unit[starts], runs)
    return sums


def _difference(sums: _Sums, arm: int) -> Difference | None:
    """Σ w·(a - b) / Σ w over units, w = n₁·n₀/n, with a and b the shares of arm and rest."""
    of = sums.weights(arm)
    if min(of.answered, of.rest) < LEAST_ANSWERS:
        return None
    points = 100 * float((of.weight * (of.a - of.b)).sum() / of.weight.sum())
    return Difference(arm, points, of.answered, of.rest, None)


def _swing(
    arms: Arms,
    sums: _Sums,
    whole: "_Whole",
    numbers: tuple[_Column, _Column],
    one: Difference,
) -> Variation | None:
    """From each day's part, Σ w/Σw · ((m₁ - a·n₁)/Σn₁ - (m₀ - b·n₀)/Σn₀).

    That is the part of a single ratio where there is one unit and no rest.

    Args:
        arms: a row a unit and day.
        sums: of each unit.
        whole: the answered and satisfied of each row in all arms.
        numbers: of each row's unit and day, from 0.
        one: the difference that swings.
    """
    of = sums.weights(one.arm)
    unit, day = numbers
    n1, m1 = arms.answered[:, one.arm], arms.satisfied[:, one.arm]
    n0, m0 = whole.answered - n1, whole.satisfied - m1
    share = of.weight / of.weight.sum()
    of_arm, of_rest = share / of.n1, share / of.n0
    parts = of_arm[unit] * (m1 - of.a[unit] * n1) - of_rest[unit] * (m0 - of.b[unit] * n0)
    heard = np.bincount(day, weights=of.both[unit] & (whole.answered > 0)) > 0
    return _variation(
        one.points, np.bincount(day, weights=parts)[heard].astype(np.float64), int(heard.sum())
    )


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
