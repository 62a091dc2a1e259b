"""The counts, the offsets and the ids seen: all that one transaction moves together."""

from alembic import op

revision = "3f1c9a7d2b10"
down_revision = None

TABLES = """
CREATE TABLE partition_offsets (
    topic_id text NOT NULL,
    partition int NOT NULL,
    topic text NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    watermark timestamptz,
    applied bigint NOT NULL DEFAULT 0,
    repeated bigint NOT NULL DEFAULT 0,
    dead bigint NOT NULL DEFAULT 0,
    refused_in_a_row int NOT NULL DEFAULT 0,
    stopped_reason text,
    stopped_detail text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition)
);
CREATE TABLE gaps (
    topic_id text NOT NULL,
    partition int NOT NULL,
    first_offset bigint NOT NULL,
    last_offset bigint NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition, first_offset)
);

CREATE TABLE seen_key (key bytea NOT NULL);
INSERT INTO seen_key
SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
CREATE TABLE seen (
    topic text NOT NULL,
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (topic, shard, seq)
) WITH (toast_tuple_target = 8160);
ALTER TABLE seen ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TABLE series (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity text NOT NULL,
    channel text NOT NULL,
    scale text NOT NULL,
    question text NOT NULL,
    UNIQUE (entity, channel, scale, question)
);
CREATE TABLE stream (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series_id int NOT NULL REFERENCES series,
    source text NOT NULL,
    device text NOT NULL,
    touchpoint text NOT NULL,
    UNIQUE (series_id, source, device, touchpoint)
);
CREATE TABLE day_counts (
    stream_id int NOT NULL,
    day date NOT NULL,
    counts int[] NOT NULL,
    misuse int[] NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (stream_id, day)
) WITH (fillfactor = 70);
CREATE TABLE month_counts (
    series_id int NOT NULL,
    month date NOT NULL,
    counts int[] NOT NULL,
    misuse int[] NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (series_id, month)
) WITH (fillfactor = 70);
CREATE TABLE hour_counts (
    series_id int NOT NULL,
    day date NOT NULL,
    counts int[] NOT NULL,
    PRIMARY KEY (series_id, day)
) WITH (fillfactor = 70);
CREATE TABLE reason_counts (
    entity text NOT NULL,
    source text NOT NULL,
    device text NOT NULL,
    channel text NOT NULL,
    day date NOT NULL,
    polarity text NOT NULL,
    reason text NOT NULL,
    count int NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity, source, device, channel, day, polarity, reason)
);
CREATE TABLE period_counts (
    entity text NOT NULL,
    source text NOT NULL,
    channel text NOT NULL,
    scale text NOT NULL,
    question text NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    as_of timestamptz NOT NULL,
    event_id text NOT NULL,
    counts bigint[] NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (
        entity, source, channel, scale, question, period_start, period_end, as_of, event_id
    )
);

CREATE TABLE feedback (
    source text NOT NULL,
    feedback_id text NOT NULL,
    entity text NOT NULL,
    received_at timestamptz NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    answer_requested bool NOT NULL,
    contact_left bool NOT NULL,
    answer_possible bool NOT NULL,
    language text NOT NULL,
    themes text[] NOT NULL,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, feedback_id)
);
CREATE INDEX feedback_by_entity ON feedback (entity, day);
CREATE TABLE complaints (
    source text NOT NULL,
    case_id text NOT NULL,
    entity text NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    reasons text[] NOT NULL,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, case_id)
);
CREATE INDEX complaints_by_entity ON complaints (entity, day);
CREATE TABLE reported_figures (
    source text NOT NULL,
    event_id text NOT NULL,
    entity text NOT NULL,
    metric text NOT NULL,
    channel text NOT NULL,
    scale text,
    period_start date NOT NULL,
    period_end date NOT NULL,
    as_of date NOT NULL,
    value double precision,
    decimals int NOT NULL,
    n bigint,
    approx bool NOT NULL,
    range_low double precision,
    range_high double precision,
    source_document text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
);
CREATE INDEX reported_by_entity ON reported_figures (entity, metric);

CREATE TABLE entities (
    id text PRIMARY KEY,
    kind text NOT NULL,
    service_map_id bigint,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL
);
CREATE TABLE entity_validities (
    entity_id text NOT NULL REFERENCES entities ON DELETE CASCADE,
    parent text,
    name_fi text NOT NULL,
    name_sv text,
    name_en text,
    valid_from date NOT NULL,
    valid_to date
);
CREATE INDEX entity_validities_by_entity ON entity_validities (entity_id);
CREATE TABLE devices (
    subject text PRIMARY KEY,
    source text NOT NULL,
    device_id text NOT NULL,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL,
    UNIQUE (source, device_id)
);
CREATE TABLE device_places (
    subject text NOT NULL REFERENCES devices ON DELETE CASCADE,
    source text NOT NULL,
    device_id text NOT NULL,
    entity text NOT NULL,
    valid_from date NOT NULL,
    valid_to date
);
CREATE INDEX device_places_by_subject ON device_places (subject);
CREATE TABLE questions (
    id text PRIMARY KEY,
    family text NOT NULL,
    scale text NOT NULL,
    wording jsonb,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL
);
CREATE TABLE series_breaks (
    break_id text PRIMARY KEY,
    entity text NOT NULL,
    date date NOT NULL,
    metric text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    what jsonb NOT NULL,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL
);
CREATE TABLE ancestry (
    ancestor text NOT NULL,
    descendant text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    PRIMARY KEY (ancestor, descendant, valid_from)
);
CREATE INDEX ancestry_by_descendant ON ancestry (descendant);
CREATE TABLE registry_version (version bigint NOT NULL);
INSERT INTO registry_version VALUES (0);
CREATE TABLE sources (
    source text PRIMARY KEY,
    data jsonb NOT NULL,
    polled_at timestamptz NOT NULL,
    merged_time timestamptz NOT NULL,
    merged_id text NOT NULL
);
CREATE TABLE changed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cells bytea NOT NULL
);
"""


def upgrade() -> None:
    """The counts, the offsets and the ids seen."""
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15min'")
    op.execute(TABLES)


def downgrade() -> None:
    """The first step has nothing before it."""
    raise RuntimeError("the first step is not taken back: drop the schema instead")
