"""Finding entities: the tree of the start page, and the search by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reporting.domain.editions import Edition
from reporting.domain.languages import Language
from reporting.domain.releases import Entity

LISTED_WITH_UNITS: Final = 300
"""Entities up to which the start page lists every unit: it stays under 100 kB."""
FOUND_SHOWN: Final = 100


@dataclass(frozen=True)
class Branch:
    """An entity in the tree of the start page, with what hangs below it."""

    id: str
    name: str
    kind: str
    below: Sequence["Branch"]
    units: Sequence["Branch"]
    """What hangs below it and is a unit."""


def tree(edition: Edition, language: Language, parent: str | None = None) -> list[Branch]:
    """Entities from the tops down, sorted by name on each level.

    Where there are many, units are left to the search and to their services' pages.
    """
    units = len(edition.entities) <= LISTED_WITH_UNITS
    found = []
    for one in by_name(edition.children(parent), language):
        if one.kind == "unit" and not units:
            continue
        below = tree(edition, language, one.id)
        found.append(
            Branch(
                one.id,
                language.of(one.names),
                language.word(one.kind),
                [branch for branch in below if edition.entities[branch.id].kind != "unit"],
                [branch for branch in below if edition.entities[branch.id].kind == "unit"],
            )
        )
    return found


def by_name(entities: Sequence[Entity], language: Language) -> list[Entity]:
    """The entities as the language sorts their names."""
    return sorted(entities, key=lambda one: (language.sort_key(language.of(one.names)), one.id))


def matching(edition: Edition, query: str, language: Language) -> list[Entity]:
    """The first entities by name whose name in any language holds every word of the query."""
    words = query.casefold().split()
    found = [
        one
        for one in edition.entities.values()
        if all(any(word in name for name in _names(one)) for word in words)
    ]  # fmt: skip
    return by_name(found, language)[:FOUND_SHOWN]


def _names(entity: Entity) -> list[str]:
    names = entity.names
    return [one.casefold() for one in (names.fi, names.sv, names.en) if one]
