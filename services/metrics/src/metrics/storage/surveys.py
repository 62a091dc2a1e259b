"""Stores surveys, the answers of each response, and results that were published."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from kokemus.contracts import events
from metrics.domain.changes import ChangedCell, Kind
from metrics.domain.surveys import Answered, question_of

Cursor = psycopg.Cursor[Any]


def add_answers(cursor: Cursor, answers: Mapping[Answered, int]) -> set[ChangedCell]:
    """Adds answers to their responses, or takes them back; returns the cells that changed."""
    if answers:
        cursor.executemany(
            "INSERT INTO survey_answers AS a (survey_id, wave, source, response_id, entity,"
            " question, scale, day, value, count)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (survey_id, wave, source, response_id, question, entity, scale, day,"
            " value) DO UPDATE SET count = a.count + excluded.count, updated_at = now()",
            [
                (
                    part.survey_id,
                    part.wave,
                    part.source,
                    part.response_id,
                    part.entity,
                    part.question,
                    part.scale,
                    part.day,
                    part.value,
                    amount,
                )
                for part, amount in sorted(answers.items())
            ],
        )
    return {ChangedCell(part.entity, part.day.toordinal(), "surveys") for part in answers}


_DEFINE: Final = """
INSERT INTO survey_waves AS s
    (source, survey_id, wave, sampling, customers, offered, merged_time, merged_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, survey_id, wave) DO UPDATE SET sampling = excluded.sampling,
    customers = excluded.customers, offered = excluded.offered,
    merged_time = excluded.merged_time, merged_id = excluded.merged_id
WHERE (s.merged_time, s.merged_id) < (excluded.merged_time, excluded.merged_id)
"""

_ASK: Final = """
INSERT INTO survey_questions AS q (source, id, family, scale, wording, merged_time, merged_id)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, id) DO UPDATE SET family = excluded.family, scale = excluded.scale,
    wording = excluded.wording, merged_time = excluded.merged_time, merged_id = excluded.merged_id
WHERE (q.merged_time, q.merged_id) < (excluded.merged_time, excluded.merged_id)
"""


_TOUCHED: Final = """
SELECT entity, day FROM survey_answers WHERE (source, survey_id) = (%(source)s, %(survey)s)
UNION SELECT entity, period_end FROM survey_results
WHERE (source, survey_id) = (%(source)s, %(survey)s)
"""

_KINDS: Final[tuple[Kind, ...]] = ("surveys", "presses")


def define(cursor: Cursor, event: events.SurveyDefined, changed: set[ChangedCell]) -> bool:
    """Merges a wave of its source's: the greatest (time, id) says who was asked, and what."""
    survey = event.data
    stamp = event.time, event.id
    won = (
        cursor.execute(
            _DEFINE,
            (
                event.source,
                survey.survey_id,
                survey.wave,
                survey.sampling,
                survey.customers,
                survey.offered,
                *stamp,
            ),
        ).rowcount
        == 1
    )
    for question in sorted(survey.questions, key=lambda one: one.question_id):
        wording = question.wording
        won |= (
            cursor.execute(
                _ASK,
                (
                    event.source,
                    f"{survey.survey_id}/{question.question_id}",
                    question.family,
                    question.scale,
                    None if wording is None else Jsonb(msgspec.to_builtins(wording)),
                    *stamp,
                ),
            ).rowcount
            == 1
        )
    if won:  # questions hold for every wave, and for what was published of them
        touched = {"source": event.source, "survey": survey.survey_id}
        rows = cursor.execute(_TOUCHED, touched).fetchall()
        changed |= {
            ChangedCell(entity, day.toordinal(), kind) for entity, day in rows for kind in _KINDS
        }
    return won


def publish(
    cursor: Cursor, event: events.SurveyResulted, zone: ZoneInfo, changed: set[ChangedCell]
) -> bool:
    """Keeps one published result; which one stands is settled when it is read.

    Raises:
        psycopg.DataError: `as_of` names no day.
    """
    result = event.data
    try:
        as_of = result.known_at(zone)
    except ValueError:
        raise psycopg.DataError("as_of names no day") from None
    won = (
        cursor.execute(
            "INSERT INTO survey_results (source, event_id, entity, survey_id, wave, question,"
            " scale, period_start, period_end, as_of, known_day, mean, n, range_low, range_high)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (
                event.source,
                event.id,
                event.subject,
                result.survey_id,
                result.wave,
                question_of(result),
                result.scale,
                result.period_start,
                result.period_end,
                as_of,
                as_of.astimezone(zone).date(),
                result.mean,
                result.n,
                result.min,
                result.max,
            ),
        ).rowcount
        == 1
    )
    if won:
        changed.add(ChangedCell(event.subject, result.period_end.toordinal(), "presses"))
    return won
