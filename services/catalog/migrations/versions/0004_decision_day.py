"""The day on which a provider decides whether a run takes place, where one was named."""

from alembic import op

revision = "0004_decision_day"
down_revision = "0003_near_offers"


def upgrade() -> None:
    """Add the day."""
    op.execute("ALTER TABLE run ADD COLUMN decision_on date")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE run DROP COLUMN decision_on")
