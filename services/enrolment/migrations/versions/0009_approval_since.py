"""Since when the organisation could decide on a request.

Of requests that already wait it is not known: the column stays empty for them.
"""

from alembic import op

revision = "0009_approval_since"
down_revision = "0008_by_deadline"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment."""
    op.execute("ALTER TABLE enrolment ADD COLUMN approval_since timestamptz")


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE enrolment DROP COLUMN approval_since")
