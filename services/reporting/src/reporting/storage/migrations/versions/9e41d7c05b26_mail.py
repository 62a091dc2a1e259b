"""Mail on its way: each recipient gets each kind once a period, and none after asking for none.

No address is kept here: who a user is, the people file says when the mail goes out.
"""

from alembic import op

revision = "9e41d7c05b26"
down_revision = "3fb6a2c9d481"

TABLES = """
CREATE TABLE mail (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('weekly', 'alerts', 'round', 'bounce', 'embed')),
    period text NOT NULL,
    release_id text REFERENCES release,
    message bytea,
    made_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    sent_at timestamptz,
    given_up text CHECK (given_up IN ('stopped', 'no_address', 'refused', 'old', 'withdrawn')),
    UNIQUE (recipient, kind, period),
    CHECK ((message IS NULL) = (sent_at IS NOT NULL OR given_up IS NOT NULL))
);
CREATE INDEX mail_due ON mail (next_at) WHERE message IS NOT NULL;
CREATE TABLE mail_stop (
    recipient text NOT NULL,
    kind text NOT NULL,
    why text NOT NULL CHECK (why IN ('asked', 'bounced')),
    at timestamptz NOT NULL,
    PRIMARY KEY (recipient, kind)
);
"""


def upgrade() -> None:
    """Makes the tables."""
    op.execute(TABLES)
