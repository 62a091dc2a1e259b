"""What was hidden in a release, and the counts behind it: never changed, never shown to readers."""

from alembic import op

revision = "b7d2f09e4c15"
down_revision = "9e41d7c05b26"


def upgrade() -> None:
    """Makes the table and its guard."""
    op.execute("""
        CREATE TABLE protection (
            release_id text PRIMARY KEY REFERENCES release,
            report bytea NOT NULL,
            kept bytea NOT NULL
        );
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON protection
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
