"""The tree of the desk: who sees which entity, what hangs where, and what broke there."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from reporting.domain.languages import N_, Language
from reporting.domain.live import LiveBreak, LiveEntity
from reporting.domain.people import Person, Role
from reporting.domain.releases import Entity

_RESPONSIBLE: Final = {
    "city": N_("kansliapäällikkö"),
    "division": N_("toimialajohtaja"),
    "service_entity": N_("palvelukokonaisuuden johtaja"),
    "service": N_("palvelupäällikkö"),
    "unit": N_("yksikön esihenkilö"),
}
"""Who answers for an entity, by its kind: a role, and never a name."""


def entities_on(live: Iterable[LiveEntity], day: date) -> dict[str, Entity]:
    """The tree as it stands on a day: entities that ended before or begin later are left out."""
    found = {}
    for one in live:
        for validity in one.validities:
            if validity.valid_from <= day and (validity.valid_to or day) >= day:
                found[one.id] = Entity(one.id, one.kind, validity.parent, validity.names)
    return found


def path(entities: Mapping[str, Entity], entity: str) -> list[Entity]:
    """The entities from the top to this one, itself included."""
    found: list[Entity] = []
    current: str | None = entity
    while current is not None and current in entities and entities[current] not in found:
        found.append(entities[current])
        current = entities[current].parent
    return found[::-1]


def answers_for(
    person: Person, roles: frozenset[Role], entity: str, tree: Mapping[str, Entity]
) -> bool:
    """Whether one of the person's roles is among these, for the entity or for one above it."""
    above = [one.id for one in path(tree, entity)] or [entity]
    return any(person.may(roles, one) for one in above)


def may_see(person: Person, entity: str, tree: Mapping[str, Entity]) -> bool:
    """Whether the person sees the live figures of an entity.

    Those whose roles hold in some entities see these and what is below them.
    """
    own = person.entities
    return own is None or entity in own or any(one.id in own for one in path(tree, entity))


def within(entity: str, tree: Mapping[str, Entity]) -> list[str]:
    """The entity and all that is below it."""
    return [id_ for id_ in tree if any(one.id == entity for one in path(tree, id_))] or [entity]


def breaks_of(
    breaks: Iterable[LiveBreak],
    above: Sequence[Entity],
    span: tuple[date, date],
    language: Language,
) -> list[tuple[str, str, str]]:
    """The breaks in an entity's series within a span, by day: the day, the series, what it was."""
    ids = {one.id for one in above}
    found = sorted(
        (one for one in breaks if one.entity in ids and span[0] <= one.date <= span[1]),
        key=lambda one: (one.date, one.channel, one.metric),
    )
    rows = (
        (language.day(one.date), language.word(f"channel.{one.channel}"), language.of(one.what))
        for one in found
    )
    return list(dict.fromkeys(rows))


def responsible(entity: Entity, language: Language) -> str:
    """The role that answers for an entity; empty for a kind that the city has not got."""
    return language.say(_RESPONSIBLE[entity.kind]) if entity.kind in _RESPONSIBLE else ""
