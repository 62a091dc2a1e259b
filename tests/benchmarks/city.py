"""A city of figures for benchmarks of reading: five years of every voice, all of it invented.

Answers go in as bytes of COPY, made by columns; the rest is small enough for plain SQL.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

FIRST: Final = date(2021, 1, 1)
LAST: Final = date(2025, 12, 31)
_SIZE: Final = 4
_HOURS: Final = range(8, 20)
_DAILY: Final = 5
"""Every fifth unit has a device that is pressed every day; the others are answered once a month."""

_TREE: Final = """
SELECT setseed(0.5);
CREATE TEMPORARY TABLE tree AS
    SELECT 'helsinki' AS id, 'city' AS kind, NULL AS parent
    UNION ALL SELECT 'division-' || i, 'division', 'helsinki' FROM generate_series(0, 4) i
    UNION ALL SELECT 'service-' || i, 'service_entity', 'division-' || i % 5
              FROM generate_series(0, {services} - 1) i
    UNION ALL SELECT 'unit-' || i, 'unit', 'service-' || i % {services}
              FROM generate_series(0, {units} - 1) i;
INSERT INTO entities SELECT id, kind, NULL, now(), 'x' FROM tree;
INSERT INTO entity_validities
    SELECT id, parent, id, NULL, NULL, '2000-01-01', NULL FROM tree;
INSERT INTO devices SELECT 'device.kiosks.' || i, 'kiosks', i::text, now(), 'x'
    FROM generate_series(0, {units} - 1, {daily}) i;
INSERT INTO device_places SELECT 'device.kiosks.' || i, 'kiosks', i::text, 'unit-' || i,
    '2000-01-01', NULL FROM generate_series(0, {units} - 1, {daily}) i;
INSERT INTO ancestry
    WITH RECURSIVE edges AS (
        SELECT parent, id FROM tree WHERE parent IS NOT NULL
        UNION ALL SELECT entity, subject FROM device_places
    ), up AS (
        SELECT id AS ancestor, id AS descendant FROM tree UNION SELECT subject, subject FROM devices
        UNION SELECT edges.parent, up.descendant FROM up JOIN edges ON edges.id = up.ancestor
    )
    SELECT ancestor, descendant,
           CASE WHEN ancestor = descendant THEN '-infinity' ELSE date '2000-01-01' END, 'infinity'
    FROM up;
INSERT INTO series (entity, channel, scale, question)
    SELECT 'unit-' || i, 'kiosk', 'smiley4', 'q' FROM generate_series(0, {units} - 1) i ORDER BY i;
INSERT INTO stream (series_id, source, device, touchpoint)
    SELECT id, 'kiosks', substr(entity, 6), (ARRAY['before', 'during', 'after'])[1 + id % 3]
    FROM series ORDER BY id;
INSERT INTO series_breaks
    SELECT 'break-' || i, 'service-' || i, '2021-06-01', 'happy_index', 'kiosk', 'breaks', '{{}}',
           now(), 'x' FROM generate_series(0, {services} - 1, 5) i;
"""

_VOICES: Final = """
INSERT INTO feedback
    SELECT 'feedback', i::text, 'unit-' || (random() * ({units} - 1))::int, f.day, f.day,
           (ARRAY['kiitos', 'moite', 'kysymys', 'toimenpide-ehdotus', 'vikailmoitus'])
               [1 + (random() * 4)::int],
           i % 3 > 0, i % 4 > 0, i % 7 > 0, 'fi', '{{}}', now(), 'x', now(),
           CASE WHEN i % 20 > 0 THEN f.day + (random() * 12)::int END,
           CASE WHEN i % 3 = 0 THEN f.day + (random() * 3)::int END,
           CASE WHEN i % 100 = 0 THEN f.day + 2 END, '{{}}'
    FROM generate_series(1, {lives}) i,
         LATERAL (SELECT date '2021-01-01' + (random() * 1825 + i * 0)::int AS day) f;
INSERT INTO complaints
    SELECT 'cases', i::text, 'unit-' || (random() * ({units} - 1))::int, f.day,
           (ARRAY['oikaisuvaatimus', 'kantelu'])[1 + i % 2], 'yksikko', ARRAY['palvelu'], now(),
           'x', now(), CASE WHEN i % 5 > 0 THEN f.day + (random() * 90)::int END,
           CASE WHEN i % 5 > 0 THEN (ARRAY['hylatty', 'hyvaksytty'])[1 + i % 2] END, '{{}}'
    FROM generate_series(1, {lives} / 10) i,
         LATERAL (SELECT date '2021-01-01' + (random() * 1825 + i * 0)::int AS day) f;
INSERT INTO ombudsman_counts
    SELECT 'service-' || s, 'ombudsman', d::date, 'terveydenhuolto', 1 + s % 3, 2 + s % 3, now()
    FROM generate_series(0, {services} - 1) s,
         generate_series('2021-01-01'::date, '2025-12-31', '3 days') d;
INSERT INTO matter_counts
    SELECT entity, source, day, field, m, 1
    FROM ombudsman_counts, unnest(ARRAY['hoito', 'kohtelu']) m;
INSERT INTO summaries
    SELECT 'cases', 'summary-' || s || '-' || y, 'complaints', 'service-' || s, 'kantelu',
           make_date(y, 1, 1), make_date(y, 12, 31), now(), 40, now(), '{{}}'
    FROM generate_series(0, {services} - 1, 4) s, generate_series(2021, 2025) y;
INSERT INTO reason_counts
    SELECT 'unit-' || i, 'kiosks', i::text, 'kiosk', d::date,
           (ARRAY['negative', 'positive'])[1 + r % 2], (ARRAY['jono', 'palvelu', 'tilat'])[1 + r],
           1, now()
    FROM generate_series(0, {units} - 1, {daily}) i,
         generate_series('2021-01-01'::date, '2025-12-31', '5 days') d, generate_series(0, 2) r;
INSERT INTO reported_figures
    SELECT 'reports', 'service-' || s || '-' || y, 'service-' || s, 'happy_index', 'kiosk', NULL,
           make_date(y, 1, 1), make_date(y, 12, 31), make_date(y + 1, 1, 15), 80, 0, 900, false,
           NULL, NULL, 'report', now()
    FROM generate_series(0, {services} - 1) s, generate_series(2019, 2021) y;
INSERT INTO sources
    SELECT s, jsonb_build_object('source', s, 'error', NULL, 'window_to', '2026-01-01T00:00:00Z'),
           now(), now(), 'x' FROM unnest(ARRAY['kiosks', 'feedback', 'cases']) s;
INSERT INTO method_reports
    SELECT 'unit-' || i, y, level, 'tapa-' || level || '-' || i % 3, i, now(), i::text, now()
    FROM generate_series(0, {units} - 1, 2) i, generate_series(2021, 2025) y,
         generate_series(1, 3) level;
INSERT INTO games
    SELECT 'games', i::text, 'unit-' || (random() * ({units} - 1))::int,
           date '2021-01-01' + (random() * 1825)::int,
           '[{{"theme": "tilat", "column": "nyt"}}, {{"theme": "palvelu", "column": "pian"}}]',
           '[]', now(), 'x', now() FROM generate_series(1, {units}) i;
INSERT INTO practices
    SELECT 'unit-' || i, make_date(y, 10, 1),
           jsonb_build_object('collects', true, 'survey', true, 'last_time',
                              jsonb_build_array((y - i % 4)::text)), now(), 'x', now()
    FROM generate_series(0, {units} - 1) i, generate_series(2021, 2025, 2) y;
"""

_SURVEYS: Final = """
INSERT INTO survey_questions
    SELECT 'surveys', 'q/' || name, family, scale, NULL, now(), 'x' FROM (VALUES
        ('overall', 'overall', 'likert5'), ('recommend', 'recommend', 'nps'),
        ('grade', 'overall', 'grade4_10'), ('clear', 'statement', 'likert5'),
        ('kind', 'statement', 'likert5')) AS v(name, family, scale);
INSERT INTO survey_waves
    SELECT 'surveys', 'survey-' || s, w::text,
           (ARRAY['probability', 'census', 'self_selected'])[1 + s % 3], 5000, 2000, now(), 'x'
    FROM generate_series(0, {services} - 1) s, generate_series(1, 10) w;
INSERT INTO survey_answers
    SELECT 'survey-' || s, (1 + w)::text, 'surveys', r::text, 'unit-' || u, q.id, q.scale,
           f.day + r % 20,
           CASE q.scale WHEN 'nps' THEN (hashint4(r) & 15) * 2 / 3
                        WHEN 'grade4_10' THEN 4 + (hashint4(r + 1) & 7) * 6 / 7
                        ELSE 1 + (hashint4(r + length(q.id)) & 3) END, 1, now()
    FROM generate_series(1, {responses}) r,
         LATERAL (SELECT (hashint4(r + 7) & 1048575) % {units} AS u) e,
         LATERAL (SELECT u % {services} AS s, (hashint4(r + 9) & 1048575) % 10 AS w) x,
         LATERAL (SELECT (date '2021-03-01' + (w * 6 || ' months')::interval)::date AS day) f,
         survey_questions q;
CREATE TEMPORARY TABLE answered AS
    SELECT entity, question, scale, survey_id || '/' || wave AS device, day,
           array_agg(n ORDER BY value) AS counts
    FROM (SELECT a.entity, a.question, a.scale, a.survey_id, a.wave, a.day, v.value,
                 count(*) FILTER (WHERE a.value = v.value)::int AS n
          FROM survey_answers a
          JOIN (VALUES ('nps', 0, 10), ('likert5', 1, 5), ('grade4_10', 4, 10))
               AS z(scale, low, high) USING (scale), generate_series(z.low, z.high) v(value)
          GROUP BY 1, 2, 3, 4, 5, 6, 7) one GROUP BY 1, 2, 3, 4, 5;
INSERT INTO series (entity, channel, scale, question, asker)
    SELECT DISTINCT entity, 'survey', scale, question, 'surveys' FROM answered;
INSERT INTO stream (series_id, source, device, touchpoint)
    SELECT DISTINCT s.id, 'surveys', a.device, '' FROM answered a
    JOIN series s USING (entity, scale, question) WHERE s.channel = 'survey';
INSERT INTO day_counts
    SELECT t.id, a.day, a.counts, array_fill(0, ARRAY[cardinality(a.counts)]), now()
    FROM answered a JOIN series s USING (entity, scale, question)
    JOIN stream t ON t.series_id = s.id AND t.device = a.device;
INSERT INTO month_counts
    SELECT series_id, month, array_agg(n ORDER BY place), array_agg(0), now()
    FROM (SELECT t.series_id, date_trunc('month', c.day)::date AS month, u.place, sum(u.n)::int AS n
          FROM day_counts c JOIN stream t ON t.id = c.stream_id JOIN series s ON s.id = t.series_id,
               unnest(c.counts) WITH ORDINALITY AS u(n, place)
          WHERE s.channel = 'survey' GROUP BY 1, 2, 3) one GROUP BY 1, 2;
"""


def services(units: int) -> int:
    """How many service entities a city of so many units has."""
    return max(units // 40, 1)


def fill(
    connection: psycopg.Connection[Any],
    *,
    units: int,
    lives: int = 200_000,
    responses: int = 20_000,
) -> None:
    """Fills the empty tables of metrics.

    Args:
        connection: that commits by itself, its search path the schema of metrics.
        units: of the city; forty of them make a service entity.
        lives: messages of feedback; a tenth as many statutory cases.
        responses: to surveys, five answers each.
    """
    sizes = {
        "units": units,
        "services": services(units),
        "daily": _DAILY,
        "lives": lives,
        "responses": responses,
    }
    connection.execute("SET synchronous_commit = off")
    connection.execute(_TREE.format_map(sizes).encode())
    _answers(connection, units)
    connection.execute(_VOICES.format_map(sizes).encode())
    connection.execute(_SURVEYS.format_map(sizes).encode())
    connection.execute("UPDATE registry_version SET version = version + 1")
    connection.execute("VACUUM ANALYZE")


def _answers(connection: psycopg.Connection[Any], units: int) -> None:
    """Presses by hour, and their sums by day and month; series and stream of a unit share an id."""
    random = np.random.default_rng(1)
    days = np.arange(FIRST.toordinal(), LAST.toordinal() + 1)
    stamps = (days - date(1970, 1, 1).toordinal()).astype("datetime64[D]")
    month = (stamps.astype("datetime64[M]") - stamps[0].astype("datetime64[M]")).astype(np.int64)
    firsts = days[np.searchsorted(month, np.arange(month[-1] + 1))]
    for start in range(0, units, 50):
        hours, sums, months = [], [], []
        for unit in range(start, min(start + 50, units)):
            heard = days if unit % _DAILY == 0 else firsts + unit % 28
            counts = np.zeros((len(heard), 24, _SIZE), dtype=np.int64)
            shape = len(heard), len(_HOURS), _SIZE
            counts[:, _HOURS] = random.poisson([0.3, 0.4, 0.9, 1.6 + unit % 7 / 4], shape)
            by_day = counts.sum(axis=1)
            by_month = np.zeros((len(firsts), _SIZE), dtype=np.int64)
            np.add.at(by_month, month[heard - days[0]], by_day)
            row = np.full(len(heard), unit + 1)
            hours.append((row, heard, counts.reshape(len(heard), -1)))
            sums.append((row, heard, by_day))
            months.append((row[: len(firsts)], firsts, by_month))
        _copy(connection, "hour_counts", hours, stamped=False)
        _copy(connection, "day_counts", sums, stamped=True)
        _copy(connection, "month_counts", months, stamped=True)


def _copy(
    connection: psycopg.Connection[Any],
    table: str,
    parts: Iterable[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]],
    *,
    stamped: bool,
) -> None:
    """Rows of id, day and counts, and where stamped of marked presses (none) and a time."""
    row, day, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    size = counts.shape[1]
    element = [("length", ">i4"), ("value", ">i4")]
    array = [("bytes", ">i4"), ("head", ">i4", 5), ("of", element, size)]
    fields: list[Any] = [("fields", ">i2"), ("row", element), ("day", element), ("counts", array)]
    if stamped:
        fields += [("misuse", array), ("stamp_bytes", ">i4"), ("stamp", ">i8")]
    rows = np.zeros(len(row), dtype=fields)
    rows["fields"] = len(fields) - 1 - stamped
    for name, values in (("row", row), ("day", day - date(2000, 1, 1).toordinal())):
        rows[name]["length"] = 4
        rows[name]["value"] = values
    for name in ("counts", "misuse")[: 1 + stamped]:
        rows[name]["bytes"] = 20 + 8 * size
        rows[name]["head"] = (1, 0, psycopg.adapters.types["int4"].oid, size, 1)
        rows[name]["of"]["length"] = 4
    rows["counts"]["of"]["value"] = counts
    if stamped:
        rows["stamp_bytes"] = 8
        rows["stamp"] = 800_000_000_000_000
    with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        copy.write(rows.tobytes())
        copy.write(b"\xff\xff")
