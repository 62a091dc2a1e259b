"""Puts a round together from the tree, the forms and what the metrics API knows as returned."""

from collections.abc import Sequence

from reporting.domain.returns import DivisionRound, Organisation
from reporting.parts import Parts


async def divisions_of(parts: Parts, year: int) -> tuple[Sequence[DivisionRound], Organisation]:
    """Every division in the round of a year, and the tree at the year's end.

    Raises:
        Unavailable: the metrics API cannot be read.
    """
    organisation = await organisation_of(parts, year)
    live = await parts.metrics.participation(year)
    returned = [one.entity for one in live.service_entities if one.returned]
    forms = await parts.returns.forms(year)
    return organisation.rounds(year, forms, returned), organisation


async def organisation_of(parts: Parts, year: int) -> Organisation:
    """The tree at a year's end.

    Raises:
        Unavailable: the metrics API cannot be read.
    """
    return Organisation(await parts.metrics.entities(), year)
