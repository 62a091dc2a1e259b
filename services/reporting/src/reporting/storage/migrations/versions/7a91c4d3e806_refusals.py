"""Why an event of a return was refused: the status of the answer beside what it says."""

from alembic import op

revision = "7a91c4d3e806"
down_revision = "5d20b8e6c3f1"


def upgrade() -> None:
    """A column that code which is still running leaves empty."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE return_event ADD refused_status smallint")
