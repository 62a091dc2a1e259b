"""${message}

Add, write both, backfill, read, drop: each a step of its own that works with the running code.
"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """${message}."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")


def downgrade() -> None:
    """Takes the step back."""
