from datetime import UTC, datetime
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.drivers import LEAST_ANSWERS, MOST_SHOWN, Arms, differences

AT = datetime(2026, 11, 22, tzinfo=UTC)
Row = tuple[int, int, list[tuple[int, int]]]
"""Unit, day, and by arm: satisfied answers and others."""


def arms(rows: list[Row]) -> Arms:
    return Arms(
        np.array([unit for unit, _, _ in rows]),
        np.array([day for _, day, _ in rows]),
        np.array([[good for good, _ in cells] for _, _, cells in rows]),
        np.array([[good + bad for good, bad in cells] for _, _, cells in rows]),
        AT,
    )


def share(rows: list[Row], columns: list[int]) -> tuple[int, int]:
    good = sum(cells[at][0] for _, _, cells in rows for at in columns)
    return good, good + sum(cells[at][1] for _, _, cells in rows for at in columns)


def reckoned(rows: list[Row], arm: int) -> tuple[float, float, int] | None:
    """Difference and spread by leaving nothing to arrays: unit by unit, then day by day."""
    rest = [at for at in range(3) if at != arm]
    units = {}
    for unit in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == unit]
        (m1, n1), (m0, n0) = share(mine, [arm]), share(mine, rest)
        if n1 and n0:
            units[unit] = (mine, m1 / n1, m0 / n0, n1, n0, n1 * n0 / (n1 + n0))
    if min(sum(one[3] for one in units.values()), sum(one[4] for one in units.values())) < 100:
        return None
    total = sum(one[5] for one in units.values())
    value = sum(w * (a - b) for _, a, b, _, _, w in units.values()) / total
    by_day: dict[int, float] = {}
    for mine, a, b, n1, n0, w in units.values():
        for row in mine:
            (m1, k1), (m0, k0) = share([row], [arm]), share([row], rest)
            if k1 + k0:
                part = w / total * ((m1 - a * k1) / n1 - (m0 - b * k0) / n0)
                by_day[row[1]] = by_day.get(row[1], 0.0) + part
    days = len(by_day)
    squares = sum(part**2 for part in by_day.values())
    return 100 * value, 100 * sqrt(days / max(days - 1, 1) * squares), days


CELLS = st.tuples(st.integers(0, 30), st.integers(0, 30))


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 20), st.lists(CELLS, min_size=3, max_size=3)),
        min_size=1,
        max_size=60,
    )
)
def test_differences_agree_with_a_reckoning_by_hand(rows: list[Row]) -> None:
    found = {one.arm: one for one in differences(arms(rows))}
    for arm in range(3):
        expected = reckoned(rows, arm)
        assert (arm in found) == (expected is not None)
        if expected is not None:
            points, spread, days = expected
            assert found[arm].points == pytest.approx(points, abs=1e-9)
            variation = found[arm].variation
            assert (variation is not None) == (days >= 14)
            if variation is not None:
                assert variation.deviation == pytest.approx(spread, abs=1e-9)


def test_a_unit_that_is_open_in_one_hour_only_is_compared_with_nothing() -> None:
    rows: list[Row] = [(0, 1, [(LEAST_ANSWERS, 0), (0, 0)]), (1, 1, [(0, 0), (0, LEAST_ANSWERS)])]
    assert differences(arms(rows)) == []


def test_the_five_greatest_are_shown() -> None:
    cells = [(100 + 20 * arm, 100) for arm in range(8)]
    found = differences(arms([(0, 1, cells)]))
    assert len(found) == MOST_SHOWN
    assert [abs(one.points) for one in found] == sorted(
        (abs(one.points) for one in found), reverse=True
    )
