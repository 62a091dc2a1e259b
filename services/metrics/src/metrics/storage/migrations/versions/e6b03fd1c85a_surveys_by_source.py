"""A survey is its source's: its waves, questions and series are known by the source too.

Before, one name was one survey, whoever used it. What was defined under a name is taken over for
each source that answered or published under it; one of which nothing was heard yet is defined
anew by its source, or by a rebuild. `surveys` stays for code that still runs, and is dropped by a
later step.
"""

from alembic import op

revision = "e6b03fd1c85a"
down_revision = "d2e95a71bb04"

TABLES = """
CREATE TABLE survey_waves (
    source text NOT NULL,
    survey_id text NOT NULL,
    wave text NOT NULL,
    sampling text NOT NULL,
    customers bigint,
    offered bigint,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    PRIMARY KEY (source, survey_id, wave)
);
CREATE TABLE survey_questions (
    source text NOT NULL,
    id text NOT NULL,
    family text NOT NULL,
    scale text NOT NULL,
    wording jsonb,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    PRIMARY KEY (source, id)
);
ALTER TABLE series ADD asker text NOT NULL DEFAULT '';
ALTER TABLE series DROP CONSTRAINT series_entity_channel_scale_question_key;
ALTER TABLE series ADD UNIQUE (entity, channel, scale, question, asker);
CREATE VIEW asked AS
    SELECT '' AS asker, id, family FROM questions
    UNION ALL SELECT source, id, family FROM survey_questions;
"""

TAKEN_OVER = """
CREATE TABLE heard AS
    SELECT source, survey_id FROM survey_answers UNION SELECT source, survey_id FROM survey_results;
INSERT INTO survey_waves
    SELECT source, survey_id, wave, sampling, customers, offered, merged_time, merged_id
    FROM surveys JOIN heard USING (survey_id);
INSERT INTO survey_questions
    SELECT DISTINCT source, id, family, scale, wording, merged_time, merged_id
    FROM questions JOIN heard ON starts_with(id, survey_id || '/');
UPDATE series SET asker = first.source
FROM (SELECT series_id, min(source) AS source FROM stream GROUP BY 1) AS first
WHERE channel = 'survey' AND first.series_id = series.id;
DROP TABLE heard;
"""

PARTED = """
INSERT INTO series (entity, channel, scale, question, asker)
    SELECT DISTINCT entity, channel, scale, question, stream.source
    FROM series JOIN stream ON series_id = series.id
    WHERE channel = 'survey' AND stream.source <> asker;
CREATE TABLE moved AS
    SELECT stream.id AS stream_id, old.id AS before, new.id AS after
    FROM stream JOIN series old ON old.id = stream.series_id
    JOIN series new USING (entity, channel, scale, question)
    WHERE old.channel = 'survey' AND stream.source <> old.asker AND new.asker = stream.source;
UPDATE stream SET series_id = after FROM moved WHERE stream_id = stream.id;
DELETE FROM month_counts WHERE series_id IN (SELECT before FROM moved);
INSERT INTO month_counts
    SELECT series_id, month, array_agg(count ORDER BY place), array_agg(marked ORDER BY place),
           max(updated_at)
    FROM (
        SELECT series_id, date_trunc('month', day)::date AS month, place,
               sum(count)::int AS count, sum(marked)::int AS marked, max(updated_at) AS updated_at
        FROM day_counts JOIN stream ON stream.id = stream_id
        CROSS JOIN LATERAL unnest(counts, misuse) WITH ORDINALITY AS u(count, marked, place)
        WHERE series_id IN (SELECT before FROM moved UNION SELECT after FROM moved)
        GROUP BY 1, 2, 3
    ) AS summed GROUP BY 1, 2;
DROP TABLE moved;
"""
"""Series in which several sources met come apart; their hours, kept by series only, stay whole.

No table is temporary: a service's role may make none.
"""


def upgrade() -> None:
    """Surveys by their source."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")
    for step in (TABLES, TAKEN_OVER, PARTED):
        op.execute(step)


def downgrade() -> None:
    """What several sources say of one name would be lost."""
    raise RuntimeError("this step is not taken back: drop the schema instead")
