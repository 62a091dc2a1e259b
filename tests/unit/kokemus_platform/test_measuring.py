"""Percentiles and verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus_platform.measuring import at_least, below, percentile

VALUES = st.lists(st.floats(0, 1e6), min_size=1)


@given(VALUES, st.floats(0.1, 100))
def test_a_percentile_is_the_least_value_that_enough_of_them_do_not_exceed(
    values: list[float], percent: float
) -> None:
    found = percentile(values, percent)
    enough = len(values) * percent / 100 - 1e-9
    assert found in values
    assert sum(value <= found for value in values) >= enough
    assert all(sum(value <= less for value in values) < enough for less in values if less < found)


def test_percentiles_of_a_hundred_are_their_ranks() -> None:
    ranks = [float(rank) for rank in range(100, 0, -1)]
    assert [percentile(ranks, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_what_is_required_is_shown_beside_what_was_measured() -> None:
    share, memory = at_least("share", 0.249, 0.25), below("memory", 199.6, 200, "MB")
    assert (share.value, share.required, share.holds) == ("0.25", "at least 0.25", False)
    assert (memory.value, memory.required, memory.holds) == ("200 MB", "under 200 MB", True)
