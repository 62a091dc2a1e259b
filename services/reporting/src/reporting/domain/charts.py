"""Line charts as SVG, drawn from rounded values only, with presentation attributes and no styles.

Places along the time axis are per cents of the width and heights are pixels, so that a chart fills
any width while its words keep their size. What is missing leaves a gap: no point, no bar, no line.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final

from markupsafe import Markup

HEIGHT: Final = 232
_TOP: Final = 28
_BOTTOM: Final = 196
_GRID: Final = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class Line:
    """One line: a name, its printed values in order of time, and how it is told from others."""

    name: str
    values: Sequence[float | None]
    words: Sequence[str]
    """The values as the table prints them; a word for each, empty where there is none."""
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A series break: it stands half a step before this place; n.5 is on the point n."""

    before: float
    name: str
    cuts: bool
    """Whether the line ends here and begins anew."""


@dataclass(frozen=True)
class Axis:
    """The labels below, one a point; an empty one is not drawn."""

    labels: Sequence[str]
    unit: str = ""
    partial: frozenset[int] = frozenset()
    """Places of periods that are no whole ones: no line leads to them, and their points are hollow.
    """


def line_chart(title: str, description: str, lines: Sequence[Line], axis: Axis,
               marks: Sequence[Mark] = ()) -> Markup:  # fmt: skip
    """A chart of values from 0 to 100.

    Args:
        title: what the chart shows; its accessible name.
        description: the same in a sentence; the table beside holds every value.
        lines: at most three; the second is dashed and has squares for points.
        axis: the labels of the time axis.
        marks: the series breaks.
    """
    count = len(axis.labels)
    label = f"{escape(title)}. {escape(description)}"
    parts = [f'<svg class="chart" role="img" width="100%" height="{HEIGHT}" aria-label="{label}">']
    parts += [_grid(level, axis.unit) for level in _GRID]
    parts += [
        f'<text class="chart-label" x="{_x(index, count)}%" y="{_BOTTOM + 24}"'
        f' text-anchor="middle" fill="currentColor">{escape(label)}</text>'
        for index, label in enumerate(axis.labels)
        if label
    ]
    parts += [_mark(mark, number, count) for number, mark in enumerate(marks, 1)]
    cuts = frozenset(
        edge(mark.before) for mark in marks if mark.cuts for edge in (math.floor, math.ceil)
    )
    cuts |= {edge for place in axis.partial for edge in (place, place + 1)}
    parts += [_line(line, lines, axis, cuts) for line in lines]
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - every text in it is escaped


def sparkline(
    description: str, values: Sequence[float | None], breaks: Mapping[int, bool] | None = None
) -> Markup:
    """A small line without axes, for a table's cell.

    Args:
        description: the same in words.
        values: heights from 0 to 100, in order of time.
        breaks: before which values there is a mark, and whether it cuts the line.
    """
    count, marks = len(values), breaks or {}
    known = {index for index, value in enumerate(values) if value is not None}
    points = [
        (2 + 96 * index / max(count - 1, 1), 26 - value * 0.22)
        for index, value in enumerate(values)
        if value is not None
    ]
    joined = [
        f'<line x1="{_x_of(index, count)}" y1="{26 - before * 0.22:.1f}"'
        f' x2="{_x_of(index + 1, count)}" y2="{26 - after * 0.22:.1f}" stroke="currentColor"'
        f' stroke-width="2"/>'
        for index, (before, after) in enumerate(pairwise(values))
        if before is not None and after is not None and not marks.get(index + 1, False)
    ]
    joined += [
        f'<line class="spark-break" x1="{_x_of(place - 0.5, count)}" y1="1"'
        f' x2="{_x_of(place - 0.5, count)}" y2="27" stroke="currentColor" stroke-dasharray="2 2"/>'
        for place in sorted(marks)
    ]
    joined += [
        f'<circle cx="{_x_of(index, count)}" cy="{26 - value * 0.22:.1f}" r="1.5"'
        f' fill="currentColor"/>'
        for index, value in enumerate(values)
        if value is not None and not {index - 1, index + 1} & known
    ]
    last = (
        f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3" fill="currentColor"/>'
        if points
        else ""
    )
    return Markup(  # noqa: S704 - every text in it is escaped
        f'<svg class="spark" role="img" width="100" height="28" viewBox="0 0 100 28"'
        f' aria-label="{escape(description)}">{"".join(joined)}{last}</svg>'
    )


def _x_of(index: float, count: int) -> str:
    return f"{2 + 96 * index / max(count - 1, 1):.1f}"


def _x(index: float, count: int) -> str:
    """A place in per cent: right of the scale's words; a lone point in the middle."""
    place = 50.0 if count == 1 else 14 + 78 * index / (count - 1)
    return f"{place:.2f}".rstrip("0").rstrip(".")


def _anchor(index: int, count: int) -> str:
    if count > 1 and index == count - 1:
        return "end"
    return "start" if count > 2 and index == 0 else "middle"


def _y(value: float) -> str:
    return f"{_BOTTOM - (_BOTTOM - _TOP) * value / 100:.1f}".removesuffix(".0")


def _grid(level: int, unit: str) -> str:
    y = _y(level)
    return (
        f'<line class="chart-grid" x1="0" x2="100%" y1="{y}" y2="{y}" stroke="currentColor"'
        f' stroke-opacity="{0.5 if level == 0 else 0.16}"/>'
        f'<text class="chart-scale" x="0" y="{float(y) - 5:g}" fill="currentColor">'
        f"{level}{escape(unit)}</text>"
    )


def _mark(mark: Mark, number: int, count: int) -> str:
    x = _x(min(max(mark.before - 0.5, 0), count - 1), count)
    return (
        f'<line class="chart-break" x1="{x}%" x2="{x}%" y1="{_TOP - 8}" y2="{_BOTTOM}"'
        f' stroke="currentColor" stroke-dasharray="2 4" stroke-width="1.5"/>'
        f'<text class="chart-label" x="{x}%" y="{_TOP - 12}" text-anchor="middle"'
        f' fill="currentColor">{number}</text>'
    )


def _line(line: Line, lines: Sequence[Line], axis: Axis, cuts: frozenset[int]) -> str:
    count = len(axis.labels)
    kind = "chart-line-2" if line.dashed else "chart-line-1"
    dash = ' stroke-dasharray="7 5"' if line.dashed else ""
    parts = [f'<g class="{kind}" stroke="currentColor" fill="currentColor">']
    for index in range(1, count):
        before, after = line.values[index - 1], line.values[index]
        if before is not None and after is not None and index not in cuts:
            parts.append(
                f'<line x1="{_x(index - 1, count)}%" y1="{_y(before)}" x2="{_x(index, count)}%"'
                f' y2="{_y(after)}" stroke-width="2.5"{dash}/>'
            )
    for index, value in enumerate(line.values):
        if value is not None:
            parts.append(_point(line, index, value, count, hollow=index in axis.partial))
            if count <= 6 or index == max(
                i for i, one in enumerate(line.values) if one is not None
            ):
                parts.append(_value(line, lines, index, count))
    return "".join([*parts, "</g>"])


def _point(line: Line, index: int, value: float, count: int, *, hollow: bool) -> str:
    look = 'fill="none" stroke-width="2"' if hollow else 'stroke="none"'
    x, y = _x(index, count), float(_y(value))
    if line.dashed:
        return f'<svg x="{x}%" y="{y:g}" overflow="visible"><path d="M-4-4h8v8h-8z" {look}/></svg>'
    return f'<circle cx="{x}%" cy="{y:g}" r="4.5" {look}/>'


def _value(line: Line, lines: Sequence[Line], index: int, count: int) -> str:
    """The printed value of a point: below it where another line is above, or where it dips."""
    height = line.values[index] or 0
    if len(lines) > 1:
        others = [one.values[index] or 0 for one in lines if one is not line]
        under = max(others) > height or (max(others) == height and line.dashed)
    else:
        under = _dips(line.values, index)
    y = float(_y(height))
    y = y + 24 if under and y + 24 < _BOTTOM else y - 12
    return (
        f'<text class="chart-value" x="{_x(index, count)}%" y="{y:g}" stroke="none"'
        f' text-anchor="{_anchor(index, count)}">{escape(line.words[index])}</text>'
    )


def _dips(values: Sequence[float | None], index: int) -> bool:
    """Whether a point lies in a dip, so that its value would stand on the line if it were above."""
    value = values[index] or 0
    beside = (*values[max(index - 1, 0) : index], *values[index + 1 : index + 2])
    known = [one for one in beside if one is not None]
    return bool(known) and sum(known) / len(known) > value
