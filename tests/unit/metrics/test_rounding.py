from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.rounding import number, outward, rounded, rounded_share


@given(
    thousandths=st.integers(-10_000_000, 10_000_000),
    decimals=st.integers(0, 2),
)
def test_halves_round_away_from_zero(thousandths: int, decimals: int) -> None:
    expected = (Decimal(thousandths) / 1000).quantize(
        Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP
    )
    assert rounded(Fraction(thousandths, 1000), decimals) == Fraction(expected)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (Fraction(1, 10**9), 1),
        (100 - Fraction(1, 10**9), 99),
        (Fraction(0), 0),
        (Fraction(100), 100),
        (Fraction(1, 2), 1),
        (Fraction(199, 2), 99),
        (Fraction(87, 2), 44),
    ],
)
def test_share_is_0_or_100_only_if_it_is_exactly(value: Fraction, printed: int) -> None:
    assert rounded_share(value, 0) == printed


def test_ends_of_an_interval_move_apart() -> None:
    assert outward(29.3431, 58.0351, 2) == (29.34, 58.04)
    assert outward(-0.001, 0.001, 2) == (-0.01, 0.01)


def test_whole_numbers_are_printed_without_decimals() -> None:
    assert repr(number(Fraction(86))) == "86"
    assert repr(number(Fraction(17, 2))) == "8.5"
