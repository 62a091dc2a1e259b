"""Rounds of divisions' returns: forms with their drafts and steps, and the events that go out.

Steps are never updated or deleted. An event stands here from the moment of its form's approval, in
the same transaction, until it has been taken in: a crash in between loses nothing.
"""

from alembic import op

revision = "5d20b8e6c3f1"
down_revision = "8c4e1d0f7a52"

TABLES = """
CREATE TABLE round (
    year int PRIMARY KEY CHECK (year BETWEEN 2000 AND 2100),
    opens date NOT NULL,
    due date NOT NULL CHECK (due >= opens)
);
CREATE TABLE return_form (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    year int NOT NULL REFERENCES round,
    kind text NOT NULL CHECK (kind IN ('method', 'game', 'practice', 'reported')),
    entity text NOT NULL,
    number int NOT NULL CHECK (number > 0),
    division text NOT NULL,
    delegate text,
    answers jsonb NOT NULL DEFAULT '{}',
    version int NOT NULL DEFAULT 0,
    UNIQUE (year, kind, entity, number)
);
CREATE TABLE return_step (
    form_id uuid NOT NULL REFERENCES return_form,
    seq int NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'submitted', 'approved')),
    taken_by text NOT NULL,
    at timestamptz NOT NULL,
    answers jsonb NOT NULL,
    PRIMARY KEY (form_id, seq)
);
CREATE TABLE return_event (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    form_id uuid NOT NULL REFERENCES return_form,
    event_id text NOT NULL UNIQUE,
    event bytea NOT NULL,
    taken_at timestamptz,
    refused text
);
CREATE INDEX return_event_waiting ON return_event (number)
    WHERE taken_at IS NULL AND refused IS NULL;
"""

GUARDS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON return_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION two_people_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM return_step s
        WHERE s.form_id = NEW.form_id AND s.seq = NEW.seq - 1 AND s.taken_by = NEW.taken_by
    ) THEN
        RAISE EXCEPTION 'nobody approves their own return' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_people BEFORE INSERT ON return_step
    FOR EACH ROW WHEN (NEW.state = 'approved') EXECUTE FUNCTION two_people_return();
"""


def upgrade() -> None:
    """Makes the tables and their guards."""
    op.execute(TABLES)
    op.execute(GUARDS)
