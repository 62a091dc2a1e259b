from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kokemus.contracts.events import EntityId
from metrics.domain.ancestry import AncestryRow, Validity, closure

START = date(2020, 1, 1)
DAYS = [START + timedelta(days=number) for number in range(14)]
NAMES = [EntityId(name) for name in ("a", "b", "c", "d", "e")]
NODES = st.sampled_from([*NAMES, EntityId("nobody")])


def entity(name: str) -> EntityId:
    return EntityId(name)


def under(parent: str | None, first: date = START, last: date | None = None) -> Validity:
    return Validity(None if parent is None else entity(parent), first, last)


@st.composite
def validities(draw: st.DrawFn) -> Validity:
    first = draw(st.sampled_from(DAYS))
    last = draw(st.none() | st.sampled_from(DAYS))
    return Validity(draw(st.none() | NODES), first, last)


trees = st.dictionaries(
    st.sampled_from(NAMES), st.lists(validities(), max_size=4), max_size=len(NAMES)
)


def parent_on(places: Sequence[Validity], day: date) -> EntityId | None:
    holding = [
        (place.valid_from, order, place.parent)
        for order, place in enumerate(places)
        if place.valid_from <= day <= (place.valid_to or date.max)
    ]
    return max(holding, key=lambda item: item[:2])[2] if holding else None


def ancestors_on(
    tree: Mapping[EntityId, Sequence[Validity]], node: EntityId, day: date
) -> set[EntityId]:
    parents = {name: parent_on(places, day) for name, places in tree.items()}
    parents = {name: parent if parent in tree else None for name, parent in parents.items()}
    for name in sorted(parents):
        circle, above = [name], parents[name]
        while above is not None and above not in circle:
            circle.append(above)
            above = parents[above]
        if above == name == min(circle):
            parents[name] = None
    found = {node}
    above = parents[node]
    while above is not None:
        found.add(above)
        above = parents[above]
    return found


def holds(row: AncestryRow, day: date) -> bool:
    return (row.valid_from or date.min) <= day <= (row.valid_to or date.max)


@given(tree=trees)
def test_rows_are_the_tree_of_each_day(tree: dict[EntityId, list[Validity]]) -> None:
    rows = closure(tree, {}).rows
    for day in [START - timedelta(days=1), *DAYS, DAYS[-1] + timedelta(days=400)]:
        found = sorted((row.ancestor, row.descendant) for row in rows if holds(row, day))
        expected = sorted((above, node) for node in tree for above in ancestors_on(tree, node, day))
        assert found == expected


@given(tree=trees)
def test_spans_of_a_pair_neither_overlap_nor_touch(tree: dict[EntityId, list[Validity]]) -> None:
    last: dict[tuple[EntityId, EntityId], date] = {}
    for row in closure(tree, {}).rows:
        pair = row.ancestor, row.descendant
        first = row.valid_from or date.min
        if pair in last:
            assert first > last[pair] + timedelta(days=1)
        last[pair] = row.valid_to or date.max


def test_device_counts_into_the_unit_where_it_stood_and_everything_above() -> None:
    device = entity("device.kiosk.7")
    moved = date(2021, 5, 1)
    rows = closure(
        {
            entity("city"): [under(None)],
            entity("north"): [under("city")],
            entity("south"): [under("city")],
        },
        {device: [under("north", START, moved - timedelta(days=1)), under("south", moved)]},
    ).rows
    assert [row for row in rows if row.descendant == device] == [
        AncestryRow(device, device, None, None),
        AncestryRow(entity("city"), device, START, None),
        AncestryRow(entity("north"), device, START, date(2021, 4, 30)),
        AncestryRow(entity("south"), device, moved, None),
    ]


def test_circle_is_cut_above_the_smallest_id_for_just_its_days_and_reported() -> None:
    until = date(2020, 6, 30)
    found = closure({entity("a"): [under("b", START, until)], entity("b"): [under("a")]}, {})
    assert [tuple(edge) for edge in found.cut] == [("a", "b", START, until)]
    assert AncestryRow(entity("a"), entity("b"), START, None) in found.rows
    assert not [row for row in found.rows if (row.ancestor, row.descendant) == ("b", "a")]


def test_entity_under_itself_keeps_only_its_own_row() -> None:
    found = closure({entity("a"): [under("a")]}, {})
    assert found.rows == [AncestryRow(entity("a"), entity("a"), None, None)]
    assert [edge.entity for edge in found.cut] == ["a"]
