"""Reads what surveys add to their answers: who was asked, who responded, what goes with what."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, get_args

from sqlalchemy import Connection

from metrics.domain.atoms import Leaf, plan
from metrics.domain.figures import Key, Sampling
from metrics.domain.found import Statement, Wave
from metrics.domain.periods import Span
from metrics.domain.query import Query
from metrics.storage.press_reading import PIECES, filters, piece_parameters
from metrics.storage.record_reading import PLACES

_SAMPLINGS: Final = f"""
SELECT p.atom, width_bucket(c.day, %(starts)s::date[]) - 1, array_agg(DISTINCT s.sampling)
FROM {PIECES} AS p(atom, series, first, last)
JOIN stream t ON t.series_id = p.series
JOIN day_counts c ON c.stream_id = t.id AND c.day BETWEEN p.first AND p.last
LEFT JOIN survey_waves s ON s.source = t.source AND s.survey_id || '/' || s.wave = t.device
WHERE c.day BETWEEN %(first)s AND %(last)s AND 0 < ANY (c.counts)
GROUP BY 1, 2
"""


def samplings(
    connection: Connection, found: Sequence[Leaf], starts: Sequence[date]
) -> dict[tuple[str, Key, int], Sampling]:
    """How those were chosen who answered, by entity, key and number of the period.

    Where several surveys meet, the one that tells least about others counts; so does a survey that
    nobody defined, as if whoever liked had answered.
    """
    planned = plan([leaf for leaf in found if leaf.key.channel == "survey"], "day")
    if not planned.days:
        return {}
    rows = connection.exec_driver_sql(_SAMPLINGS, piece_parameters(planned.days, starts))
    order: tuple[Sampling, ...] = get_args(Sampling)
    chosen: dict[tuple[str, Key, int], Sampling] = {}
    for atom, period, told in rows:
        key, entities = planned.atoms[atom]
        for entity in entities:
            cell = entity, key, period
            known = [chosen[cell]] if cell in chosen else []
            chosen[cell] = max([one or order[-1] for one in told] + known, key=order.index)
    return chosen


_WAVES: Final = (
    PLACES
    + """,
wave AS (
    SELECT source, survey_id, wave, min(day) AS first_day, max(updated_at) AS updated_at,
           count(DISTINCT response_id) AS responses
    FROM survey_answers WHERE count > 0 GROUP BY 1, 2, 3
)
SELECT p.ancestor, w.source, w.survey_id || '/' || w.wave,
       width_bucket(w.first_day, %(starts)s::date[]) - 1, w.responses, s.offered, s.customers,
       greatest(w.updated_at, s.merged_time)
FROM wave w
JOIN survey_waves s USING (source, survey_id, wave)
JOIN survey_answers r USING (source, survey_id, wave)
JOIN places p ON p.descendant = r.entity AND r.day BETWEEN p.valid_from AND p.valid_to
WHERE r.count > 0 AND w.first_day BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
HAVING count(DISTINCT r.response_id) = w.responses
"""
)


def waves(
    connection: Connection, query: Query, entities: Sequence[str], span: Span
) -> dict[str, list[Wave]]:
    """The waves that all of their respondents answered about the entity, by their first answer.

    Who was offered a survey is known of the whole wave only, so one that spans several entities
    has its rate where they meet.
    """
    found: dict[str, list[Wave]] = defaultdict(list)
    for entity, *wave in connection.exec_driver_sql(_WAVES, _parameters(query, entities, span)):
        found[entity].append(Wave(*wave))
    return found


_STATEMENTS: Final = (
    PLACES
    + """
SELECT p.ancestor, st.source, st.question, st.scale, width_bucket(st.day, %(starts)s::date[]) - 1,
       st.value, r.value, count(*), max(greatest(st.updated_at, r.updated_at))
FROM survey_answers st
JOIN survey_answers r USING (survey_id, wave, source, response_id)
JOIN survey_questions q ON (q.source, q.id, q.family) = (st.source, st.question, 'statement')
JOIN survey_questions rq ON (rq.source, rq.id, rq.family) = (r.source, r.question, 'recommend')
JOIN places p ON p.descendant = st.entity AND st.day BETWEEN p.valid_from AND p.valid_to
WHERE st.count > 0 AND r.count > 0 AND r.scale = 'nps'
  AND st.day BETWEEN %(first)s AND %(last)s
  AND (%(question)s::text IS NULL OR st.question = %(question)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
)


def statements(
    connection: Connection, query: Query, entities: Sequence[str], span: Span
) -> dict[str, list[Statement]]:
    """How often each pair of answers to a statement and to the recommend question was given."""
    found: dict[str, list[Statement]] = defaultdict(list)
    rows = connection.exec_driver_sql(_STATEMENTS, _parameters(query, entities, span))
    for entity, *statement in rows:
        found[entity].append(Statement(*statement))
    return found


def _parameters(query: Query, entities: Sequence[str], span: Span) -> dict[str, Any]:
    return {
        **filters(query, entities, span),
        "starts": [period.span.first for period in query.periods],
    }
