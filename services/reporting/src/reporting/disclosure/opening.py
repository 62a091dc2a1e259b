"""Keeps hidden means open: what is shown beside one must not tell it to within a tenth.

A parent's mean r of N answers is known to h, its rounding. Of a child with m answers whose mean is
hidden it tells (N(r ± h) - Σ nᵢ(rᵢ ∓ h) - the rest) / m, over the children that are shown, where
the rest is whatever the answers of all others can give. Until every hidden mean is open over a
tenth of its scale, the smallest shown sibling is hidden too, and at last the parent.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import msgspec

from reporting.disclosure.tables import CountId
from reporting.domain.releases import Figure

SCALES: Final[Mapping[str, tuple[float, float, float]]] = {
    "happy_index": (0, 100, 0.5),
    "very_positive_share": (0, 100, 0.5),
    "satisfied_share": (0, 100, 0.5),
    "promoter_share": (0, 100, 0.5),
    "passive_share": (0, 100, 0.5),
    "detractor_share": (0, 100, 0.5),
    "nps": (-100, 100, 0.5),
    "mean_likert5": (1, 5, 0.05),
    "mean_grade4_10": (4, 10, 0.05),
}
"""The ends of a mean's scale, and how far rounding takes it at most."""
OPEN: Final = 0.1

Means = Mapping[CountId, Figure]
"""One metric's figures by the count of their answers."""


def stay_open(
    metric: str, means: Means, parents: Mapping[CountId, CountId], counts: Mapping[CountId, int]
) -> dict[CountId, Figure]:
    """The figures of a metric, with those hidden that would tell a hidden one.

    Args:
        metric: of `SCALES`.
        means: its figures, hidden ones among them.
        parents: by count the one that it adds up to.
        counts: how many answers each count has.
    """
    children: dict[CountId, list[CountId]] = defaultdict(list)
    for child in means:
        if (parent := parents.get(child)) is not None:
            children[parent].append(child)
    told = dict(means)
    pending = list(children)
    while pending:
        parent = pending.pop()
        for name in _to_hide(metric, parent, children[parent], told, counts):
            told[name] = _hidden(told[name])
            # What is hidden may be told by what hangs under it, and by those beside it.
            pending += [one for one in (name, parents.get(name)) if one in children]
    return told


def _to_hide(
    metric: str,
    parent: CountId,
    children: list[CountId],
    told: Means,
    counts: Mapping[CountId, int],
) -> list[CountId]:
    """The next one to hide so that the children of a parent are open; none if they are."""
    whole = told.get(parent)
    if whole is None or whole.value is None:
        return []
    shown = [one for one in children if told[one].value is not None and one in counts]
    closed = [
        one
        for one in children
        if told[one].value is None
        and counts.get(one, 0) > 0
        and not _is_open(metric, one, parent, shown, told, counts)
    ]
    if not closed:
        return []
    return [min(shown, key=lambda one: (counts[one], one))] if shown else [parent]


def _is_open(  # noqa: PLR0913, PLR0917 - what stands around a hidden mean
    metric: str,
    child: CountId,
    parent: CountId,
    shown: list[CountId],
    told: Means,
    counts: Mapping[CountId, int],
) -> bool:
    bottom, top, half = SCALES[metric]
    answers, whole = counts[child], counts[parent]
    known = sum(counts[one] for one in shown)
    rest = whole - known - answers
    r = float(told[parent].value or 0)
    of_shown = sum(counts[one] * float(told[one].value or 0) for one in shown)
    middle, around = whole * r - of_shown, half * (whole + known)
    low = max(bottom, (middle - around - top * rest) / answers)
    high = min(top, (middle + around - bottom * rest) / answers)
    return high - low >= OPEN * (top - bottom)


def _hidden(figure: Figure) -> Figure:
    return msgspec.structs.replace(
        figure, value=None, n=None, range=None, change=None, status="suppressed"
    )
