"""Ways of participation, games, and who measures experience."""

from alembic import op

revision = "d2e95a71bb04"
down_revision = "f4ab7c93dd26"

TABLES = """
CREATE TABLE method_reports (
    entity text NOT NULL,
    year int NOT NULL,
    level smallint NOT NULL,
    method text NOT NULL,
    volume bigint,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity, year, level, method)
);
CREATE INDEX method_reports_by_year ON method_reports (year);
CREATE TABLE games (
    source text NOT NULL,
    game_id text NOT NULL,
    entity text NOT NULL,
    day date NOT NULL,
    measures jsonb NOT NULL,
    actions jsonb NOT NULL,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, game_id)
);
CREATE INDEX games_by_entity ON games (entity, day);
CREATE TABLE practices (
    entity text NOT NULL,
    day date NOT NULL,
    data jsonb NOT NULL,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity, day)
);
"""


def upgrade() -> None:
    """Tables of what entities return of participation and measurement."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")
    op.execute(TABLES)


def downgrade() -> None:
    """What was taken in since would be lost."""
    raise RuntimeError("this step is not taken back: drop the schema instead")
