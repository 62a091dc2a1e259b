"""Stores contacts to the ombudsperson, and counts of statutory channels for a period."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from kokemus.contracts import events
from metrics.domain.changes import ChangedCell, Kind
from metrics.domain.contacts import Contacted, Contacts

Cursor = psycopg.Cursor[Any]


def add_contacts(cursor: Cursor, contacts: Mapping[Contacted, Contacts]) -> set[ChangedCell]:
    """Adds contacts and matters to their cells; returns the cells that changed."""
    if contacts:
        cursor.executemany(
            "INSERT INTO ombudsman_counts AS c (entity, source, day, field, contacts, matters)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (entity, source, day, field) DO UPDATE"
            " SET contacts = c.contacts + excluded.contacts,"
            " matters = c.matters + excluded.matters, updated_at = now()",
            [(*cell, contacts[cell].contacts, contacts[cell].matters) for cell in sorted(contacts)],
        )
        cursor.executemany(
            "INSERT INTO matter_counts AS c (entity, source, day, field, matter, count)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (entity, source, day, field, matter)"
            " DO UPDATE SET count = c.count + excluded.count",
            [
                (*cell, matter, count)
                for cell in sorted(contacts)
                for matter, count in sorted(contacts[cell].by_matter.items())
            ],
        )
    return {ChangedCell(cell.entity, cell.day.toordinal(), "ombudsman") for cell in contacts}


def summarise(
    cursor: Cursor,
    event: events.ComplaintSummarised | events.OmbudsmanSummarised,
    zone: ZoneInfo,
    changed: set[ChangedCell],
) -> bool:
    """Keeps one observation of a period; which one stands is settled when it is read.

    Raises:
        psycopg.DataError: `as_of` names no day.
    """
    counts: dict[str, int | None]
    kind: Kind
    code: str | None
    reasons: list[str] = []
    if isinstance(event, events.ComplaintSummarised):
        kind, code, counts = "complaints", event.data.kind, {"complaints": event.data.count}
        reasons = event.data.reasons
    else:
        kind, code = "ombudsman", event.data.field
        counts = {"contacts": event.data.contacts, "matters": event.data.matters}
    try:
        as_of = event.data.known_at(zone)
    except ValueError as error:
        raise psycopg.DataError("as_of is no day") from error
    new = 0
    for measure, count in counts.items():
        new += cursor.execute(
            "INSERT INTO summaries (source, event_id, measure, entity, code, period_start,"
            " period_end, as_of, count, reasons) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (
                event.source,
                event.id,
                measure,
                event.subject,
                code or "",
                event.data.period_start,
                event.data.period_end,
                as_of,
                count,
                reasons,
            ),
        ).rowcount
    if new:
        changed.add(ChangedCell(event.subject, event.data.period_end.toordinal(), kind))
    return new > 0
