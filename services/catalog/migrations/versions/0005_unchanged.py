"""Since when the version has been standing that a submission sent again.

Rows from before have none. What they changed is not to be told from what is kept: nothing is said
of them, and in 90 days they are forgotten.
"""

from alembic import op

revision = "0005_unchanged"
down_revision = "0004_decision_day"


def upgrade() -> None:
    """Add the instant."""
    op.execute("ALTER TABLE submission ADD COLUMN unchanged_since timestamptz")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE submission DROP COLUMN unchanged_since")
