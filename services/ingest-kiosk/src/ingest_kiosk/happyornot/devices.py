"""The vendor's devices and points as a table that an operator fills in. Pure.

Nothing is guessed about the city's units: the vendor's names stand beside each device, and the
column `entity` is for the person who knows.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from ingest_kiosk.happyornot.mapping import ButtonFeedback

DEPTH: Final = 20
"""Deeper than any vendor's tree: a ring of groups ends here."""


class ExperiencePoint(msgspec.Struct, frozen=True, rename="camel"):
    """A place for feedback, or a group of such places."""

    experience_point_id: int
    name: str
    parent: int | None = None


class Smiley(msgspec.Struct, frozen=True, rename="camel"):
    """A device, or a digital one."""

    smiley_id: int
    name: str = ""


class Line(NamedTuple):
    """A device at a point; `entity` and `valid_to` are for the operator."""

    source: str
    device_id: str
    entity: str
    valid_from: str
    valid_to: str
    device: str
    point: str


def listing(
    source: str,
    smileys: Iterable[Smiley],
    points: Iterable[ExperiencePoint],
    presses: Iterable[ButtonFeedback],
) -> list[Line]:
    """A line for each device at each point where it was pressed, from its first day there.

    Devices that were not heard from follow without a point.
    """
    names = {smiley.smiley_id: smiley.name for smiley in smileys}
    tree = {point.experience_point_id: point for point in points}
    first: dict[tuple[int, int], str] = {}
    for press in presses:
        seen = (press.smiley_id, press.experience_point_id)
        day = press.local_time.date().isoformat()
        first[seen] = min(day, first.get(seen, day))
    heard = [
        Line(source, str(device), "", day, "", names.get(device, ""), _path(tree, point))
        for (device, point), day in sorted(first.items())
    ]
    silent = sorted(set(names) - {device for device, _ in first})
    return heard + [Line(source, str(device), "", "", "", names[device], "") for device in silent]


def _path(tree: Mapping[int, ExperiencePoint], point: int) -> str:
    """A point's name after those of its groups."""
    names: list[str] = []
    node = tree.get(point)
    while node is not None and len(names) < DEPTH:
        names.insert(0, node.name)
        node = None if node.parent is None else tree.get(node.parent)
    return " / ".join(names)
