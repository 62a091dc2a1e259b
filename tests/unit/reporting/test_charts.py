import re
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from reporting.domain.charts import Axis, Line, Mark, line_chart, sparkline

Values = st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=24)


def chart(values: list[float | None], marks: tuple[Mark, ...] = (), name: str = "Index") -> str:
    words = ["" if value is None else f"{value:g}" for value in values]
    labels = [str(number) for number in range(len(values))]
    return str(line_chart(name, "in the table", [Line(name, values, words)], Axis(labels), marks))


def points(drawn: str) -> int:
    return drawn.count("<circle")


def segments(drawn: str) -> int:
    return len(re.findall(r'stroke-width="2.5"', drawn))


@given(Values)
def test_each_value_has_its_point_and_what_is_missing_has_none(values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    drawn = chart(values)
    assert points(drawn) == len(known)
    pairs = pairwise(values)
    assert segments(drawn) == sum(None not in pair for pair in pairs)


@given(Values, st.text(max_size=20))
def test_a_chart_is_well_formed_whatever_its_words(values: list[float | None], name: str) -> None:
    printable = "".join(one for one in name if one.isprintable())
    ET.fromstring(chart(values, name=printable))  # noqa: S314 - our own drawing
    ET.fromstring(str(sparkline(printable, values)))  # noqa: S314


def test_no_style_and_no_script_stands_in_a_chart() -> None:
    drawn = chart([80, 87], (Mark(1, "1", cuts=True),), name='<script>"')
    assert "style" not in drawn
    assert "<script" not in drawn


def test_a_break_cuts_the_line_and_a_caution_does_not() -> None:
    values: list[float | None] = [80, 81, 82, 83]
    assert segments(chart(values)) == 3
    assert segments(chart(values, (Mark(2, "1", cuts=True),))) == 2
    assert segments(chart(values, (Mark(2, "1", cuts=False),))) == 3
    assert "chart-break" in chart(values, (Mark(2, "1", cuts=False),))


def test_a_break_within_a_period_cuts_it_off_on_both_sides() -> None:
    assert segments(chart([80, 81, 82], (Mark(1.5, "1", cuts=True),))) == 0


def test_heights_come_from_printed_values_only() -> None:
    heights = re.findall(r'cy="([\d.]+)"', chart([87, 87, 86]))
    assert heights[0] == heights[1] != heights[2]


def test_the_value_of_the_lower_of_two_lines_stands_below_it() -> None:
    values: dict[str, list[float | None]] = {"upper": [70, 60], "lower": [40, 55]}
    lines = [
        Line(name, points, [name, name], dashed=name == "lower") for name, points in values.items()
    ]
    drawn = str(line_chart("Both", "in the table", lines, Axis(["a", "b"])))
    places = re.findall(r'chart-value" x="[\d.]+%" y="([\d.]+)"[^>]*>(\w+)', drawn)
    heights = re.findall(r'cy="([\d.]+)"', drawn) + re.findall(
        r'<svg x="[^"]+" y="([\d.]+)"', drawn
    )
    assert len(places) == len(heights) == 4
    for (place, name), height in zip(places, heights, strict=True):
        assert (float(place) > float(height)) == (name == "lower")
