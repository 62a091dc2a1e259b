"""Answers by day and what they say of how much a figure swings from one day to the next."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metrics.domain.figures import Formula
from metrics.domain.intervals import MIN_VARIATION_DAYS, Variation


class Daily(NamedTuple):
    """Answers by value of one cell, a row a local day on which anything was counted."""

    day: NDArray[np.int64]
    """Ordinals, in order."""
    counts: NDArray[np.int64]
    marked: NDArray[np.int64]
    """Presses marked as misuse."""

    def between(self, first: int, last: int) -> "Daily":
        """Those of some days, both included."""
        some = slice(*np.searchsorted(self.day, (first, last + 1)))
        return Daily(*(column[some] for column in self))


def variation(days: Daily, formula: Formula) -> Variation | None:
    """The same as `intervals.variation` of the formula's ratios, by columns.

    A formula's numerator and n are sums over the answers, so each answer has a weight in both.
    """
    size = days.counts.shape[1]
    single = [formula(tuple(int(at == one) for at in range(size)), 0) for one in range(size)]
    mark = formula((0,) * size, 1)
    numerators = days.counts @ np.array([float(one.numerator) for one in single])
    numerators += days.marked * float(mark.numerator)
    n = days.counts @ np.array([one.n for one in single]) + days.marked * mark.n
    heard = n > 0
    count, total = int(heard.sum()), int(n[heard].sum())
    if count < MIN_VARIATION_DAYS:
        return None
    whole = formula(tuple(days.counts[heard].sum(axis=0).tolist()), int(days.marked[heard].sum()))
    ratio = float(whole.numerator / total)
    squares = float(((numerators[heard] - ratio * n[heard]) ** 2).sum())
    return Variation(ratio, sqrt(count / (count - 1) * squares) / total, count)
