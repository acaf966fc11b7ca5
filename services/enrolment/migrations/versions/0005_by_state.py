"""Enrolments of an organisation by state: how many there are is shown above every list."""

from alembic import op

revision = "0005_by_state"
down_revision = "0004_dead_letter_acts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One entry of the index names many rows: states are few."""
    op.execute("CREATE INDEX enrolment_by_state ON enrolment (organisation_id, state)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX enrolment_by_state")
