"""Releases with their steps and contents, ended sessions, and the audit log.

The database itself keeps what must not change: heads, steps and audit rows are never updated or
deleted, a content only goes when every release that holds it is withdrawn, and nobody approves
their own draft.
"""

from alembic import op

revision = "8c4e1d0f7a52"
down_revision = None

TABLES = """
CREATE TABLE content (
    hash text PRIMARY KEY CHECK (hash ~ '^sha256:[0-9a-f]{64}$'),
    body bytea NOT NULL CHECK (hash = 'sha256:' || encode(sha256(body), 'hex'))
);
CREATE TABLE release (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('public-monthly', 'internal-weekly', 'round-yearly')),
    period_start date NOT NULL,
    period_end date NOT NULL CHECK (period_end >= period_start),
    hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE step (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    release_id text NOT NULL REFERENCES release,
    seq int NOT NULL,
    state text NOT NULL CHECK (
        state IN ('draft', 'checked', 'approved', 'published', 'superseded', 'withdrawn')
    ),
    taken_by text NOT NULL,
    at timestamptz NOT NULL,
    reason text,
    PRIMARY KEY (release_id, seq),
    UNIQUE (release_id, state),
    CHECK (state <> 'withdrawn' OR reason IS NOT NULL)
);
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail text
);
CREATE TABLE ended_session (
    id text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
"""

GUARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON release
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR TRUNCATE ON content
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_content() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM release r WHERE r.hash = OLD.hash AND NOT EXISTS (
            SELECT FROM step s WHERE s.release_id = r.id AND s.state = 'withdrawn'
        )
    ) THEN
        RAISE EXCEPTION 'a release that is not withdrawn holds this content'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep BEFORE DELETE ON content FOR EACH ROW EXECUTE FUNCTION keep_content();

CREATE FUNCTION two_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM step s
        WHERE s.release_id = NEW.release_id AND s.state = 'draft' AND s.taken_by = NEW.taken_by
    ) THEN
        RAISE EXCEPTION 'nobody approves their own draft' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_people BEFORE INSERT ON step
    FOR EACH ROW WHEN (NEW.state = 'approved') EXECUTE FUNCTION two_people();
"""


def upgrade() -> None:
    """Makes the tables and their guards."""
    op.execute(TABLES)
    op.execute(GUARDS)
