"""Notes of the desk: versions that are only ever added."""

from alembic import op

revision = "b4e6d21f9c08"
down_revision = "c7d4a95e1b38"

TABLES = """
CREATE SEQUENCE desk_note_id;
CREATE TABLE desk_note (
    note bigint NOT NULL,
    version int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('explanation', 'heard', 'done', 'handled')),
    entity text NOT NULL,
    day date NOT NULL,
    metric text,
    month date,
    fi text NOT NULL,
    sv text,
    en text,
    removed boolean NOT NULL,
    written_by text NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (note, version)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_note
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Makes the table and its guard."""
    op.execute(TABLES)
