"""What an organisation has to act on, by its deadline: few of its many enrolments have one."""

from alembic import op

revision = "0008_by_deadline"
down_revision = "0007_reminders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """It is partial, so it stays small over the years."""
    op.execute(
        """CREATE INDEX enrolment_by_deadline ON enrolment (organisation_id, due_at, id)
            WHERE due_at IS NOT NULL"""
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX enrolment_by_deadline")
