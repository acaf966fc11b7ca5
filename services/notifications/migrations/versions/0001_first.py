"""People, what is known of runs and bookings, and notices."""

from alembic import op
from chassis.migrations import chassis_tables

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None

PERSON = """
CREATE TABLE person (
    person_ref uuid PRIMARY KEY,
    organisation_id uuid,
    given_name text,
    family_name text,
    mail text,
    department text,
    language text NOT NULL DEFAULT 'de' CHECK (language IN ('de', 'en')),
    channel text NOT NULL DEFAULT 'mail' CHECK (channel IN ('mail', 'portal')),
    quiet_from time,
    quiet_to time,
    calendar_secret text UNIQUE,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL)),
    CHECK ((mail IS NULL) = (family_name IS NULL))
)
"""
RUN = """
CREATE TABLE run (
    run_id uuid PRIMARY KEY,
    offer_id uuid NOT NULL,
    title text NOT NULL,
    format text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    location text,
    standard_cents bigint NOT NULL,
    member_cents bigint NOT NULL,
    told_at timestamptz NOT NULL
)
"""
# Seats and prices come on different topics, in any order: each fills its own columns.
BOOKING = """
CREATE TABLE booking (
    enrolment_id uuid PRIMARY KEY,
    run_id uuid,
    organisation_id uuid,
    person_ref uuid,
    state text,
    was_confirmed boolean NOT NULL DEFAULT false,
    sequence bigint NOT NULL DEFAULT 0,
    told_at timestamptz NOT NULL DEFAULT '-infinity',
    price_cents bigint,
    saving_cents bigint NOT NULL DEFAULT 0,
    price_kind text,
    reason text,
    member_since_on date,
    ended_on date
)
"""
BULK = """
CREATE TABLE bulk (
    bulk_id uuid PRIMARY KEY,
    settled_at timestamptz NOT NULL
)
"""
# notice_id is made of cause and recipient, so the primary key keeps each pair unique.
# written_in is the transaction that made the notice visible: the stream reads in its order, up to
# the oldest transaction that still runs, and so misses nothing (numbers are not in commit order).
NOTICE = """
CREATE TABLE notice (
    notice_id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    written_in bigint NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS text) AS bigint),
    cause_id uuid NOT NULL,
    kind text NOT NULL,
    about_id uuid NOT NULL,
    run_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    recipient_ref uuid NOT NULL,
    audience text NOT NULL CHECK (audience IN ('person', 'coordinator')),
    person_ref uuid,
    bulk_id uuid,
    step_at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    texts text NOT NULL,
    facts jsonb NOT NULL,
    correlation_id text NOT NULL,
    traceparent text,
    channel text NOT NULL CHECK (channel IN ('mail', 'portal')),
    state text NOT NULL CHECK (state IN ('waiting', 'queued', 'sending', 'sent', 'dead')),
    due_at timestamptz NOT NULL,
    claim integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    reason text,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    read_at timestamptz,
    CHECK (state <> 'dead' OR reason IS NOT NULL),
    CHECK (state <> 'sent' OR sent_at IS NOT NULL)
)
"""
INDEXES = (
    "CREATE INDEX person_organisation ON person (organisation_id, family_name, given_name)",
    "CREATE INDEX booking_person ON booking (person_ref)",
    "CREATE INDEX notice_inbox ON notice (recipient_ref, number DESC)",
    "CREATE INDEX notice_stream ON notice (written_in, number)",
    "CREATE INDEX notice_waiting ON notice (number) WHERE state = 'waiting'",
    "CREATE INDEX notice_due ON notice (due_at) WHERE state IN ('queued', 'sending')",
    "CREATE INDEX notice_order ON notice (about_id, recipient_ref, number)"
    " WHERE state IN ('queued', 'sending')",
)


def upgrade() -> None:
    chassis_tables(op)
    for table in (PERSON, RUN, BOOKING, BULK, NOTICE, *INDEXES):
        op.execute(table)


def downgrade() -> None:
    op.execute("DROP TABLE notice, bulk, booking, run, person")
