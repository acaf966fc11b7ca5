"""Who decided on a request, so that the person can be told by name."""

from alembic import op

revision = "0005_deciders"
down_revision = "0004_approvers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the reference. What was decided before is not told again: it stays without."""
    op.execute("ALTER TABLE booking ADD COLUMN decided_by_ref uuid")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE booking DROP COLUMN decided_by_ref")
