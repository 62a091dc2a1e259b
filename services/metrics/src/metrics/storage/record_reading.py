"""Reads what is counted record by record: feedback, complaints, follow-ups and devices."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from metrics.domain.comparison import Break
from metrics.domain.definitions import Measure
from metrics.domain.figures import Reported
from metrics.domain.found import City, DatedBreak, DeviceTally, Tally
from metrics.domain.periods import Span
from metrics.domain.query import Query
from metrics.storage.press_reading import filters

PLACES: Final = """
WITH places AS (
    SELECT ancestor, descendant, valid_from, valid_to FROM ancestry
    WHERE ancestor = ANY(%(entities)s)
    UNION ALL
    SELECT e, e, '-infinity', 'infinity' FROM unnest(%(entities)s::text[]) e
    WHERE NOT EXISTS (SELECT FROM ancestry WHERE ancestor = e AND descendant = e)
)
"""
"""Who counts into the wanted entities, by the tree of each day; unknown ones into themselves."""

_RECORDS: Final = (
    PLACES
    + """
SELECT p.ancestor, {channel}, width_bucket(r.day, %(starts)s::date[]) - 1,
       {count}, max(r.updated_at), {breakdown}
FROM {table} r
JOIN places p ON p.descendant = r.entity AND r.day BETWEEN p.valid_from AND p.valid_to
WHERE r.day BETWEEN %(first)s AND %(last)s AND {counts}
  AND (%(channel)s::text IS NULL OR {channel} = %(channel)s)
GROUP BY 1, 2, 3, {breakdown}
"""
)

_TABLES: Final[dict[Measure, dict[str, str]]] = {
    "feedback": {
        "table": "feedback",
        "channel": "'web_feedback'",
        "counts": "r.withdrawn_day IS NULL AND r.kind IS NOT NULL",
        "count": "count(*)",
        "breakdown": "r.kind",
    },
    "reasons": {
        "table": "reason_counts",
        "channel": "r.channel",
        "counts": "true",
        "count": "sum(r.count)",
        "breakdown": "r.polarity, r.reason",
    },
    "games": {
        "table": "(SELECT entity, day, updated_at, m->>'theme' AS theme, m->>'column' AS placed"
        " FROM games CROSS JOIN jsonb_array_elements(measures) m)",
        "channel": "NULL::text",
        "counts": "true",
        "count": "count(*)",
        "breakdown": "r.theme, r.placed",
    },
}


def records(
    connection: Connection, query: Query, measure: Measure, entities: Sequence[str], span: Span
) -> dict[str, list[Tally]]:
    """How many records there are of each entity, by channel, period and breakdown."""
    rows = connection.exec_driver_sql(
        _RECORDS.format_map(_TABLES[measure]),
        {
            **filters(query, entities, span),
            "starts": [period.span.first for period in query.periods],
        },
    )
    tallies: dict[str, list[Tally]] = defaultdict(list)
    for entity, channel, period, count, as_of, *breakdown in rows:
        tallies[entity].append(Tally(channel, tuple(breakdown), period, int(count), as_of))
    return tallies


_DIVISIONS: Final = """
SELECT c.id, d.id, v.valid_from, coalesce(v.valid_to, '9999-12-31')
FROM entities c LEFT JOIN entity_validities v ON v.parent = c.id
LEFT JOIN entities d ON d.id = v.entity_id AND d.kind = 'division'
WHERE c.kind = 'city' ORDER BY c.id, d.id, v.valid_from
"""


def city(connection: Connection) -> City | None:
    """The city with its divisions, once the registry knows it."""
    rows = connection.exec_driver_sql(_DIVISIONS).all()
    if not rows:
        return None
    return City(
        rows[0][0],
        [(division, Span(first, last)) for _, division, first, last in rows if division],
    )


_DEVICES: Final = """
SELECT a.ancestor, e.number - 1, count(*) FILTER (WHERE e.day BETWEEN a.valid_from AND a.valid_to),
       max(d.merged_time)
FROM ancestry a JOIN devices d ON d.subject = a.descendant
CROSS JOIN unnest(%(ends)s::date[]) WITH ORDINALITY e(day, number)
WHERE a.ancestor = ANY(%(entities)s) AND a.ancestor <> a.descendant
GROUP BY 1, 2
"""


def devices(
    connection: Connection, query: Query, entities: Sequence[str]
) -> dict[str, list[DeviceTally]]:
    """How many devices stood under each entity at each period's end, where it ever had one."""
    rows = connection.exec_driver_sql(
        _DEVICES,
        {"entities": list(entities), "ends": [period.span.last for period in query.periods]},
    )
    tallies: dict[str, list[DeviceTally]] = defaultdict(list)
    for entity, *tally in rows:
        tallies[entity].append(DeviceTally(*tally))
    return tallies


_REPORTED: Final = """
SELECT metric, entity, channel, scale, period_start, period_end, as_of, value, decimals, n,
       approx, range_low, range_high, source_document, event_id
FROM reported_figures
WHERE entity = ANY(%(entities)s) AND metric = ANY(%(metrics)s)
  AND period_start >= %(first)s AND period_end <= %(last)s
  AND (%(channel)s::text IS NULL OR channel = %(channel)s)
  AND %(question)s::text IS NULL
UNION ALL
SELECT m.metric, r.entity, 'survey', r.scale, r.period_start, r.period_end, r.known_day, r.mean,
       CASE WHEN r.mean IS NOT NULL THEN scale(r.mean::text::numeric) ELSE 0 END, r.n, false,
       r.range_low, r.range_high, r.survey_id || '/' || r.wave, r.as_of || '/' || r.event_id
FROM survey_results r
JOIN (VALUES ('likert5', 'mean_likert5'), ('grade4_10', 'mean_grade4_10')) AS m(scale, metric)
    USING (scale)
LEFT JOIN survey_questions q ON (q.source, q.id) = (r.source, r.question)
WHERE r.entity = ANY(%(entities)s) AND m.metric = ANY(%(metrics)s)
  AND r.period_start >= %(first)s AND r.period_end <= %(last)s
  AND (%(channel)s::text IS NULL OR %(channel)s = 'survey')
  AND CASE WHEN %(question)s::text IS NULL THEN q.family = 'overall'
      ELSE r.question = %(question)s END
ORDER BY 2, 1, 3, 5, 6, 7, 15
"""


def reported(
    connection: Connection, query: Query, entities: Sequence[str]
) -> dict[tuple[str, str], list[Reported]]:
    """By entity and metric, what was published elsewhere of periods within the asked days."""
    rows = connection.exec_driver_sql(
        _REPORTED,
        {
            **filters(query, entities, query.asked),
            "metrics": [one.metric for one in query.definitions],
        },
    )
    found: dict[tuple[str, str], list[Reported]] = defaultdict(list)
    for (
        metric, entity, channel, scale, first, last, as_of, value, decimals, n,
        approx, low, high, document, event_id,
    ) in rows:  # fmt: skip
        found[entity, metric].append(
            Reported(
                metric=metric,
                entity=entity,
                channel=channel,
                scale=scale,
                span=Span(first, last),
                as_of=as_of,
                value=value,
                decimals=decimals,
                n=n,
                approx=approx,
                range=None if low is None or high is None else (low, high),
                source_document=document,
                order=event_id,
            )
        )
    return found


_HEARD: Final = """
WITH expected AS (
    SELECT DISTINCT a.ancestor, s.channel, t.source
    FROM ancestry a JOIN series s ON s.entity = a.descendant JOIN stream t ON t.series_id = s.id
    WHERE a.ancestor = ANY(%(entities)s) AND a.valid_from <= %(last)s AND a.valid_to >= %(first)s
    UNION
    SELECT DISTINCT a.ancestor, 'kiosk', d.source
    FROM ancestry a JOIN devices d ON d.subject = a.descendant
    WHERE a.ancestor = ANY(%(entities)s) AND a.valid_from <= %(last)s AND a.valid_to >= %(first)s
    UNION
    SELECT DISTINCT a.ancestor, 'web_feedback', f.source
    FROM ancestry a JOIN feedback f ON f.entity = a.descendant
    WHERE a.ancestor = ANY(%(entities)s)
    UNION
    SELECT DISTINCT a.ancestor, 'statutory', c.source
    FROM ancestry a JOIN complaints c ON c.entity = a.descendant
    WHERE a.ancestor = ANY(%(entities)s)
)
SELECT e.ancestor, e.channel,
       min(CASE WHEN s.data->>'error' IS NULL THEN (s.data->>'window_to')::timestamptz END),
       bool_and(s.source IS NOT NULL AND s.data->>'error' IS NULL)
FROM expected e LEFT JOIN sources s ON s.source = e.source
GROUP BY 1, 2
"""


def heard_until(
    connection: Connection, entities: Sequence[str], span: Span
) -> dict[tuple[str, str], datetime]:
    """Until when every source expected of an entity and channel was heard, where all were.

    A source that is never polled tells nothing by its silence, so its zero is never a figure.
    """
    if not connection.exec_driver_sql("SELECT EXISTS (SELECT FROM sources)").scalar_one():
        return {}
    rows = connection.exec_driver_sql(
        _HEARD, {"entities": list(entities), "first": span.first, "last": span.last}
    )
    return {(entity, channel): until for entity, channel, until, every in rows if every}


_BREAKS: Final = """
SELECT a.ancestor, b.metric, b.channel, b.date, b.kind,
       EXISTS (SELECT FROM devices d WHERE d.subject = b.entity)
FROM series_breaks b JOIN ancestry a ON a.descendant = b.entity
WHERE a.ancestor = ANY(%(entities)s) AND a.ancestor <> b.entity
  AND b.date BETWEEN a.valid_from AND a.valid_to
UNION
SELECT a.descendant, b.metric, b.channel, b.date, b.kind, false
FROM series_breaks b JOIN ancestry a ON a.ancestor = b.entity
WHERE a.descendant = ANY(%(entities)s) AND b.date BETWEEN a.valid_from AND a.valid_to
"""


def breaks(connection: Connection, entities: Sequence[str]) -> dict[str, list[DatedBreak]]:
    """The marks on each entity, on those above it and on those under it, by the tree of the day."""
    found: dict[str, list[DatedBreak]] = defaultdict(list)
    for entity, metric, channel, day, kind, mixes in connection.exec_driver_sql(
        _BREAKS, {"entities": list(entities)}
    ):
        found[entity].append(DatedBreak(metric, channel, Break(day, kind, mixes)))
    return found
