"""The first tables of the catalogue."""

from alembic import op
from chassis.migrations import chassis_tables

revision = "0001_first"
down_revision = None

PROVIDER = """
CREATE TABLE provider (
    provider_id text PRIMARY KEY,
    name text NOT NULL
)
"""

# Folded words are made by catalog.domain.words; the search vector follows from them by itself.
OFFER = """
CREATE TABLE offer (
    offer_id uuid PRIMARY KEY,
    provider_id text NOT NULL REFERENCES provider,
    offer_ref text NOT NULL,
    source text NOT NULL,
    state text NOT NULL CHECK (state IN ('published', 'withdrawn')),
    version integer NOT NULL,
    fingerprint bytea NOT NULL,
    title text NOT NULL,
    description_html text NOT NULL,
    language text NOT NULL,
    format text NOT NULL,
    workload_hours integer,
    url text,
    keywords text[] NOT NULL,
    skills jsonb NOT NULL,
    skill_keys text[] NOT NULL,
    standard_cents bigint NOT NULL CHECK (standard_cents >= 0),
    member_cents bigint NOT NULL CHECK (member_cents BETWEEN 0 AND standard_cents),
    published_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    title_key text COLLATE "C" NOT NULL,
    words text NOT NULL,
    body_words text NOT NULL,
    search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.german', title_key), 'A')
        || setweight(to_tsvector('pg_catalog.german', words), 'B')
        || setweight(to_tsvector('pg_catalog.german', body_words), 'C')
    ) STORED,
    UNIQUE (provider_id, offer_ref)
)
"""

RUN = """
CREATE TABLE run (
    run_id uuid PRIMARY KEY,
    offer_id uuid NOT NULL REFERENCES offer,
    run_ref text NOT NULL,
    state text NOT NULL CHECK (state IN ('scheduled', 'withdrawn', 'cancelled')),
    version integer NOT NULL,
    fingerprint bytea NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    location text,
    capacity integer NOT NULL CHECK (capacity > 0),
    min_participants integer NOT NULL,
    booking_closes_at timestamptz NOT NULL,
    cancellation_policy jsonb NOT NULL,
    UNIQUE (offer_id, run_ref)
)
"""

RUN_SEATS = """
CREATE TABLE run_seats (
    run_id uuid PRIMARY KEY,
    taken integer NOT NULL,
    held integer NOT NULL,
    waiting integer NOT NULL,
    version bigint NOT NULL
)
"""

SUBMISSION = """
CREATE TABLE submission (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    submission_id uuid NOT NULL,
    provider_id text,
    offer_ref text,
    type text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('accepted', 'rejected')),
    offer_id uuid,
    errors jsonb NOT NULL,
    warnings jsonb NOT NULL,
    payload bytea,
    received_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL
)
"""

INDEXES = (
    "CREATE INDEX offer_of_source ON offer (source)",
    "CREATE INDEX offer_search ON offer USING gin (search)",
    "CREATE INDEX offer_words ON offer USING gin (words gin_trgm_ops)",
    "CREATE INDEX run_dates ON run (offer_id, starts_at)",
    "CREATE INDEX submission_of_provider ON submission (provider_id, seq DESC)",
    "CREATE INDEX submission_by_id ON submission (submission_id)",
    "CREATE INDEX submission_age ON submission (decided_at)",
)


def upgrade() -> None:
    """Create everything. Extensions are usually there already: an administrator made them."""
    chassis_tables(op)
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for statement in (PROVIDER, OFFER, RUN, RUN_SEATS, SUBMISSION, *INDEXES):
        op.execute(statement)
