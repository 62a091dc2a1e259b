"""What is hidden holds against an attacker who shares no code with what hides it."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from reporting.attacker.published import Release
from reporting.disclosure.suppressing import suppress
from reporting.disclosure.tables import Equation, Tables
from support.disclosure import city, fallen, least_loss, published

HIERARCHIES = 5_000 if os.environ.get("KOKEMUS_TEST_FULL") == "1" else 120
SHAPES = [
    {"units": 6, "services": 2, "months": 3},
    {"units": 9, "services": 3, "months": 1, "kinds": 3},
    {"units": 4, "services": 2, "months": 2, "kinds": 2, "k": 10},
    {"units": 8, "services": 2, "months": 4, "mean": 4},
    {"units": 5, "services": 5, "months": 3, "mean": 40},
]


def generated(seed: int) -> Tables:
    return city(seed, **SHAPES[seed % len(SHAPES)])


def complaints(year_2016: list[int]) -> Tables:
    parts = [f"entity-{number}" for number in range(len(year_2016))]
    counts = {**dict(zip(parts, year_2016, strict=True)), "total": sum(year_2016)}
    return Tables(counts, [Equation("total", tuple(parts))], dict.fromkeys(counts, 10))


def test_a_hidden_three_takes_the_least_of_its_neighbours_with_it() -> None:
    found = suppress(complaints([165, 72, 336, 3]))
    assert found.primary == {"entity-3"}
    assert found.secondary == {"entity-1"}
    assert found.loss == 72


def test_zero_and_k_are_published_and_what_lies_between_is_not() -> None:
    tables = complaints([0, 1, 9, 10, 500])
    assert tables.primary == {"entity-1", "entity-2"}
    assert "entity-0" not in suppress(tables).hidden


@pytest.mark.parametrize("first", range(0, HIERARCHIES, 40))
def test_no_hidden_count_falls(first: int) -> None:
    for seed in range(first, first + 40):
        tables = generated(seed)
        found = suppress(tables)
        assert tables.primary <= found.hidden
        assert fallen([published(tables, found.hidden)]) == [], seed


def test_bounds_to_the_last_say_the_same_as_the_quick_ones() -> None:
    for seed in range(4):
        tables = generated(seed)
        release = published(tables, suppress(tables).hidden)
        assert fallen([release], exact=True) == fallen([release]) == []
        weak = published(tables, tables.primary)
        assert fallen([weak], exact=True) == fallen([weak])


def without_secondary(tables: Tables) -> list[Release]:
    return [published(tables, tables.primary)]


def with_a_sum_forgotten(tables: Tables) -> list[Release]:
    known = [one for one in tables.equations if "/year/" not in one.total]
    return [published(tables, suppress(replace(tables, equations=known)).hidden)]


def with_an_earlier_release_ignored(tables: Tables) -> list[Release]:
    first = suppress(tables).hidden
    other = {name: 1 if name in first else k for name, k in tables.k.items()}
    again = suppress(replace(tables, k=other)).hidden | tables.primary
    return [published(tables, first), published(tables, again)]


WEAKENED = [
    without_secondary,
    with_a_sum_forgotten,
    with_an_earlier_release_ignored,
]


@pytest.mark.parametrize("weakened", WEAKENED)
def test_a_weakened_suppressor_is_caught(weakened: Callable[[Tables], list[Release]]) -> None:
    assert any(fallen(weakened(generated(seed))) for seed in range(40))


def test_each_count_that_another_format_tells_is_named() -> None:
    for seed in range(10):
        tables = generated(seed)
        found = suppress(tables)
        told_elsewhere = published(tables, found.primary)
        assert found.secondary <= set(fallen([published(tables, found.hidden), told_elsewhere]))


def test_what_was_published_stays_and_what_was_hidden_stays_hidden() -> None:
    for seed in range(20):
        tables = generated(seed)
        first = suppress(tables)
        told = frozenset(tables.counts) - first.hidden
        again = suppress(replace(tables, published=told, hidden=first.hidden))
        assert again.hidden == first.hidden


def test_the_approver_is_told_of_a_count_that_nothing_can_protect() -> None:
    tables = replace(complaints([3, 72]), published=frozenset({"entity-1", "total"}))
    assert suppress(tables).dropped == {"entity-0"}


def test_the_greedy_loses_at_most_half_more_than_the_least() -> None:
    greedy = least = 0
    for seed in range(12):
        tables = city(seed, units=4, services=2, months=2, mean=14)
        greedy += suppress(tables).loss
        least += least_loss(tables)
    assert least > 0
    assert greedy <= 1.5 * least


@pytest.mark.parametrize(
    ("counts", "sums", "what"),
    [
        ({"a": -1}, [], "fewer than nothing"),
        ({"a": 1}, [Equation("t", ("a",))], "not there"),
        ({"a": 1, "t": 2}, [Equation("t", ("a",))], "not the sum"),
    ],
)
def test_tables_that_cannot_be_are_refused(
    counts: dict[str, int], sums: list[Equation], what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        Tables(counts, sums, {})
