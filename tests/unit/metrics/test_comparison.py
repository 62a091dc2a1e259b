from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import pytest

from metrics.domain.comparison import Break, Change, Side, broken, compare, earlier, hold_back
from metrics.domain.definitions import catalogue
from metrics.domain.intervals import Variation
from metrics.domain.periods import Grain, Span

INDEX = catalogue().definitions["happy_index"]
BEFORE = Span(date(2024, 1, 1), date(2024, 1, 31))
NOW = Span(date(2024, 2, 1), date(2024, 2, 29))


def side(
    span: Span,
    value: int | None,
    *,
    deviation: float = 0.1,
    devices: Mapping[str, int] | None = None,
) -> Side:
    return Side(
        span,
        None if value is None else Fraction(value),
        None if value is None else Variation(float(value), deviation, 29),
        devices or {"1": 100},
    )


def change(now: Side, before: Side, *breaks: Break, hampered: bool = False) -> Change:
    return compare(INDEX, now, before, breaks, hampered=hampered)


def test_clear_rise_of_two_points_is_better_and_a_fall_worse() -> None:
    assert change(side(NOW, 88), side(BEFORE, 86)).verdict == "better"
    assert change(side(NOW, 86), side(BEFORE, 88)).verdict == "worse"


def test_small_or_uncertain_difference_is_no_clear_change() -> None:
    small = change(side(NOW, 87), side(BEFORE, 86))
    assert (small.value, small.verdict) == (Fraction(1), "no_clear_change")
    loose = change(side(NOW, 90, deviation=5), side(BEFORE, 86, deviation=5))
    assert (loose.value, loose.verdict) == (Fraction(4), "no_clear_change")


def test_change_is_the_difference_of_the_printed_values() -> None:
    assert change(side(NOW, 90), side(BEFORE, 86)).value == 4


@pytest.mark.parametrize("day", [date(2024, 1, 15), date(2024, 2, 1), date(2024, 2, 29)])
def test_no_comparison_crosses_a_break(day: date) -> None:
    found = change(side(NOW, 90), side(BEFORE, 80), Break(day, "breaks"))
    assert found == Change(None, None, "not_comparable")


@pytest.mark.parametrize("day", [date(2024, 1, 1), date(2024, 3, 1)])
def test_break_outside_both_periods_does_not_matter(day: date) -> None:
    assert change(side(NOW, 90), side(BEFORE, 80), Break(day, "breaks")).verdict == "better"


def test_caution_does_not_forbid_a_comparison() -> None:
    found = change(side(NOW, 90), side(BEFORE, 80), Break(date(2024, 2, 1), "caution"))
    assert found.status == "ok"


def test_parent_is_mixed_from_its_first_to_its_last_device_break() -> None:
    devices = [Break(date(2023, 6, 1), "breaks", True), Break(date(2024, 9, 1), "breaks", True)]
    between = Span(BEFORE.first, NOW.last)
    assert broken(between, devices)
    assert not broken(Span(date(2024, 9, 1), date(2024, 12, 31)), devices)
    assert not broken(Span(date(2023, 1, 1), date(2023, 5, 31)), devices)


def test_other_measuring_places_take_the_arrow_away() -> None:
    moved = side(NOW, 90, devices={"1": 79, "2": 21})
    found = change(moved, side(BEFORE, 80, devices={"1": 100}))
    assert (found.value, found.verdict, found.status) == (
        Fraction(10),
        None,
        "changed_composition",
    )
    kept = side(NOW, 90, devices={"1": 80, "2": 20})
    assert change(kept, side(BEFORE, 80, devices={"1": 100})).verdict == "better"


def test_nothing_to_compare_with_is_no_baseline() -> None:
    assert change(side(NOW, 90), side(BEFORE, None)).status == "no_baseline"
    assert change(side(NOW, 90), side(BEFORE, None), hampered=True).status == "not_comparable"


@pytest.mark.parametrize(
    ("grain", "how", "span", "expected"),
    [
        ("month", "previous", NOW, BEFORE),
        ("month", "year", NOW, Span(date(2023, 2, 1), date(2023, 2, 28))),
        (
            "quarter",
            "previous",
            Span(date(2024, 1, 1), date(2024, 3, 31)),
            Span(date(2023, 10, 1), date(2023, 12, 31)),
        ),
        (
            "total",
            "year",
            Span(date(2024, 2, 29), date(2024, 3, 3)),
            Span(date(2023, 2, 28), date(2023, 3, 3)),
        ),
        (
            "total",
            "previous",
            Span(date(2024, 3, 5), date(2024, 3, 6)),
            Span(date(2024, 3, 3), date(2024, 3, 4)),
        ),
        (
            "week",
            "year",
            Span(date(2024, 12, 30), date(2025, 1, 5)),
            Span(date(2024, 1, 1), date(2024, 1, 7)),
        ),
    ],
)
def test_compared_spans_are_equal_by_the_calendar(
    grain: Grain, how: str, span: Span, expected: Span
) -> None:
    assert earlier(span, grain, how) == expected  # type: ignore[arg-type]


def test_over_a_list_only_what_survives_false_discovery_is_named() -> None:
    clear = Change(Fraction(5), "better", "ok", 0.001)
    lucky = Change(Fraction(3), "worse", "ok", 0.049)
    quiet = [Change(Fraction(0), "no_clear_change", "ok", 0.9)] * 8
    judged = hold_back([clear, lucky, *quiet])
    assert [one.verdict for one in judged[:2]] == ["better", "no_clear_change"]
    assert [one.verdict for one in hold_back([clear, lucky])] == ["better", "worse"]
