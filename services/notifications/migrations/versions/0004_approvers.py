"""Who decides on requests, and that such people are written to."""

from alembic import op

revision = "0004_approvers"
down_revision = "0003_forget_synthetic"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark, and let notices be for those who decide."""
    op.execute("ALTER TABLE person ADD COLUMN approves boolean NOT NULL DEFAULT false")
    op.execute("CREATE INDEX person_approves ON person (organisation_id) WHERE approves")
    op.execute("ALTER TABLE notice DROP CONSTRAINT notice_audience_check")
    op.execute(
        """ALTER TABLE notice ADD CONSTRAINT notice_audience_check
            CHECK (audience IN ('person', 'coordinator', 'approver'))"""
    )


def downgrade() -> None:
    """Forget it, and what was for those who decide."""
    op.execute("DELETE FROM notice WHERE audience = 'approver'")
    op.execute("ALTER TABLE notice DROP CONSTRAINT notice_audience_check")
    op.execute(
        """ALTER TABLE notice ADD CONSTRAINT notice_audience_check
            CHECK (audience IN ('person', 'coordinator'))"""
    )
    op.execute("ALTER TABLE person DROP COLUMN approves")
