"""Horizontal bars as SVG, drawn from printed values only; a hidden value has no bar.

Each bar has its name before it and its value behind it in words, so that nothing is told by colour
or length alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from markupsafe import Markup

WIDTH: Final = 490
_ROW: Final = 34
_NAMES: Final = 240
_ROOM: Final = 60
"""Right of the longest bar, for its value."""


@dataclass(frozen=True)
class Bar:
    """A bar: its name, its printed value as a number, and the same in words."""

    name: str
    value: float | None
    words: str


def named_bars(description: str, bars: Sequence[Bar], most: float) -> Markup:
    """Horizontal bars from 0 on.

    Args:
        description: the accessible name: what is shown, with every value.
        bars: from the top down.
        most: the value of the longest possible bar.
    """
    height = _ROW * len(bars) + 8
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" width="{WIDTH}"'
            f' height="{height}" viewBox="0 0 {WIDTH} {height}" aria-label="{escape(description)}">'
            f'<line x1="{_NAMES}" x2="{_NAMES}" y1="2" y2="{height - 2}" stroke="currentColor"/>'
        )
    ]
    for number, bar in enumerate(bars):
        middle = _ROW * number + _ROW / 2 + 4
        length = _length(bar.value, most)
        parts += [
            (
                f'<text class="chart-label" x="{_NAMES - 10}" y="{middle + 5:g}" text-anchor="end"'
                f' font-size="14" fill="currentColor">{escape(bar.name)}</text>'
            ),
            f'<rect class="chart-bar" x="{_NAMES}" y="{middle - 9:g}" width="{length:g}"'
            f' height="18" fill="currentColor"/>'
            if length
            else "",
            (
                f'<text class="chart-value" x="{_NAMES + length + 8:g}" y="{middle + 5:g}"'
                f' font-size="14" font-weight="bold" fill="currentColor">{escape(bar.words)}</text>'
            ),
        ]
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - every text in it is escaped


def _length(value: float | None, most: float) -> float:
    if value is None or most <= 0:
        return 0
    return round((WIDTH - _NAMES - _ROOM) * min(value / most, 1), 1)
