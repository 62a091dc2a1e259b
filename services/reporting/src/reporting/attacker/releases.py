"""Attacks releases as they are published, whatever way they were made."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from reporting.attacker.bounding import Attack, Impossible, attack
from reporting.attacker.means import Mean, means
from reporting.attacker.published import Release
from reporting.attacker.reading import Published, together


class Verdict(NamedTuple):
    """What an attacker with these releases knows.

    Attributes:
        told: every hidden count with its bounds.
        means: hidden means that are known too closely.
        known: how many counts are published.
    """

    told: Sequence[Attack]
    means: Sequence[Mean]
    known: int

    @property
    def fallen(self) -> list[str]:
        """The names of what is known too closely."""
        return sorted(
            [one.cell.id for one in self.told if one.falls] + [one.id for one in self.means]
        )


def attack_together(
    releases: Sequence[bytes], few: Collection[str] = (), *, exact: bool = False
) -> Verdict:
    """Bounds what releases hide by everything that they tell together.

    Args:
        releases: as `/v1/releases/{id}` gives them, the newest last.
        few: the names of counts behind which few persons stand, which only the house knows; they
            need more room than others.
        exact: bounds every count to the last.

    Raises:
        msgspec.MsgspecError: one of them is no release.
        ValueError: two of them give one count different values.
        Impossible: no counts at all fit what is published.
    """
    published = [msgspec.json.decode(one, type=Published) for one in releases]
    release = _judged(together(published), few)
    try:
        told = attack(release, exact=exact)
    except Impossible:
        told = attack(_judged(together(published, tree=False), few), exact=exact)
    bounds = {one.cell.id: (one.lowest, one.highest) for one in told}
    known = sum(one.value is not None for one in release.cells)
    return Verdict(told, means(published[-1], bounds), known)


def _judged(release: Release, few: Collection[str]) -> Release:
    return Release(
        [
            msgspec.structs.replace(one, primary=True) if one.id in few else one
            for one in release.cells
        ],
        release.equations,
    )
