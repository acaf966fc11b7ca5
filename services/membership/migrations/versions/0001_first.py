"""The tables of the membership service."""

from alembic import op
from chassis.migrations import chassis_tables

revision = "0001_first"
down_revision = None

TABLES = (
    """
    CREATE TABLE organisation (
        organisation_id uuid PRIMARY KEY,
        code text NOT NULL UNIQUE,
        name text NOT NULL,
        employees int NOT NULL CHECK (employees > 0),
        kind text,
        street text,
        postcode text,
        city text,
        country text NOT NULL,
        version int NOT NULL,
        missing_shares int NOT NULL DEFAULT 0 CHECK (missing_shares >= 0),
        registered_at timestamptz NOT NULL
    )
    """,
    # What was counted on which day; the newest stands in `organisation`.
    """
    CREATE TABLE employee_count (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organisation_id uuid NOT NULL REFERENCES organisation,
        employees int NOT NULL,
        recorded_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX employee_count_of ON employee_count (organisation_id, id DESC)",
    """
    CREATE TABLE application (
        application_id uuid PRIMARY KEY,
        organisation_id uuid NOT NULL REFERENCES organisation,
        state text NOT NULL CHECK (state IN ('applied', 'admitted', 'rejected')),
        shares int NOT NULL CHECK (shares > 0),
        filed_at timestamptz NOT NULL,
        decided_on date,
        reason_code text
    )
    """,
    "CREATE UNIQUE INDEX one_open_application ON application (organisation_id)"
    " WHERE state = 'applied'",
    # The personal part of an application. A rejection deletes the row in its own transaction.
    """
    CREATE TABLE declaration (
        application_id uuid PRIMARY KEY REFERENCES application,
        declared_at timestamptz NOT NULL,
        articles_shown_at timestamptz NOT NULL,
        accepts_payment_duty boolean NOT NULL,
        accepts_longer_notice boolean NOT NULL,
        form text NOT NULL,
        signatory_name text NOT NULL,
        signatory_mail text NOT NULL,
        signatory_function text NOT NULL
    )
    """,
    """
    CREATE TABLE membership (
        member_number int PRIMARY KEY CHECK (member_number > 0),
        organisation_id uuid NOT NULL REFERENCES organisation,
        application_id uuid NOT NULL UNIQUE REFERENCES application,
        member_since_on date NOT NULL,
        ends_on date CHECK (ends_on >= member_since_on),
        notice_received_at timestamptz,
        tier int NOT NULL,
        state text NOT NULL CHECK (state IN ('admitted', 'notice_given', 'exited'))
    )
    """,
    # INCLUDE: the price rule reads this index and no page of the table.
    "CREATE INDEX membership_of ON membership (organisation_id)"
    " INCLUDE (member_since_on, ends_on, tier)",
    "CREATE INDEX membership_ending ON membership (ends_on) WHERE state = 'notice_given'",
    # One row; its lock is what keeps the numbers without a gap.
    """
    CREATE TABLE member_numbering (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        last_number int NOT NULL
    )
    """,
    "INSERT INTO member_numbering (last_number) VALUES (0)",
    """
    CREATE TABLE share_subscription (
        subscription_id uuid PRIMARY KEY,
        member_number int NOT NULL REFERENCES membership,
        kind text NOT NULL CHECK (kind IN ('mandatory', 'voluntary')),
        shares int NOT NULL CHECK (shares > 0),
        subscribed_on date NOT NULL,
        declared_at timestamptz,
        recorded_at timestamptz NOT NULL,
        recorded_by uuid
    )
    """,
    "CREATE INDEX share_subscription_of ON share_subscription (member_number)",
    """
    CREATE TABLE share_payment (
        payment_id uuid PRIMARY KEY,
        member_number int NOT NULL REFERENCES membership,
        amount_cents bigint NOT NULL CHECK (amount_cents > 0),
        received_on date NOT NULL,
        reference text,
        recorded_at timestamptz NOT NULL,
        recorded_by uuid
    )
    """,
    "CREATE INDEX share_payment_of ON share_payment (member_number)",
    # Bookings of organisations that are not registered yet: their price is open, not guessed.
    """
    CREATE TABLE pending_quote (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL UNIQUE,
        enrolment_id uuid NOT NULL,
        organisation_id uuid NOT NULL,
        asked_at timestamptz NOT NULL,
        standard_cents bigint NOT NULL,
        member_cents bigint NOT NULL,
        correlation_id text NOT NULL,
        traceparent text,
        heard_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX pending_quote_of ON pending_quote (organisation_id)",
    """
    CREATE TABLE inspection (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        who uuid NOT NULL,
        on_day date NOT NULL,
        reason text
    )
    """,
    """
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        who uuid,
        what text NOT NULL,
        organisation_id uuid NOT NULL,
        correlation_id text
    )
    """,
)

APPEND_ONLY = ("employee_count", "share_subscription", "share_payment", "inspection", "audit")

KEEP = """
CREATE FUNCTION keep_what_was_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$
"""


def upgrade() -> None:
    """Create everything."""
    chassis_tables(op)
    for statement in TABLES:
        op.execute(statement)
    op.execute(KEEP)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION keep_what_was_written()"
        )
