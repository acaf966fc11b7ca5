"""When those who decide on a request were last reminded."""

from alembic import op

revision = "0007_reminders"
down_revision = "0006_bulk_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment."""
    op.execute("ALTER TABLE enrolment ADD COLUMN reminded_at timestamptz")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE enrolment DROP COLUMN reminded_at")
