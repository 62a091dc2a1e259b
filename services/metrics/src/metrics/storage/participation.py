"""Stores what entities return of participation: of each thing the greatest (time, id) holds.

Ways and practices are the entity's, whichever source returns them, so that a form may correct what
came in a table; ids are a source's own, so where two agree in time and id the source decides.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from kokemus.contracts import events
from metrics.domain.changes import ChangedCell
from metrics.domain.participation import last_day

Cursor = psycopg.Cursor[Any]

ParticipationEvent = events.MethodReported | events.GamePlayed | events.PracticeReported


def merge(
    cursor: Cursor, event: ParticipationEvent, zone: ZoneInfo, changed: set[ChangedCell]
) -> bool:
    """Keeps what an event says unless newer is known; whether it changed anything."""
    match event:
        case events.MethodReported():
            return _report(cursor, event, changed)
        case events.GamePlayed():
            return _play(cursor, event, zone, changed)
        case events.PracticeReported():
            return _practice(cursor, event, zone, changed)


def _mark(event: events.MethodReported | events.PracticeReported) -> tuple[datetime, str]:
    return event.time, f"{event.id} {event.source}"


def _report(cursor: Cursor, event: events.MethodReported, changed: set[ChangedCell]) -> bool:
    report = event.data
    won = (
        cursor.execute(
            "INSERT INTO method_reports AS r"
            " (entity, year, level, method, volume, merged_time, merged_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (entity, year, level, method) DO UPDATE SET volume = excluded.volume,"
            " merged_time = excluded.merged_time, merged_id = excluded.merged_id,"
            " updated_at = now()"
            " WHERE (r.merged_time, r.merged_id) < (excluded.merged_time, excluded.merged_id)",
            (
                event.subject,
                report.year,
                report.level,
                report.method,
                report.volume,
                *_mark(event),
            ),
        ).rowcount
        == 1
    )
    if won:
        day = last_day(report.year).toordinal()
        changed.add(ChangedCell(event.subject, day, "participation"))
    return won


def _play(
    cursor: Cursor, event: events.GamePlayed, zone: ZoneInfo, changed: set[ChangedCell]
) -> bool:
    game, day = event.data, event.time.astimezone(zone).date()
    cursor.execute(
        "SELECT entity, day FROM games WHERE source = %s AND game_id = %s FOR UPDATE",
        (event.source, game.game_id),
    )
    before = cursor.fetchall()
    won = (
        cursor.execute(
            "INSERT INTO games AS g"
            " (source, game_id, entity, day, measures, actions, merged_time, merged_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (source, game_id) DO UPDATE SET entity = excluded.entity,"
            " day = excluded.day, measures = excluded.measures, actions = excluded.actions,"
            " merged_time = excluded.merged_time, merged_id = excluded.merged_id,"
            " updated_at = now()"
            " WHERE (g.merged_time, g.merged_id) < (excluded.merged_time, excluded.merged_id)",
            (
                event.source,
                game.game_id,
                event.subject,
                day,
                Jsonb(msgspec.to_builtins(game.measures)),
                Jsonb(msgspec.to_builtins(game.actions)),
                event.time,
                event.id,
            ),
        ).rowcount
        == 1
    )
    if won:
        places = [*before, (event.subject, day)]
        changed.update(ChangedCell(entity, on.toordinal(), "games") for entity, on in places)
    return won


def _practice(
    cursor: Cursor, event: events.PracticeReported, zone: ZoneInfo, changed: set[ChangedCell]
) -> bool:
    day = event.time.astimezone(zone).date()
    won = (
        cursor.execute(
            "INSERT INTO practices AS p (entity, day, data, merged_time, merged_id)"
            " VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (entity, day) DO UPDATE SET data = excluded.data,"
            " merged_time = excluded.merged_time, merged_id = excluded.merged_id,"
            " updated_at = now()"
            " WHERE (p.merged_time, p.merged_id) < (excluded.merged_time, excluded.merged_id)",
            (event.subject, day, Jsonb(msgspec.to_builtins(event.data)), *_mark(event)),
        ).rowcount
        == 1
    )
    if won:
        changed.add(ChangedCell(event.subject, day.toordinal(), "practices"))
    return won
