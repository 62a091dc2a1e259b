"""Who stood under whom, and when: the organisation tree of each day as rows of intervals.

A parent's figure is the sum of its descendants' counts by the tree of each day. The tree changes
rarely and is read often, so its transitive closure is worked out once a change and stored.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from kokemus.contracts.events import EntityId

_DAY = timedelta(days=1)


class Validity(NamedTuple):
    """Where a node hung from one local day to another, both included.

    Attributes:
        parent: the node above; None for the root, and while the node hangs nowhere.
        valid_from: the first day.
        valid_to: the last day; None: it still does.
    """

    parent: EntityId | None
    valid_from: date
    valid_to: date | None


class AncestryRow(NamedTuple):
    """`descendant` counts into `ancestor` from one local day to another, both included.

    None is an open end. Every node is its own descendant without bounds. The intervals of one pair
    are disjoint and never touch.
    """

    ancestor: EntityId
    descendant: EntityId
    valid_from: date | None
    valid_to: date | None


class CutEdge(NamedTuple):
    """A parent that was left out on these days because it closed a circle."""

    entity: EntityId
    parent: EntityId
    valid_from: date
    valid_to: date | None


class Closure(NamedTuple):
    """The rows, by descendant, ancestor and time, and what had to be left out of bad data."""

    rows: list[AncestryRow]
    cut: list[CutEdge]


class _Edge(NamedTuple):
    parent: EntityId
    first: date
    last: date


_Edges = Mapping[EntityId, Sequence[_Edge]]


def closure(
    entities: Mapping[EntityId, Sequence[Validity]],
    devices: Mapping[EntityId, Sequence[Validity]],
) -> Closure:
    """Work out every ancestor of every node, day by day.

    Each day is a tree: where a node's validities overlap, the one that began last holds, and of
    two that began together the later in the list. A parent that nobody defined has no row until
    it is defined. In a circle the edge above the smallest id is cut for just those days.

    Args:
        entities: the validities of each entity of the tree.
        devices: the places of each device, by its leaf's id `device.{source}.{id}`.
    """
    nodes = {**devices, **entities}
    edges = {
        node: [edge for edge in _one_parent_a_day(validities) if edge.parent in nodes]
        for node, validities in nodes.items()
    }
    cut = sorted(
        {
            CutEdge(node, edge.parent, first, _open_end(last))
            for node in edges
            for edge, first, last in _circles(node, edges)
        },
        key=lambda edge: (edge.entity, edge.valid_from),
    )
    for wrong in cut:
        edges[wrong.entity] = list(_without(edges[wrong.entity], wrong))
    rows = [row for node in sorted(nodes) for row in _rows_of(node, edges)]
    return Closure(rows, cut)


def _one_parent_a_day(validities: Sequence[Validity]) -> list[_Edge]:
    """Disjoint edges in the order of time; later starts take over from earlier ones."""
    held: list[tuple[date, date, EntityId | None]] = []
    for parent, first, valid_to in sorted(validities, key=lambda validity: validity.valid_from):
        last = valid_to or date.max
        if first > last:
            continue
        held = [
            (start, end, other)
            for earlier_first, earlier_last, other in held
            for start, end in _outside(earlier_first, earlier_last, first, last)
        ]
        held.append((first, last, parent))
    return [_Edge(parent, first, last) for first, last, parent in sorted(held) if parent]


def _outside(
    first: date, last: date, hole_first: date, hole_last: date
) -> Iterator[tuple[date, date]]:
    """What is left of [first, last] when [hole_first, hole_last] is taken out."""
    if hole_first > last or hole_last < first:
        yield first, last
        return
    if first < hole_first:
        yield first, hole_first - _DAY
    if hole_last < last:
        yield hole_last + _DAY, last


def _without(edges: Sequence[_Edge], wrong: CutEdge) -> Iterator[_Edge]:
    for edge in edges:
        if edge.parent != wrong.parent:
            yield edge
            continue
        last = wrong.valid_to or date.max
        for start, end in _outside(edge.first, edge.last, wrong.valid_from, last):
            yield _Edge(edge.parent, start, end)


def _circles(start: EntityId, edges: _Edges) -> Iterator[tuple[_Edge, date, date]]:
    """The first edge of every walk from `start` back to it that meets no smaller id."""
    for edge in edges[start]:
        waiting = [(edge.parent, edge.first, edge.last, frozenset[EntityId]())]
        while waiting:
            node, first, last, path = waiting.pop()
            if node == start:
                yield edge, first, last
            elif node > start and node not in path:
                waiting.extend(
                    (parent, max(first, above_first), min(last, above_last), path | {node})
                    for parent, above_first, above_last in edges[node]
                    if above_first <= last and above_last >= first
                )


def _rows_of(node: EntityId, edges: _Edges) -> Iterator[AncestryRow]:
    """The rows of one descendant; the edges hold no circle on any day."""
    found: dict[EntityId, list[tuple[date, date]]] = defaultdict(list)
    waiting = [(node, date.min, date.max)]
    while waiting:
        below, first, last = waiting.pop()
        for parent, above_first, above_last in edges[below]:
            if above_first <= last and above_last >= first:
                span = max(first, above_first), min(last, above_last)
                found[parent].append(span)
                waiting.append((parent, *span))
    yield AncestryRow(node, node, None, None)
    for ancestor in sorted(found):
        for first, last in _joined(found[ancestor]):
            yield AncestryRow(ancestor, node, first, _open_end(last))


def _joined(spans: Sequence[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """Disjoint spans in the order of time, with those that touch made one."""
    first, last = (ordered := sorted(spans))[0]
    for next_first, next_last in ordered[1:]:
        if next_first > last and next_first - _DAY > last:
            yield first, last
            first, last = next_first, next_last
        else:
            last = max(last, next_last)
    yield first, last


def _open_end(last: date) -> date | None:
    return None if last == date.max else last
