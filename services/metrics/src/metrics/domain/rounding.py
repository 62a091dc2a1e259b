"""Rounding: exact fractions of integers, rounded once, half away from zero."""

from fractions import Fraction
from typing import Final

_WHOLE: Final = 100


def rounded(value: Fraction, decimals: int) -> Fraction:
    """Round half away from zero."""
    scale = 10**decimals
    above, below = abs(value.numerator) * scale, value.denominator
    whole = (2 * above + below) // (2 * below)
    return Fraction(whole if value.numerator >= 0 else -whole, scale)


def rounded_share(per_cent: Fraction, decimals: int) -> Fraction:
    """Round a share in per cent: one that is not exactly 0 or 100 never rounds to it."""
    printed = rounded(per_cent, decimals)
    if printed == 0 < per_cent:
        return printed + Fraction(1, 10**decimals)
    if printed == _WHOLE > per_cent:
        return printed - Fraction(1, 10**decimals)
    return printed


def outward(low: float, high: float, decimals: int) -> tuple[float, float]:
    """Round the ends of an interval away from each other."""
    scale = 10**decimals
    return _floor(Fraction(low) * scale) / scale, -_floor(-Fraction(high) * scale) / scale


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator


def number(value: Fraction) -> int | float:
    """The plain number to print: an int where it is whole."""
    return value.numerator if value.denominator == 1 else float(value)
