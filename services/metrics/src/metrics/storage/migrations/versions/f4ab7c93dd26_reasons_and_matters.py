"""The reasons that counts of complaints name, and the matters that contacts were about.

A contact may be about several matters, and a case have several reasons: they stand beside the
counts and never multiply them.
"""

from alembic import op

revision = "f4ab7c93dd26"
down_revision = "c1d84f60a9e3"

TABLES = """
ALTER TABLE summaries ADD reasons text[] NOT NULL DEFAULT '{}';
CREATE TABLE matter_counts (
    entity text NOT NULL,
    source text NOT NULL,
    day date NOT NULL,
    field text NOT NULL,
    matter text NOT NULL,
    count int NOT NULL,
    PRIMARY KEY (entity, source, day, field, matter)
);
"""


def upgrade() -> None:
    """Where reasons and matters are kept."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")
    op.execute(TABLES)


def downgrade() -> None:
    """What was taken in since would be lost."""
    raise RuntimeError("this step is not taken back: drop the schema instead")
