"""The strategy's meters in a year's round: moved days, steps taken, and the year's own texts."""

from alembic import op

revision = "c4a8f1e7d930"
down_revision = "b4e6d21f9c08"

TABLES = """
CREATE TABLE round_deadline (
    year int NOT NULL REFERENCES round,
    stage text NOT NULL,
    due date NOT NULL,
    PRIMARY KEY (year, stage)
);
CREATE TABLE meter_stage (
    year int NOT NULL REFERENCES round,
    meter text NOT NULL,
    stage text NOT NULL,
    PRIMARY KEY (year, meter, stage)
);
CREATE TABLE meter_text (
    year int NOT NULL REFERENCES round,
    meter text NOT NULL,
    field text NOT NULL,
    fi text NOT NULL,
    sv text,
    en text,
    PRIMARY KEY (year, meter, field)
);
"""


def upgrade() -> None:
    """Makes the tables."""
    op.execute(TABLES)
