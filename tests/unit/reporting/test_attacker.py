"""The attacker says what can be known, no less and no more."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from reporting.attacker.__main__ import program
from reporting.attacker.bounding import Impossible, attack
from reporting.attacker.published import Cell, Release, Sum, joined
from reporting.domain.releases import Entity, canonical
from support.release_builders import content, counted, live, text, without


def two_ways(rows: list[list[int]], hidden: set[tuple[int, int]]) -> Release:
    """A table with the sums of its rows and of its columns, all of them published."""
    cells = [
        Cell(f"{r}.{c}", 5, None if (r, c) in hidden else count, primary=(r, c) in hidden)
        for r, row in enumerate(rows)
        for c, count in enumerate(row)
    ]
    columns = list(zip(*rows, strict=True))
    cells += [Cell(f"row {r}", 5, sum(row)) for r, row in enumerate(rows)]
    cells += [Cell(f"column {c}", 5, sum(column)) for c, column in enumerate(columns)]
    sums = [Sum(f"row {r}", [f"{r}.{c}" for c in range(len(row))]) for r, row in enumerate(rows)]
    sums += [
        Sum(f"column {c}", [f"{r}.{c}" for r in range(len(column))])
        for c, column in enumerate(columns)
    ]
    return Release(cells, sums)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 6), min_size=3, max_size=3), min_size=2, max_size=3),
    st.sets(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=5),
)
def test_bounds_are_those_of_trying_every_table(
    rows: list[list[int]], hidden: set[tuple[int, int]]
) -> None:
    places = sorted(hidden)
    fitting = []
    for tried in product(range(1, 20), repeat=min(len(places), 3)):
        other = [list(row) for row in rows]
        for (r, c), count in zip(places, tried, strict=False):
            other[r][c] = count
        if [sum(row) for row in other] == [sum(row) for row in rows] and [
            sum(column) for column in zip(*other, strict=True)
        ] == [sum(column) for column in zip(*rows, strict=True)]:
            fitting.append(other)
    told = attack(two_ways(rows, set(places[:3])), exact=True)
    for one in told:
        r, c = map(int, one.cell.id.split("."))
        assert (one.lowest, one.highest) == (
            min(other[r][c] for other in fitting),
            max(other[r][c] for other in fitting),
        )


def test_a_count_alone_in_its_sum_falls() -> None:
    (one,) = attack(two_ways([[3, 20], [9, 9]], {(0, 0)}), exact=True)
    assert (one.lowest, one.highest, one.falls) == (3, 3, True)


def test_what_another_release_says_is_known() -> None:
    hidden = {(0, 0), (0, 1), (1, 0), (1, 1)}
    rows = [[3, 20], [19, 9]]
    assert not any(one.falls for one in attack(two_ways(rows, hidden)))
    other = two_ways(rows, hidden - {(1, 1)})
    assert any(one.falls for one in attack(joined([two_ways(rows, hidden), other])))


def test_counts_told_in_two_ways_are_refused() -> None:
    with pytest.raises(ValueError, match="two ways"):
        joined([two_ways([[1]], set()), two_ways([[2]], set())])


def test_a_sum_of_counts_that_are_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no count of the release"):
        attack(Release([Cell("t", 5, 9)], [Sum("t", ["a"])]))


def test_what_cannot_be_is_said() -> None:
    broken = Release([Cell("t", 5, 9), Cell("a", 5, 3)], [Sum("t", ["a"])])
    with pytest.raises(Impossible):
        attack(broken)


@pytest.mark.parametrize(
    ("hidden", "code", "last"),
    [
        ({"museot"}, 1, "1 hidden counts attacked, 1 fall"),
        ({"museot", "kirjastot"}, 0, "2 hidden counts attacked, 0 fall"),
    ],
)
def test_the_program_reads_releases_as_published_and_ends_with_1_where_a_count_falls(
    tmp_path: Path, hidden: set[str], code: int, last: str
) -> None:
    figures = [
        counted("feedback_count", None if one in hidden else count, entity=one)
        for one, count in {"kuva": 22, "museot": 2, "kirjastot": 20}.items()
    ]
    tree = [Entity("kuva", "division", None, text())]
    tree += [Entity(one, "service_entity", "kuva", text()) for one in ("museot", "kirjastot")]
    file = tmp_path / "release.json"
    file.write_bytes(canonical(without(content(live()), figures=figures, entities=tree)))
    done = CliRunner().invoke(program, [str(file)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (code, last)


def test_what_is_too_few_for_a_share_still_bounds_its_count() -> None:
    cell = Cell("a", 5, least=5, most=29, attacked=False)
    (one,) = attack(Release([Cell("t", 5, 40), Cell("b", 5), cell], [Sum("t", ["a", "b"])]))
    assert (one.cell.id, one.lowest, one.highest) == ("b", 11, 35)
