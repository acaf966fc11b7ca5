"""Runs on demand: nobody waits for their start, they are booked until booking closes."""

from alembic import op

revision = "0002_on_demand"
down_revision = "0001_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark, and find runs by the moment when nothing can be decided any more."""
    op.execute("ALTER TABLE run ADD COLUMN on_demand boolean NOT NULL DEFAULT false")
    op.execute("DROP INDEX run_to_begin")
    op.execute(
        """CREATE INDEX run_to_begin ON run
            ((CASE WHEN on_demand THEN ends_at ELSE starts_at END)) WHERE NOT begun"""
    )


def downgrade() -> None:
    """Forget it."""
    op.execute("DROP INDEX run_to_begin")
    op.execute("ALTER TABLE run DROP COLUMN on_demand")
    op.execute("CREATE INDEX run_to_begin ON run (starts_at) WHERE NOT begun")
