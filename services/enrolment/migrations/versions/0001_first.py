"""Organisations and their rules, runs with their seats, enrolments, bulk bookings."""

from alembic import op
from chassis.migrations import chassis_tables

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None

ORGANISATION = """
CREATE TABLE organisation (
    id uuid PRIMARY KEY,
    code text,
    approval_required boolean NOT NULL DEFAULT true,
    hold_hours integer NOT NULL DEFAULT 48 CHECK (hold_hours BETWEEN 1 AND 720),
    land text NOT NULL DEFAULT 'HE',
    version integer NOT NULL DEFAULT 0
)
"""
RUN = """
CREATE TABLE run (
    id uuid PRIMARY KEY,
    offer_id uuid NOT NULL,
    title text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    location text,
    closes_at timestamptz NOT NULL,
    capacity integer NOT NULL CHECK (capacity >= 0),
    standard_cents bigint NOT NULL,
    member_cents bigint NOT NULL,
    policy jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'withdrawn', 'cancelled')),
    told_version bigint NOT NULL,
    ceiling integer NOT NULL,
    taken integer NOT NULL,
    held integer NOT NULL,
    waiting integer NOT NULL CHECK (waiting >= 0),
    next_number bigint NOT NULL,
    version bigint NOT NULL,
    begun boolean NOT NULL,
    CONSTRAINT no_seat_is_sold_twice CHECK (taken BETWEEN 0 AND ceiling),
    CONSTRAINT held_seats_are_taken CHECK (held BETWEEN 0 AND taken)
) WITH (fillfactor = 70)
"""
TO_BEGIN = "CREATE INDEX run_to_begin ON run (starts_at) WHERE NOT begun"

ENROLMENT = """
CREATE TABLE enrolment (
    id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES run,
    organisation_id uuid NOT NULL,
    person_ref uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'awaiting_approval', 'confirmed',
                                         'waitlisted', 'offered',
                                         'rejected', 'cancelled', 'expired')),
    number bigint NOT NULL,
    requested_at timestamptz NOT NULL,
    binding_at timestamptz NOT NULL,
    standard_cents bigint NOT NULL,
    member_cents bigint NOT NULL,
    policy jsonb NOT NULL,
    booked_by_ref uuid,
    bulk_id uuid,
    correlation_id text,
    needs_approval boolean NOT NULL,
    cost_centre text CHECK (length(cost_centre) <= 40),
    order_reference text CHECK (length(order_reference) <= 40),
    held_until timestamptz,
    offered_until timestamptz,
    due_at timestamptz,
    price_cents bigint,
    price_kind text,
    price_reason jsonb,
    saving_cents bigint,
    priced_for_on date,
    settled boolean NOT NULL,
    rescheduled boolean NOT NULL,
    confirmed_at timestamptz,
    decided_by_ref uuid,
    decision_reason text,
    ended_at timestamptz,
    ended_reason text,
    fee_cents bigint,
    version integer NOT NULL,
    CONSTRAINT confirmed_has_a_price CHECK (state <> 'confirmed' OR price_cents IS NOT NULL)
) WITH (fillfactor = 80)
"""
ENROLMENT_INDEXES = (
    """CREATE UNIQUE INDEX one_live_enrolment ON enrolment (run_id, person_ref)
        WHERE state NOT IN ('rejected', 'cancelled', 'expired')""",
    "CREATE INDEX enrolment_line ON enrolment (run_id, number) WHERE state = 'waitlisted'",
    "CREATE INDEX enrolment_due ON enrolment (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX enrolment_of_organisation ON enrolment (organisation_id, requested_at, id)",
    "CREATE INDEX enrolment_of_person ON enrolment (person_ref, requested_at, id)",
    "CREATE INDEX enrolment_of_bulk ON enrolment (bulk_id) WHERE bulk_id IS NOT NULL",
)
BULK = """
CREATE TABLE bulk (
    id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES run,
    organisation_id uuid NOT NULL,
    booked_by_ref uuid NOT NULL,
    open_rows integer NOT NULL CHECK (open_rows >= 0),
    total integer NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz
)
"""


def upgrade() -> None:
    """Create everything."""
    chassis_tables(op)
    for statement in (ORGANISATION, RUN, TO_BEGIN, ENROLMENT, *ENROLMENT_INDEXES, BULK):
        op.execute(statement)


def downgrade() -> None:
    """Drop what is ours; the tables of the chassis stay."""
    for table in ("bulk", "enrolment", "run", "organisation"):
        op.execute(f"DROP TABLE {table}")
