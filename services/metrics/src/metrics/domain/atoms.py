"""What to sum: each count is read once, however many of the wanted entities it belongs to.

A series (answers to one question in one channel at one unit or device) belongs to every ancestor
that is asked for, by the tree of each day. Series and days that belong to the same set of entities
make an atom. The database sums atoms; an entity's figure is the sum of its atoms.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from metrics.domain.figures import Key
from metrics.domain.periods import MONTH_ALIGNED, Grain, Parts, Span, month_parts


class Leaf(NamedTuple):
    """A series counts into these entities on these days."""

    entities: tuple[str, ...]
    series: int
    key: Key
    span: Span


class Atom(NamedTuple):
    """Answers of one kind that belong to the same entities."""

    key: Key
    entities: tuple[str, ...]


class Piece(NamedTuple):
    """Days of a series that make up a part of an atom."""

    atom: int
    series: int
    span: Span


class Plan(NamedTuple):
    """The atoms, and from which rows each is summed: by month where whole months fit, else by day.

    Spans of `months` begin and end with a month.
    """

    atoms: list[Atom]
    months: list[Piece]
    days: list[Piece]


def plan(leaves: Iterable[Leaf], grain: Grain) -> Plan:
    """Plan the reading; leaves of one series that overlap must have no entity in common."""
    by_series: dict[int, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        by_series[leaf.series].append(leaf)
    numbers: dict[Atom, int] = {}
    planned = Plan([], [], [])
    parted: dict[Span, Parts] = {}
    for series, its_leaves in by_series.items():
        for entities, span in _constant(its_leaves):
            atom = Atom(its_leaves[0].key, entities)
            number = numbers.setdefault(atom, len(numbers))
            if number == len(planned.atoms):
                planned.atoms.append(atom)
            parts = parted.get(span)
            if parts is None:
                whole = grain in MONTH_ALIGNED
                parts = parted[span] = month_parts(span) if whole else Parts(None, [span])
            if parts.months:
                planned.months.append(Piece(number, series, parts.months))
            planned.days.extend(Piece(number, series, days) for days in parts.days)
    return planned


def _constant(leaves: Sequence[Leaf]) -> Iterator[tuple[tuple[str, ...], Span]]:
    """The stretches of days on which a series belongs to the same entities."""
    if len(leaves) == 1:
        yield leaves[0].entities, leaves[0].span
        return
    spans = {leaf.span for leaf in leaves}
    starts = sorted(
        {span.first for span in spans} | {span.last + timedelta(days=1) for span in spans}
    )
    for first, following in pairwise(starts):
        entities = sorted(
            entity
            for leaf in leaves
            if leaf.span.first <= first <= leaf.span.last
            for entity in leaf.entities
        )
        if entities:
            yield tuple(entities), Span(first, following - timedelta(days=1))
