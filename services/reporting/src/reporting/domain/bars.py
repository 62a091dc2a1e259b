"""Bar charts of counts as SVG, drawn from rounded values only.

What is hidden or missing has no bar, no mark and no colour, so that nothing of it can be measured.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

from markupsafe import Markup

from reporting.domain.releases import Number

HEIGHT: Final = 204
_TOP: Final = 28
_BOTTOM: Final = 172
_FULL: Final = 0.62
"""How much of its place a bar fills."""
_LABELS: Final = 3
_ALL_TOLD: Final = 6
"""Bars up to which each has its value above it; of more only the highest has."""


def bar_chart(
    title: str, values: Sequence[Number | None], words: Sequence[str], labels: Sequence[str]
) -> Markup:
    """A chart of counts from 0 up; its table holds every value.

    Args:
        title: what is counted; the accessible name.
        values: the printed values in order of time, None where there is none to show; one is.
        words: the values as the table prints them.
        labels: the names of the periods; some three of them are drawn.
    """
    most = max(one for one in values if one is not None)
    scale = (_BOTTOM - _TOP) / (most or 1)
    place = 100 / len(values)
    step = -(-len(values) // _LABELS)
    last = len(values) - 1
    parts = [
        f'<svg class="chart" role="img" width="100%" height="{HEIGHT}"',
        f' aria-label="{escape(title)}">',
        f'<line class="chart-grid" x1="0" x2="100%" y1="{_BOTTOM}" y2="{_BOTTOM}"',
        ' stroke="currentColor" stroke-opacity="0.5"/>',
        '<g class="chart-line-1" fill="currentColor">',
    ]
    for index, value in enumerate(values):
        if value is not None:
            height = scale * value
            parts.append(
                f'<rect x="{place * (index + (1 - _FULL) / 2):.2f}%" y="{_BOTTOM - height:.1f}"'
                f' width="{place * _FULL:.2f}%" height="{height:.1f}"/>'
            )
    parts.append("</g>")
    told = {*range(len(values))} if len(values) <= _ALL_TOLD else {list(values).index(most)}
    for index, value in enumerate(values):
        at = f'x="{place * (index + 0.5):.2f}%" text-anchor="{_anchor(index, last)}"'
        if value is not None and index in told:
            top = _BOTTOM - scale * value - 8
            parts.append(
                f'<text class="chart-value" {at} y="{top:.1f}" fill="currentColor">'
                f"{escape(words[index])}</text>"
            )
        if (last - index) % step == 0:
            parts.append(
                f'<text class="chart-label" {at} y="{_BOTTOM + 24}" fill="currentColor">'
                f"{escape(labels[index])}</text>"
            )
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - every text in it is escaped


def _anchor(index: int, last: int) -> str:
    if last > 6 and index > last - 2:
        return "end"
    return "start" if last > 6 and index < 2 else "middle"
