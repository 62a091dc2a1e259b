"""Surveys: who was asked what, single answers by response, and published results."""

from alembic import op

revision = "c1d84f60a9e3"
down_revision = "b7e40c52d9a6"

TABLES = """
CREATE TABLE surveys (
    survey_id text NOT NULL,
    wave text NOT NULL,
    sampling text NOT NULL,
    customers bigint,
    offered bigint,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    PRIMARY KEY (survey_id, wave)
);
CREATE TABLE survey_answers (
    survey_id text NOT NULL,
    wave text NOT NULL,
    source text NOT NULL,
    response_id text NOT NULL,
    entity text NOT NULL,
    question text NOT NULL,
    scale text NOT NULL,
    day date NOT NULL,
    value smallint NOT NULL,
    count int NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (survey_id, wave, source, response_id, question, entity, scale, day, value)
);
CREATE INDEX survey_answers_by_entity ON survey_answers (entity, day);
CREATE TABLE survey_results (
    source text NOT NULL,
    event_id text NOT NULL,
    entity text NOT NULL,
    survey_id text NOT NULL,
    wave text NOT NULL,
    question text NOT NULL,
    scale text NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    as_of timestamptz NOT NULL,
    known_day date NOT NULL,
    mean double precision,
    n bigint,
    range_low double precision,
    range_high double precision,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
);
CREATE INDEX survey_results_by_entity ON survey_results (entity);
"""


def upgrade() -> None:
    """Surveys, their answers and results."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")
    op.execute(TABLES)


def downgrade() -> None:
    """What was taken in since would be lost."""
    raise RuntimeError("this step is not taken back: drop the schema instead")
