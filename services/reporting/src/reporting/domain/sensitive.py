"""Services of which nothing anonymous is told below the service: who came there says too much."""

from collections.abc import Iterable
from typing import Final

from reporting.domain.live import LiveEntity

STEMS: Final = ("mielenter", "päihde", "lastensuoj", "kouluterv")
"""Mental health, substance abuse, child protection and school health, in the Finnish name or the
id of a service, which writes ä as a."""


def below_sensitive(entities: Iterable[LiveEntity]) -> frozenset[str]:
    """The units that are of a sensitive service by their own name, or ever hung under one.

    Args:
        entities: the organisation tree with all its validities.
    """
    by_id = {one.id: one for one in entities}
    return frozenset(
        one.id
        for one in by_id.values()
        if one.kind == "unit" and any(_is_sensitive(above) for above in _up(one, by_id))
    )


def _up(entity: LiveEntity, by_id: dict[str, LiveEntity]) -> Iterable[LiveEntity]:
    """The entity and all that it ever hung under."""
    found: dict[str, LiveEntity] = {}
    waiting = [entity]
    while waiting:
        one = waiting.pop()
        if one.id not in found:
            found[one.id] = one
            parents = {validity.parent for validity in one.validities}
            waiting += [by_id[parent] for parent in parents if parent in by_id]
    return found.values()


def _is_sensitive(entity: LiveEntity) -> bool:
    """Whether a service or a unit says so; whole service entities are named after several."""
    if entity.kind not in {"service", "unit"}:
        return False
    words = [entity.id, *(validity.names.fi or "" for validity in entity.validities)]
    said = " ".join(words).lower().replace("ä", "a")
    return any(stem.replace("ä", "a") in said for stem in STEMS)
