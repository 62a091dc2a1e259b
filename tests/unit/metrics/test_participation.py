"""What is in use, what is covered and what changed, against an independent reckoning."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.participation import (
    Coverage,
    Report,
    Return,
    Returns,
    coverage,
    coverage_change,
    returned,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
REQUIRED = (1, 2, 3)


def report(method: str, minute: int, level: int = 1, volume: int | None = None) -> Report:
    time = NOW + timedelta(minutes=minute)
    return Report("museot", 2026, level, method, volume, time, f"e{minute}", NOW)


def of(*levels: int) -> Return:
    """A return with one way on each of the levels, and none on the others."""
    return Return({level: {"m": None} if level in levels else {} for level in range(1, 5)}, NOW)


_ENTITY = st.sampled_from("abcdef")
_RETURN = st.one_of(st.none(), st.sets(st.integers(1, 4)).map(lambda levels: of(*levels)))
_ROUND = st.dictionaries(_ENTITY, _RETURN, min_size=1)


def test_nothing_in_use_clears_what_was_told_before_it_and_not_what_was_told_after() -> None:
    told = [report("a", 1), report("none_1", 2), report("b", 3, volume=5)]
    assert returned(told)[2026, "museot"].levels == {1: {"b": 5}}
    assert returned([report("none_1", 1)])[2026, "museot"].levels == {1: {}}


@given(st.permutations([report(name, at) for at, name in enumerate("abcd")]), st.integers(-1, 5))
def test_in_use_is_what_came_after_the_last_none(told: Sequence[Report], cleared: int) -> None:
    none = Report("museot", 2026, 1, "none_1", None, NOW + timedelta(minutes=cleared), "z", NOW)
    found = returned([*told, none])[2026, "museot"].levels[1]
    assert set(found) == {name for at, name in enumerate("abcd") if at > cleared}


@given(_ROUND)
def test_coverage_counts_service_entity_by_service_entity(whole: dict[str, Any]) -> None:
    found = coverage(whole, REQUIRED)
    yes = no = unknown = 0
    for one in whole.values():
        if one is None:
            unknown += 1
        elif {level for level, ways in one.levels.items() if ways} >= set(REQUIRED):
            yes += 1
        else:
            no += 1
    assert (found.covered, found.valid, len(found.missing)) == (yes, yes + no + unknown, unknown)
    assert found.low == Fraction(100 * yes, len(whole))
    assert found.high == Fraction(100 * (len(whole) - no), len(whole))


@given(_ROUND, _ROUND)
def test_change_lies_between_its_ends_whatever_the_missing_return(
    now: dict[str, Any], base: dict[str, Any]
) -> None:
    found = coverage_change(now, base, REQUIRED)
    both = now.keys() & base.keys()
    if found is None:
        assert not both
        return
    assert found.entities == len(both)
    for answer in (of(), of(1, 2, 3)):
        known = [{one: whole[one] or answer for one in both} for whole in (now, base)]
        exact = coverage_change(known[0], known[1], REQUIRED)
        assert exact is not None
        assert exact.low == exact.high
        assert found.low <= exact.low <= found.high


def test_the_fourth_level_is_not_asked_for() -> None:
    whole = {"a": of(1, 2, 3), "b": of(1, 2, 4)}
    assert coverage(whole, REQUIRED) == Coverage(1, 2, ())


def test_the_base_is_the_first_year_in_which_everybody_returned() -> None:
    valid = {2023: {"a", "b"}, 2024: {"a", "b"}, 2025: {"a", "b"}}
    own = {(2023, "a"): of(), (2024, "a"): of(), (2024, "b"): of(), (2025, "a"): of()}
    assert Returns({}, valid, {}, own).base_year() == 2024
    assert Returns({}, valid, {}, {}).base_year() is None
