"""Stores what becomes of feedback and of statutory cases, by the rules of `domain.lives`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from metrics.domain.changes import ChangedCell
from metrics.domain.lives import FIRST, Life, LifeEvent, LifeKey, Mark, key_of, lived

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "feedback": (
        "entity", "received_at", "day", "kind", "answer_requested", "contact_left",
        "answer_possible", "language", "themes", "answered_day", "reacted_day", "withdrawn_day",
    ),
    "complaints": (
        "entity", "day", "kind", "authority", "reasons", "decided_day", "outcome",
    ),
}  # fmt: skip
"""By table; its columns are named as the fields are."""

_IDS: Final = {"feedback": "feedback_id", "complaints": "case_id"}

_DAYS: Final = ("day", "decided_day")
"""Fields that say on which day a figure counts a life."""


def merge(
    cursor: psycopg.Cursor[Any], told: Sequence[LifeEvent], zone: ZoneInfo
) -> tuple[list[bool], set[ChangedCell]]:
    """Merges what events tell with what is stored.

    Locks each row before it reads it, all in one order, so that what others tell meanwhile of the
    same feedback, from another partition, is neither lost nor waited for in a circle.

    Returns:
        For each event whether it told anything new, and the cells that changed.
    """
    keys = sorted({key_of(event) for event in told})
    before = {key: life for kind in _FIELDS for key, life in _locked(cursor, kind, keys)}
    after = dict(before)
    news = []
    for event in told:
        key = key_of(event)
        life = lived(after[key], event, zone)
        news.append(life is not after[key])
        after[key] = life
    changed = [key for key in keys if after[key] is not before[key]]
    for kind in _FIELDS:
        _write(cursor, kind, [(key, after[key]) for key in changed if key.kind == kind])
    return news, {
        cell for key in changed for life in (before[key], after[key]) for cell in _cells(key, life)
    }


def _locked(
    cursor: psycopg.Cursor[Any], kind: str, keys: Sequence[LifeKey]
) -> list[tuple[LifeKey, Life]]:
    wanted = [key for key in keys if key.kind == kind]
    if not wanted:
        return []
    names = _FIELDS[kind]
    identity = _IDS[kind]
    whose = ([key.source for key in wanted], [key.id for key in wanted])
    cursor.execute(
        f"INSERT INTO {kind} (source, {identity})"
        " SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING",
        whose,
    )
    rows = cursor.execute(
        f"SELECT source, {identity}, merged_time, merged_id, marks, {', '.join(names)}"
        f" FROM {kind} WHERE (source, {identity}) IN"
        " (SELECT * FROM unnest(%s::text[], %s::text[]))"
        f" ORDER BY source, {identity} FOR UPDATE",
        whose,
    ).fetchall()
    found = []
    for source, life_id, merged_time, merged_id, stored, *values in rows:
        fields = {
            name: value for name, value in zip(names, values, strict=True) if value is not None
        }
        marks = {
            name: Mark(datetime.fromisoformat(time), by) for name, (time, by) in stored.items()
        }
        if merged_time is not None:  # by a version that kept one mark for all fields
            whole = Mark(merged_time, merged_id)
            marks = {**dict.fromkeys(fields.keys() - FIRST, whole), **marks}
        key = LifeKey("feedback" if kind == "feedback" else "complaints", source, life_id)
        found.append((key, Life(fields, marks)))
    return found


def _write(cursor: psycopg.Cursor[Any], kind: str, lives: Sequence[tuple[LifeKey, Life]]) -> None:
    if not lives:
        return
    names = _FIELDS[kind]
    cursor.executemany(
        f"UPDATE {kind} SET {', '.join(f'{name} = %s' for name in names)}, marks = %s,"
        f" updated_at = now() WHERE source = %s AND {_IDS[kind]} = %s",
        [
            (
                *(life.fields.get(name) for name in names),
                Jsonb(
                    {name: [mark.time.isoformat(), mark.id] for name, mark in life.marks.items()}
                ),
                key.source,
                key.id,
            )
            for key, life in lives
        ],
    )


def _cells(key: LifeKey, life: Life) -> list[ChangedCell]:
    """Where a life counts; nowhere before its entity and day are known."""
    return [
        ChangedCell(life.fields["entity"], life.fields[name].toordinal(), key.kind)
        for name in _DAYS
        if "entity" in life.fields and name in life.fields
    ]
