"""Long lists that are booked in parts: how far each one is, and what became of its rows."""

from alembic import op

revision = "0006_bulk_jobs"
down_revision = "0005_by_state"
branch_labels = None
depends_on = None

JOB = """
CREATE TABLE bulk_job (
    id uuid PRIMARY KEY REFERENCES bulk,
    all_or_nothing boolean NOT NULL,
    correlation_id text NOT NULL,
    traceparent text,
    refused_as text,
    free integer,
    worked_at timestamptz NOT NULL,
    finished_at timestamptz
)
"""
TO_DO = "CREATE INDEX bulk_job_to_do ON bulk_job (worked_at) WHERE finished_at IS NULL"
ROW = """
CREATE TABLE bulk_job_row (
    job_id uuid NOT NULL REFERENCES bulk_job ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 0),
    person_ref uuid NOT NULL,
    cost_centre text CHECK (length(cost_centre) <= 40),
    order_reference text CHECK (length(order_reference) <= 40),
    enrolment_id uuid,
    code text,
    PRIMARY KEY (job_id, number)
)
"""


def upgrade() -> None:
    """Create both tables."""
    for statement in (JOB, TO_DO, ROW):
        op.execute(statement)


def downgrade() -> None:
    """Drop them; what was booked stays booked, what was not yet is forgotten."""
    op.execute("DROP TABLE bulk_job_row")
    op.execute("DROP TABLE bulk_job")
