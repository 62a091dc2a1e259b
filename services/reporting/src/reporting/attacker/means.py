"""Hidden means of surveys that published ones nearly tell."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from reporting.attacker.reading import Place, Published, Told, above, name_of, place_of


class Mean(NamedTuple):
    """A hidden mean that published ones nearly tell: within `low` and `high` of its scale."""

    id: str
    low: float
    high: float


_SCALES: Final[Mapping[str, tuple[float, float]]] = {
    "happy_index": (0, 100),
    "very_positive_share": (0, 100),
    "satisfied_share": (0, 100),
    "promoter_share": (0, 100),
    "passive_share": (0, 100),
    "detractor_share": (0, 100),
    "nps": (-100, 100),
    "mean_likert5": (1, 5),
    "mean_grade4_10": (4, 10),
}
_HALF_STEP: Final[Mapping[str, float]] = {"mean_likert5": 0.05, "mean_grade4_10": 0.05}
_HIDDEN: Final = frozenset({"suppressed", "below_min_n"})
_OPEN: Final = 0.1
"""The part of its scale over which a hidden mean must stay open."""


def means(published: Published, bounds: Mapping[str, tuple[int, int | None]]) -> list[Mean]:
    """The hidden means of surveys that are known to within a tenth of their scale.

    With a parent's mean r of n answers, rounded by h, and those of other children, a child with m
    answers has a mean of (n(r ± h) - what the others gave) / m; what is told of nobody can be
    anything that so many answers can give.

    Args:
        published: a release.
        bounds: of counts by their name, as `bounding.attack` found them.
    """
    parents = {one.id: one.parent for one in published.entities}
    at: dict[Place, dict[str, Told]] = defaultdict(dict)
    for one in published.figures:
        if one.channel == "survey" and not one.dimension:
            at[place_of(one)][one.entity] = one
    found = []
    for place, told in at.items():
        if place.metric not in _SCALES:
            continue
        bottom, top = _SCALES[place.metric]
        counts = at.get(place._replace(metric="press_count"), {})
        for parent, children in _families(told, parents):
            beside = [one for one in children if one.value is not None]
            for child in children:
                if child.status not in _HIDDEN:
                    continue
                parts = _count(child.entity, place, counts, bounds)
                low, high = _between(parent, parts, beside)
                if high - low < _OPEN * (top - bottom):
                    found.append(Mean(name_of(place, child.entity, ""), low, high))
    return found


def _families(
    told: Mapping[str, Told], parents: Mapping[str, str | None]
) -> Iterator[tuple[Told, list[Told]]]:
    """Each parent whose mean is told, and those that are nearest below it."""
    below: dict[str, list[Told]] = defaultdict(list)
    for entity, one in told.items():
        nearest = next((higher for higher in above(entity, parents) if higher in told), None)
        if nearest is not None:
            below[nearest].append(one)
    for parent, children in below.items():
        if told[parent].value is not None:
            yield told[parent], children


def _count(
    entity: str,
    place: Place,
    counts: Mapping[str, Told],
    bounds: Mapping[str, tuple[int, int | None]],
) -> tuple[int, int | None]:
    """The fewest and the most answers that an entity can have."""
    one = counts.get(entity)
    if one is not None and one.value is not None:
        return int(one.value), int(one.value)
    return bounds.get(name_of(place._replace(metric="press_count"), entity, ""), (1, None))


def _between(
    parent: Told, parts: tuple[int, int | None], beside: Sequence[Told]
) -> tuple[float, float]:
    """The ends of a hidden mean, over every number of answers that it may have."""
    bottom, top = _SCALES[parent.metric]
    h = _HALF_STEP.get(parent.metric, 0.5)
    n, r = parent.n or 0, parent.value or 0
    known = sum(one.n or 0 for one in beside)
    left = max(n - known, 1)
    least, most = max(1, min(parts[0], left)), left if parts[1] is None else min(parts[1], left)
    low = n * (r - h) - sum((one.n or 0) * ((one.value or 0) + h) for one in beside)
    high = n * (r + h) - sum((one.n or 0) * ((one.value or 0) - h) for one in beside)
    ends = [((low - top * (left - m)) / m, (high - bottom * (left - m)) / m) for m in (least, most)]
    return max(bottom, min(one[0] for one in ends)), min(top, max(one[1] for one in ends))
