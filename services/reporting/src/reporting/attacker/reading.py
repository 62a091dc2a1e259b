"""Reads releases as anybody may: their published JSON, and the rules, which everybody knows.

What is hidden is a count of one at least; what is not printed at all, such as what a parent counts
beside its children, is nobody knows what. A share says how many of its n it is made of, within its
rounding. Means are in `means`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import ceil, floor
from typing import Final, NamedTuple

import msgspec

from reporting.attacker.published import Cell, Release, Sum, joined

_FEWEST: Final[Mapping[str, int]] = {
    "feedback_count": 5,
    "participation_volume": 5,
    "answered_in_promise_share": 5,
    "press_count": 5,
    "complaint_count": 10,
    "ombudsman_contacts": 10,
}
"""The counts of what persons did, and how many must stand behind one."""
_IN_HEALTH_AND_SOCIAL: Final = 10
_HEALTH_AND_SOCIAL: Final = "sote"
_OF_N: Final = frozenset({"answered_in_promise_share"})
"""The metrics whose n is the count."""
_LEAST_ANSWERS: Final = 30
"""Fewer are told as too few."""
_PARTS: Final[Mapping[str, str]] = {"praise_share": "kiitos", "criticism_share": "moite"}
"""Shares of all messages, and the kind whose count they are made of."""


class Told(msgspec.Struct, frozen=True):
    """A figure of a release, as much of it as an attacker needs."""

    metric: str
    entity: str
    channel: str
    scale: str | None
    family: str | None
    period: dict[str, str]
    value: float | None
    n: int | None
    status: str
    flags: list[str] = []
    dimension: dict[str, str] = {}


class Node(msgspec.Struct, frozen=True):
    """An entity and what it hangs under."""

    id: str
    parent: str | None = None


class Published(msgspec.Struct, frozen=True):
    """What `/v1/releases/{id}` gives."""

    entities: list[Node]
    figures: list[Told]


class Place(NamedTuple):
    """What a count is of, but for its entity and its breakdown."""

    metric: str
    channel: str
    scale: str | None
    family: str | None
    first: str
    last: str


def together(releases: Iterable[Published], *, tree: bool = True) -> Release:
    """All that releases tell together.

    Args:
        releases: the newest last.
        tree: whether parents are sums of what hangs under them; a release tells how its tree stands
            at its end, and where units moved before, older periods do not add up by it.

    Raises:
        ValueError: two of them give one count different values.
    """
    return joined(known(one, tree=tree) for one in releases)


def known(published: Published, *, tree: bool = True) -> Release:
    """What one release tells: its counts with what bounds them, and the sums they stand in."""
    parents = {one.id: one.parent for one in published.entities}
    counts: dict[Place, dict[tuple[str, str], Told]] = defaultdict(dict)
    shares: dict[Place, list[Told]] = defaultdict(list)
    for one in published.figures:
        if "reported" in one.flags:
            continue
        if one.metric in _FEWEST and not _is_anonymous(one):
            counts[place_of(one)][one.entity, _broken_down(one)] = one
        elif one.metric in _PARTS and one.value is not None and one.n is not None:
            shares[place_of(one)._replace(metric="feedback_count")].append(one)
    cells: dict[str, Cell] = {}
    sums: list[Sum] = []
    for place, found in counts.items():
        for (entity, broken_down), one in found.items():
            cell = _cell(name_of(place, entity, broken_down), one, parents)
            cells[cell.id] = cell
        sums += _kinds(place, found)
        if tree:
            sums += _tree(place, found, parents, cells)
        for share in shares.get(place, ()):
            _narrow(cells, place, share)
    return Release(list(cells.values()), sums)


def _is_anonymous(one: Told) -> bool:
    return one.metric == "press_count" and one.channel not in ("survey", "link")


def place_of(one: Told) -> Place:
    """What a figure is of, but for its entity and its breakdown."""
    first, last = one.period["from"], one.period["to"]
    return Place(one.metric, one.channel, one.scale, one.family, first, last)


def name(one: Told) -> str:
    """The name of a figure's count."""
    return name_of(place_of(one), one.entity, _broken_down(one))


def _broken_down(one: Told) -> str:
    return ";".join(f"{name}={value}" for name, value in sorted(one.dimension.items()))


def name_of(place: Place, entity: str, broken_down: str) -> str:
    """One count has one name in every release and format."""
    return "|".join([*(part or "" for part in place), entity, broken_down])


def above(entity: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    """The entities above one, the nearest first."""
    seen = {entity}
    while (parent := parents.get(entity)) is not None and parent not in seen:
        seen.add(parent)
        yield parent
        entity = parent


def _cell(name: str, one: Told, parents: Mapping[str, str | None]) -> Cell:
    sensitive = _HEALTH_AND_SOCIAL in (one.entity, *above(one.entity, parents))
    k = max(_FEWEST[one.metric], _IN_HEALTH_AND_SOCIAL if sensitive else 0)
    count = one.n if one.metric in _OF_N else one.value
    if count is not None:
        return Cell(name, k, int(count))
    if one.status == "below_min_n":
        return Cell(name, k, least=k, most=_LEAST_ANSWERS - 1, attacked=False)
    if one.status == "suppressed":
        return Cell(name, k)
    return Cell(name, k, least=0, attacked=False)


def _kinds(place: Place, found: Mapping[tuple[str, str], Told]) -> Iterator[Sum]:
    """All is the sum of its kinds. Reasons are none: a case may have several."""
    wholes = [entity for entity, broken_down in found if not broken_down]
    for entity in wholes:
        parts = [
            name_of(place, entity, broken_down)
            for other, broken_down in found
            if other == entity and broken_down and ";" not in broken_down
        ]
        if parts:
            yield Sum(name_of(place, entity, ""), parts)


def _tree(
    place: Place,
    found: Mapping[tuple[str, str], Told],
    parents: Mapping[str, str | None],
    cells: dict[str, Cell],
) -> Iterator[Sum]:
    """A parent is the sum of what hangs under it, and of what it counts itself."""
    below: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entity, broken_down in found:
        nearest = next((one for one in above(entity, parents) if (one, broken_down) in found), None)
        if nearest is not None:
            below[nearest, broken_down].append(name_of(place, entity, broken_down))
    for (entity, broken_down), parts in below.items():
        total = name_of(place, entity, broken_down)
        own = Cell(f"{total}|own", cells[total].k, least=0, attacked=False)
        cells[own.id] = own
        yield Sum(total, [*parts, own.id])


def _narrow(cells: dict[str, Cell], place: Place, share: Told) -> None:
    """A share tells its n, and how many of them it is made of."""
    n, r = share.n or 0, share.value or 0
    low, high = (r if r in (0, 100) else r - 0.5), (r if r in (0, 100) else r + 0.5)
    if r in (1, 99):  # never rounded to nobody or everybody
        low, high = (0, 1.5) if r == 1 else (98.5, 100)
    bounds = {
        name_of(place, share.entity, ""): (n, n),
        name_of(place, share.entity, f"kind={_PARTS[share.metric]}"): (
            ceil(n * low / 100), floor(n * high / 100),
        ),
    }  # fmt: skip
    for name, (least, most) in bounds.items():
        if name in cells and cells[name].value is None:
            cell = cells[name]
            cells[name] = msgspec.structs.replace(
                cell,
                least=max(cell.least, least),
                most=most if cell.most is None else min(cell.most, most),
            )
