"""Alerts: each series of a rule rings once a day at most, and not while it still rings."""

from alembic import op

revision = "3fb6a2c9d481"
down_revision = "7a91c4d3e806"

TABLES = """
CREATE TABLE alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,
    signal text NOT NULL CHECK (signal IN ('negatives', 'low_index', 'silence', 'overdue')),
    "limit" double precision NOT NULL,
    entity text NOT NULL,
    channel text NOT NULL,
    scale text NOT NULL,
    day date NOT NULL,
    value double precision NOT NULL,
    n int,
    opened_at timestamptz NOT NULL,
    cleared_at timestamptz,
    told_at timestamptz,
    acknowledged_by text,
    acknowledged_at timestamptz,
    comment text,
    UNIQUE (rule, entity, channel, scale, day)
);
CREATE UNIQUE INDEX alert_open ON alert (rule, entity, channel, scale) WHERE cleared_at IS NULL;
"""


def upgrade() -> None:
    """Makes the table and its guards against ringing twice."""
    op.execute(TABLES)
