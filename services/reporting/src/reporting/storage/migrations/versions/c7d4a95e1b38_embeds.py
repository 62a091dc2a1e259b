"""Embeds in use, so that their editors are told when an entity ends."""

from alembic import op

revision = "c7d4a95e1b38"
down_revision = "b7d2f09e4c15"

TABLES = """
CREATE TABLE embed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address text NOT NULL,
    entity text NOT NULL,
    language text NOT NULL CHECK (language IN ('fi', 'sv', 'en')),
    mail text NOT NULL,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL,
    told_at timestamptz,
    UNIQUE (address, entity, language)
);
"""


def upgrade() -> None:
    """Makes the table."""
    op.execute(TABLES)
