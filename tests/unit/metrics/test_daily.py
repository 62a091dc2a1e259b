import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.daily import Daily, variation
from metrics.domain.figures import FORMULAS
from metrics.domain.intervals import variation as one_by_one
from metrics.storage.packed_months import Rows, packed, unpacked

DAYS = st.lists(
    st.tuples(st.lists(st.integers(0, 9), min_size=4, max_size=4), st.integers(0, 2)),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("metric", ["happy_index", "satisfied_share", "misuse_share"])
@given(days=DAYS)
def test_variation_by_columns_is_that_of_the_ratios_one_by_one(
    metric: str, days: list[tuple[list[int], int]]
) -> None:
    daily = Daily(
        np.arange(len(days)),
        np.array([counts for counts, _ in days]),
        np.array([marked for _, marked in days]),
    )
    formula = FORMULAS[metric]
    found = variation(daily, formula)
    expected = one_by_one(formula(counts, marked) for counts, marked in days)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert (found.ratio, found.days) == (expected.ratio, expected.days)
        assert found.deviation == pytest.approx(expected.deviation, abs=1e-9)


def test_days_between_include_both_ends() -> None:
    daily = Daily(np.array([1, 3, 5, 7]), np.eye(4, dtype=np.int64), np.zeros(4, dtype=np.int64))
    assert daily.between(3, 5).day.tolist() == [3, 5]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 9),
            st.integers(1, 4_000_000),
            st.one_of(st.integers(-128, 127), st.integers(-(2**31), 2**31 - 1)),
        ),
        max_size=20,
    )
)
def test_rows_come_out_of_their_bytes_as_they_went_in(cells: list[tuple[int, int, int]]) -> None:
    series, day, count = np.array(cells, dtype=np.int32).reshape(-1, 3).T
    rows = Rows(series, day, series + 1, day + 2, np.column_stack((count, count[::-1])))
    width, told = packed(rows)
    for column, back in zip(rows, unpacked(told, 2, width), strict=True):
        assert back.tolist() == column.tolist()
