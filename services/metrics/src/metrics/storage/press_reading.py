"""Reads sums of answers: by month where whole months fit, else by day."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from metrics.domain.atoms import Leaf, Piece, plan
from metrics.domain.definitions import DEFAULT_FAMILIES, SCALE_SIZES
from metrics.domain.figures import Key, Sums
from metrics.domain.found import Counted, SumsByPeriod
from metrics.domain.periods import Grain, Span
from metrics.domain.query import Query

_LEAVES: Final = """
SELECT array_agg(a.ancestor ORDER BY a.ancestor), s.id, s.channel, s.scale, q.family,
       greatest(a.valid_from, %(first)s), least(a.valid_to, %(last)s)
FROM ancestry a JOIN series s ON s.entity = a.descendant
LEFT JOIN asked q ON (q.asker, q.id) = (s.asker, s.question)
WHERE a.ancestor = ANY(%(entities)s) AND a.valid_from <= %(last)s AND a.valid_to >= %(first)s
  AND (%(channel)s::text IS NULL OR s.channel = %(channel)s)
  AND (%(question)s::text IS NULL OR s.question = %(question)s)
GROUP BY s.id, q.family, 6, 7
UNION ALL
SELECT ARRAY[s.entity], s.id, s.channel, s.scale, q.family, %(first)s, %(last)s
FROM series s LEFT JOIN asked q ON (q.asker, q.id) = (s.asker, s.question)
WHERE s.entity = ANY(%(entities)s)
  AND (%(channel)s::text IS NULL OR s.channel = %(channel)s)
  AND (%(question)s::text IS NULL OR s.question = %(question)s)
  AND NOT EXISTS (SELECT FROM ancestry a WHERE a.ancestor = s.entity AND a.descendant = s.entity)
"""

PIECES: Final = "unnest(%(atoms)s::int[], %(series)s::int[], %(firsts)s::date[], %(lasts)s::date[])"
"""Pieces of a plan as rows of atom, series, first and last day."""

_MONTHS: Final = """
SELECT p.atom, width_bucket(c.month, %(starts)s::date[]) - 1, {sums}, max(c.updated_at)
FROM {pieces} AS p(atom, series, first, last)
JOIN month_counts c ON c.series_id = p.series AND c.month BETWEEN p.first AND p.last
WHERE c.month BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2
"""

_SERIES: Final = """
SELECT c.series_id, width_bucket(c.month, %(starts)s::date[]) - 1, {sums}, max(c.updated_at)
FROM month_counts c
WHERE c.series_id = ANY(%(series)s::int[]) AND c.month BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2
"""

MOST_GROUPS: Final = 20_000
"""More sums by series and period than this are better put together in the database."""

_DAYS: Final = """
SELECT p.atom, width_bucket(c.day, %(starts)s::date[]) - 1, {sums}, max(c.updated_at)
FROM {pieces} AS p(atom, series, first, last)
JOIN stream t ON t.series_id = p.series
JOIN day_counts c ON c.stream_id = t.id AND c.day BETWEEN p.first AND p.last
WHERE c.day BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2
"""

_PERIODS: Final = """
SELECT a.ancestor, c.entity, c.source, c.channel, c.scale, q.family, c.question,
       c.period_start, c.period_end, c.counts, c.updated_at
FROM period_counts c
JOIN (
    SELECT ancestor, descendant, valid_from, valid_to FROM ancestry
    WHERE ancestor = ANY(%(entities)s)
    UNION ALL
    SELECT e, e, '-infinity', 'infinity' FROM unnest(%(entities)s::text[]) e
    WHERE NOT EXISTS (SELECT FROM ancestry WHERE ancestor = e AND descendant = e)
) a ON a.descendant = c.entity
   AND a.valid_from <= c.period_start AND a.valid_to >= c.period_end
LEFT JOIN questions q ON q.id = c.question
WHERE c.period_start >= %(first)s AND c.period_end <= %(last)s
  AND (%(channel)s::text IS NULL OR c.channel = %(channel)s)
  AND (%(question)s::text IS NULL OR c.question = %(question)s)
  AND NOT EXISTS (
      SELECT FROM series s JOIN stream t ON t.series_id = s.id
      JOIN day_counts d ON d.stream_id = t.id
      WHERE (s.entity, s.channel, s.scale, s.question)
            = (c.entity, c.channel, c.scale, c.question)
        AND t.source = c.source AND d.day BETWEEN c.period_start AND c.period_end)
ORDER BY a.ancestor, c.as_of DESC, c.event_id DESC
"""


def filters(query: Query, entities: Sequence[str], span: Span) -> dict[str, Any]:
    """The parameters that every statement about a query shares."""
    return {
        "entities": list(entities),
        "first": span.first,
        "last": span.last,
        "channel": query.channel,
        "question": query.question,
    }


def leaves(connection: Connection, query: Query, entities: Sequence[str], span: Span) -> list[Leaf]:
    """The series that count into the entities, with the days on which they do."""
    rows = connection.exec_driver_sql(_LEAVES, filters(query, entities, span)).all()
    keys: dict[tuple[str, str, str | None], Key] = {}
    found = []
    for above, series, channel, scale, family, first, last in rows:
        spelt = (channel, scale, family)
        key = keys.get(spelt)
        if key is None:
            key = keys[spelt] = Key(channel, scale, family or DEFAULT_FAMILIES[scale])
        found.append(Leaf(tuple(above), series, key, Span(first, last)))
    return found


def sums(
    connection: Connection,
    found: Sequence[Leaf],
    grain: Grain,
    starts: Sequence[date],
    *,
    misuse: bool,
) -> dict[tuple[str, Key], SumsByPeriod]:
    """The answers of each entity, key and period.

    Args:
        connection: in a read-only transaction.
        found: the series to sum.
        grain: of the periods.
        starts: the first day of each period, in order; each ends where the next begins.
        misuse: whether to sum the marked presses too.
    """
    planned = plan(found, grain)
    total: dict[tuple[str, Key], SumsByPeriod] = defaultdict(dict)
    alike, others = _alike(planned.months, len(starts))
    for statement, pieces, numbers in (
        (_SERIES, alike, {piece.series: piece.atom for piece in alike}),
        (_MONTHS, others, None),
        (_DAYS, planned.days, None),
    ):
        if not pieces:
            continue
        size = max(SCALE_SIZES[str(planned.atoms[piece.atom].key.scale)] for piece in pieces)
        rows = connection.exec_driver_sql(
            statement.format(sums=_columns(size, misuse=misuse), pieces=PIECES),
            piece_parameters(pieces, starts),
        ).all()
        for number, period, *counts, marks, as_of in rows:
            atom = planned.atoms[number if numbers is None else numbers[number]]
            values = SCALE_SIZES[str(atom.key.scale)]
            cell = Sums(tuple(counts[:values]), int(marks), as_of)
            for entity in atom.entities:
                add(total[entity, atom.key], period, cell)
    return total


def _alike(pieces: Sequence[Piece], periods: int) -> tuple[list[Piece], list[Piece]]:
    """Splits off the pieces that share the commonest span, one a series.

    The database groups those by series alone, which takes half the time, as long as the groups
    are few enough to be put together here.
    """
    spans = Counter(piece.span for piece in pieces)
    if not spans:
        return [], []
    span, count = spans.most_common(1)[0]
    if count * periods > MOST_GROUPS:
        return [], list(pieces)
    alike = [piece for piece in pieces if piece.span == span]
    return alike, [piece for piece in pieces if piece.span != span]


def _columns(size: int, *, misuse: bool) -> str:
    values = range(1, size + 1)
    marked = " + ".join(f"coalesce(sum(c.misuse[{value}]), 0)" for value in values)
    return ", ".join([*(f"sum(c.counts[{value}])" for value in values), marked if misuse else "0"])


def piece_parameters(pieces: Sequence[Piece], starts: Sequence[date]) -> dict[str, Any]:
    """What `PIECES` and the periods take."""
    return {
        "atoms": [piece.atom for piece in pieces],
        "series": [piece.series for piece in pieces],
        "firsts": [piece.span.first for piece in pieces],
        "lasts": [piece.span.last for piece in pieces],
        "first": min(piece.span.first for piece in pieces),
        "last": max(piece.span.last for piece in pieces),
        "starts": list(starts),
    }


def add(periods: SumsByPeriod, period: int, cell: Sums) -> None:
    """Add a cell to its period."""
    known = periods.get(period)
    periods[period] = cell if known is None else known.plus(cell)


def add_summaries(
    connection: Connection,
    query: Query,
    entities: Sequence[str],
    total: Mapping[tuple[str, Key], SumsByPeriod],
) -> None:
    """Add what sources counted for whole periods, where they sent no single answers.

    Of a source's overlapping counts only the newest enters; one that does not lie within a period
    of the answer cannot be divided and stays out.
    """
    wanted = query.periods
    taken: dict[tuple[str, ...], list[Span]] = defaultdict(list)
    parameters = filters(query, entities, Span(query.asked.first, query.asked.last))
    for row in connection.exec_driver_sql(_PERIODS, parameters):
        ancestor, entity, source, channel, scale, family, question, first, last, counts, as_of = row
        span = Span(first, last)
        used = taken[ancestor, entity, source, channel, scale, question]
        if any(other.first <= last and first <= other.last for other in used):
            continue
        used.append(span)
        key = Key(channel, scale, family or DEFAULT_FAMILIES[scale])
        for number, period in enumerate(wanted):
            if period.whole.holds(span) and period.span.first <= first:
                add(total[ancestor, key], number, Sums(tuple(counts), 0, as_of))


_OBSERVED: Final = """
SELECT c.entity, c.channel, c.scale, q.family, c.period_start, c.period_end, c.counts, c.as_of
FROM period_counts c LEFT JOIN questions q ON q.id = c.question
WHERE c.entity = ANY(%(entities)s) AND c.period_start >= %(first)s AND c.period_end <= %(last)s
  AND (%(channel)s::text IS NULL OR c.channel = %(channel)s)
  AND (%(question)s::text IS NULL OR c.question = %(question)s)
ORDER BY c.entity, c.period_start, c.period_end, c.as_of, c.event_id
"""


def observed(
    connection: Connection, query: Query, entities: Sequence[str]
) -> dict[str, list[Counted]]:
    """Every count for a period within the asked days, replaced ones too, by its own entity."""
    found: dict[str, list[Counted]] = defaultdict(list)
    parameters = filters(query, entities, Span(query.asked.first, query.asked.last))
    for row in connection.exec_driver_sql(_OBSERVED, parameters):
        entity, channel, scale, family, first, last, counts, as_of = row
        key = Key(channel, scale, family or DEFAULT_FAMILIES[scale])
        found[entity].append(Counted(key, Span(first, last), tuple(counts), as_of))
    return found
