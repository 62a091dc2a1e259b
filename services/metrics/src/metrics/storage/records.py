"""What events change besides the sums of presses: records that merge, and counts of rare things.

Things with an id of their own keep the greatest (time, id); so order and repetition are free.
"""

from collections.abc import Sequence
from typing import Any, Final, LiteralString
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from kokemus.contracts import events
from kokemus.contracts.events import EntityId
from metrics.domain.ancestry import Validity, closure
from metrics.domain.batches import Forgotten, Record
from metrics.domain.changes import ChangedCell
from metrics.domain.lives import LifeEvent
from metrics.domain.presses import Effects
from metrics.storage import lives, participation, statutory, surveys

Cursor = psycopg.Cursor[Any]


def add_effects(cursor: Cursor, effects: Effects) -> set[ChangedCell]:
    """Adds follow-ups and period counts; returns the cells that changed."""
    if effects.reasons:
        cursor.executemany(
            "INSERT INTO reason_counts AS c"
            " (entity, source, device, channel, day, polarity, reason, count)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (entity, source, device, channel, day, polarity, reason)"
            " DO UPDATE SET count = c.count + excluded.count, updated_at = now()",
            [(*cell, amount) for cell, amount in sorted(effects.reasons.items())],
        )
    if effects.periods:
        cursor.executemany(
            "INSERT INTO period_counts (entity, source, channel, scale, question, period_start,"
            " period_end, as_of, event_id, counts)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (
                    count.entity,
                    count.source,
                    count.data.channel,
                    count.data.scale,
                    count.data.question_id,
                    count.data.period_start,
                    count.data.period_end,
                    count.data.as_of,
                    count.event_id,
                    count.data.counts,
                )
                for count in effects.periods
            ],
        )
    return {
        *(ChangedCell(cell.entity, cell.day.toordinal(), "reasons") for cell in effects.reasons),
        *(
            ChangedCell(count.entity, count.data.period_end.toordinal(), "presses")
            for count in effects.periods
        ),
        *statutory.add_contacts(cursor, effects.contacts),
        *surveys.add_answers(cursor, effects.answers),
    }


def apply(
    cursor: Cursor, records: Sequence[Record], zone: ZoneInfo
) -> tuple[list[bool], set[ChangedCell]]:
    """Merges records in the order given.

    Returns:
        For each record whether it changed anything, and the cells that changed.
    """
    won = []
    told = [record for record in records if isinstance(record, LifeEvent)]
    news, changed = lives.merge(cursor, told, zone)
    life_news = iter(news)
    registry = False
    for record in records:
        match record:
            case _ if isinstance(record, LifeEvent):
                did = next(life_news)
            case events.ComplaintSummarised() | events.OmbudsmanSummarised():
                did = statutory.summarise(cursor, record, zone, changed)
            case events.SurveyDefined():
                did = surveys.define(cursor, record, changed)
            case events.SurveyResulted():
                did = surveys.publish(cursor, record, zone, changed)
            case events.MethodReported() | events.GamePlayed() | events.PracticeReported():
                did = participation.merge(cursor, record, zone, changed)
            case events.FigureReported():
                did = _report(cursor, record, changed)
            case events.SourcePolled():
                did = _poll(cursor, record)
            case _:
                did = registry_changed = _register(cursor, record)
                registry |= registry_changed
        won.append(did)
    if registry:
        _rebuild_ancestry(cursor)
    return won, changed


def _register(cursor: Cursor, record: Record) -> bool:
    """Merges what the registry says; whether it changed."""
    match record:
        case events.EntityDefined():
            return _define_entity(cursor, record)
        case events.DevicePlaced():
            return _place_device(cursor, record)
        case events.QuestionDefined() | events.SeriesBroken():
            return _define(cursor, record)
        case Forgotten():
            return _forget(cursor, record.key)
        case _:
            return False


def _report(cursor: Cursor, event: events.FigureReported, changed: set[ChangedCell]) -> bool:
    figure = event.data
    won = (
        cursor.execute(
            "INSERT INTO reported_figures (source, event_id, entity, metric, channel, scale,"
            " period_start, period_end, as_of, value, decimals, n, approx, range_low, range_high,"
            " source_document) VALUES"
            " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (
                event.source,
                event.id,
                event.subject,
                figure.metric,
                figure.channel,
                figure.scale,
                figure.period_start,
                figure.period_end,
                figure.as_of,
                figure.value,
                figure.decimals,
                figure.n,
                figure.approx,
                figure.range_low,
                figure.range_high,
                figure.source_document,
            ),
        ).rowcount
        == 1
    )
    if won:
        changed.add(ChangedCell(event.subject, figure.period_end.toordinal(), "reported"))
    return won


def _poll(cursor: Cursor, event: events.SourcePolled) -> bool:
    return (
        cursor.execute(
            "INSERT INTO sources AS s (source, data, polled_at, merged_time, merged_id)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (source) DO UPDATE SET data = excluded.data,"
            " polled_at = excluded.polled_at, merged_time = excluded.merged_time,"
            " merged_id = excluded.merged_id"
            " WHERE (s.merged_time, s.merged_id) < (excluded.merged_time, excluded.merged_id)",
            (
                event.data.source,
                Jsonb(msgspec.to_builtins(event.data)),
                event.time,
                event.time,
                event.id,
            ),
        ).rowcount
        == 1
    )


def _define_entity(cursor: Cursor, event: events.EntityDefined) -> bool:
    won = (
        cursor.execute(
            "INSERT INTO entities AS e (id, kind, service_map_id, merged_time, merged_id)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind,"
            " service_map_id = excluded.service_map_id, merged_time = excluded.merged_time,"
            " merged_id = excluded.merged_id"
            " WHERE (e.merged_time, e.merged_id) < (excluded.merged_time, excluded.merged_id)",
            (event.subject, event.data.kind, event.data.service_map_id, event.time, event.id),
        ).rowcount
        == 1
    )
    if won:
        cursor.execute("DELETE FROM entity_validities WHERE entity_id = %s", (event.subject,))
        cursor.executemany(
            "INSERT INTO entity_validities"
            " (entity_id, parent, name_fi, name_sv, name_en, valid_from, valid_to)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    event.subject,
                    v.parent,
                    v.names.fi,
                    v.names.sv,
                    v.names.en,
                    v.valid_from,
                    v.valid_to,
                )
                for v in event.data.validities
            ],
        )
    return won


def _place_device(cursor: Cursor, event: events.DevicePlaced) -> bool:
    device = event.data
    # The subject follows from source and id, as the poller writes it, whatever the event says.
    subject = f"device.{device.source}.{device.device_id}"
    won = (
        cursor.execute(
            "INSERT INTO devices AS d (subject, source, device_id, merged_time, merged_id)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (subject) DO UPDATE SET"
            " merged_time = excluded.merged_time, merged_id = excluded.merged_id"
            " WHERE (d.merged_time, d.merged_id) < (excluded.merged_time, excluded.merged_id)",
            (subject, device.source, device.device_id, event.time, event.id),
        ).rowcount
        == 1
    )
    if won:
        cursor.execute("DELETE FROM device_places WHERE subject = %s", (subject,))
        cursor.executemany(
            "INSERT INTO device_places (subject, source, device_id, entity, valid_from, valid_to)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (subject, device.source, device.device_id, v.entity, v.valid_from, v.valid_to)
                for v in device.validities
            ],
        )
    return won


def _define(cursor: Cursor, event: events.QuestionDefined | events.SeriesBroken) -> bool:
    if isinstance(event, events.QuestionDefined):
        wording = event.data.wording
        return (
            cursor.execute(
                "INSERT INTO questions AS q (id, family, scale, wording, merged_time, merged_id)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET"
                " family = excluded.family, scale = excluded.scale, wording = excluded.wording,"
                " merged_time = excluded.merged_time, merged_id = excluded.merged_id"
                " WHERE (q.merged_time, q.merged_id)"
                " < (excluded.merged_time, excluded.merged_id)",
                (
                    event.subject,
                    event.data.family,
                    event.data.scale,
                    None if wording is None else Jsonb(msgspec.to_builtins(wording)),
                    event.time,
                    event.id,
                ),
            ).rowcount
            == 1
        )
    mark = event.data
    return (
        cursor.execute(
            "INSERT INTO series_breaks AS b"
            " (break_id, entity, date, metric, channel, kind, what, merged_time, merged_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (break_id) DO UPDATE SET"
            " entity = excluded.entity, date = excluded.date, metric = excluded.metric,"
            " channel = excluded.channel, kind = excluded.kind, what = excluded.what,"
            " merged_time = excluded.merged_time, merged_id = excluded.merged_id"
            " WHERE (b.merged_time, b.merged_id) < (excluded.merged_time, excluded.merged_id)",
            (
                mark.break_id,
                event.subject,
                mark.date,
                mark.metric,
                mark.channel,
                mark.kind,
                Jsonb(msgspec.to_builtins(mark.what)),
                event.time,
                event.id,
            ),
        ).rowcount
        == 1
    )


_FORGET: Final[dict[str, LiteralString]] = {
    "entity": "DELETE FROM entities WHERE id = %s",
    "device": "DELETE FROM devices WHERE source || '/' || device_id = %s",
    "question": "DELETE FROM questions WHERE id = %s",
    "break": "DELETE FROM series_breaks WHERE break_id = %s",
}


def _forget(cursor: Cursor, key: str) -> bool:
    kind, _, identity = key.partition("/")
    statement = _FORGET.get(kind)
    if statement is None:
        return False
    return cursor.execute(statement, (identity,)).rowcount > 0


def _rebuild_ancestry(cursor: Cursor) -> None:
    """Works out who stands under whom anew; two at once wait for each other."""
    cursor.execute("UPDATE registry_version SET version = version + 1")
    entities: dict[EntityId, list[Validity]] = {}
    for entity, parent, first, last in cursor.execute(
        "SELECT id, parent, valid_from, valid_to FROM entities"
        " LEFT JOIN entity_validities ON entity_id = id ORDER BY id, valid_from"
    ).fetchall():
        validities = entities.setdefault(entity, [])
        if first is not None:
            validities.append(Validity(parent, first, last))
    devices: dict[EntityId, list[Validity]] = {}
    for subject, parent, first, last in cursor.execute(
        "SELECT subject, entity, valid_from, valid_to FROM device_places"
        " ORDER BY subject, valid_from"
    ).fetchall():
        devices.setdefault(subject, []).append(Validity(parent, first, last))
    cursor.execute("DELETE FROM ancestry")
    with cursor.copy("COPY ancestry FROM STDIN") as copy:
        for row in closure(entities, devices).rows:
            copy.write_row(
                (
                    row.ancestor,
                    row.descendant,
                    row.valid_from or "-infinity",
                    row.valid_to or "infinity",
                )
            )
