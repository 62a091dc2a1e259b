"""Months of answers that have come to rest are kept packed, beside their rows."""

from alembic import op

revision = "a1c5d93e7b42"
down_revision = "e6b03fd1c85a"

TABLES = """
CREATE TABLE packed_days (
    series_id int NOT NULL,
    month date NOT NULL,
    size smallint NOT NULL,
    width smallint NOT NULL,
    rows bytea NOT NULL,
    PRIMARY KEY (series_id, month)
) WITH (toast_tuple_target = 8160);
ALTER TABLE packed_days ALTER COLUMN rows SET STORAGE EXTERNAL;
CREATE TABLE packed_hours (
    series_id int NOT NULL,
    month date NOT NULL,
    size smallint NOT NULL,
    width smallint NOT NULL,
    rows bytea NOT NULL,
    PRIMARY KEY (series_id, month)
) WITH (toast_tuple_target = 8160);
ALTER TABLE packed_hours ALTER COLUMN rows SET STORAGE EXTERNAL;
"""


def upgrade() -> None:
    """Where packed months are kept; they are packed later, a few at a time."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")
    op.execute(TABLES)


def downgrade() -> None:
    """What is packed stands in the rows of days and hours too."""
    op.execute("DROP TABLE packed_days, packed_hours")
