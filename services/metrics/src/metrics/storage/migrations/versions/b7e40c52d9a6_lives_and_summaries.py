"""What becomes of feedback and of statutory cases, contacts, and counts for a period.

An answer may come before its feedback and a decision before its case, so what these rows were
sure to hold so far may still be missing.
"""

from alembic import op

revision = "b7e40c52d9a6"
down_revision = "3f1c9a7d2b10"

TABLES = """
ALTER TABLE feedback
    ALTER entity DROP NOT NULL, ALTER received_at DROP NOT NULL, ALTER day DROP NOT NULL,
    ALTER kind DROP NOT NULL, ALTER answer_requested DROP NOT NULL,
    ALTER contact_left DROP NOT NULL, ALTER answer_possible DROP NOT NULL,
    ALTER language DROP NOT NULL, ALTER themes DROP NOT NULL,
    ALTER merged_time DROP NOT NULL, ALTER merged_id DROP NOT NULL,
    ADD answered_day date,
    ADD reacted_day date,
    ADD withdrawn_day date,
    ADD marks jsonb NOT NULL DEFAULT '{}';
ALTER TABLE complaints
    ALTER entity DROP NOT NULL, ALTER day DROP NOT NULL, ALTER kind DROP NOT NULL,
    ALTER authority DROP NOT NULL, ALTER reasons DROP NOT NULL,
    ALTER merged_time DROP NOT NULL, ALTER merged_id DROP NOT NULL,
    ADD decided_day date,
    ADD outcome text,
    ADD marks jsonb NOT NULL DEFAULT '{}';
CREATE INDEX complaints_by_decision ON complaints (entity, decided_day);
CREATE TABLE ombudsman_counts (
    entity text NOT NULL,
    source text NOT NULL,
    day date NOT NULL,
    field text NOT NULL,
    contacts int NOT NULL,
    matters int NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity, source, day, field)
);
CREATE TABLE summaries (
    source text NOT NULL,
    event_id text NOT NULL,
    measure text NOT NULL,
    entity text NOT NULL,
    code text NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    as_of timestamptz NOT NULL,
    count bigint,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id, measure)
);
CREATE INDEX summaries_by_entity ON summaries (measure, entity);
"""


def upgrade() -> None:
    """What becomes of feedback and of cases; contacts and counts for a period."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")
    op.execute(TABLES)


def downgrade() -> None:
    """What was taken in since would be lost."""
    raise RuntimeError("this step is not taken back: drop the schema instead")
