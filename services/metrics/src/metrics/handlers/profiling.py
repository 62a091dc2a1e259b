"""Puts profiles of experience together from the figures of the service entities."""

from collections import defaultdict

from sqlalchemy import Connection

from metrics.domain.answering import answer
from metrics.domain.cell_readers import Context
from metrics.domain.comparing import changed
from metrics.domain.profiles import JUDGED_BY, Profile, profile, twelve_months
from metrics.domain.query import Query
from metrics.storage import profile_reading, reading


def profiles(connection: Connection, context: Context) -> dict[str, dict[int, Profile]]:
    """The profile of each division or city that was asked for, by number of the period."""
    asked = [target.entity for target in context.found.targets]
    found: dict[str, dict[int, Profile]] = defaultdict(dict)
    for number, period in enumerate(context.query.periods):
        window = twelve_months(period.span.last)
        under = profile_reading.service_entities(connection, asked, window.last)
        if not under:
            continue
        query = Query(
            definitions=tuple(context.catalogue.definitions[one] for one in JUDGED_BY),
            entities=tuple(sorted({*under, *frozenset[str]().union(*under.values())})),
            asked=window,
            today=context.query.today,
            channel=context.query.channel,
            change="year",
        )
        now = _context(connection, query, context)
        earlier = query.earlier
        if earlier is None:
            continue
        before = _context(connection, earlier, context)
        rows, rows_before = answer(now), answer(before)
        for whole, entities in under.items():
            listed = [one for one in rows if one.place.entity in entities]
            of_whole = [one for one in rows if one.place.entity == whole]
            judged = [*changed(now, listed, before, rows_before), *of_whole]
            found[whole][number] = profile(window, whole, entities, judged, rows_before)
    return found


def _context(connection: Connection, query: Query, like: Context) -> Context:
    found = reading.read(connection, query, lambda _: None)
    return Context(query, found, like.catalogue, like.zone)
