"""The audit log is append-only by rights too: its own role may only read it and add to it."""

from alembic import op

revision = "d19b7e40c6a2"
down_revision = "c4a8f1e7d930"


def upgrade() -> None:
    """Takes the rights away that every owner begins with; the triggers stay."""
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM CURRENT_USER")
