"""Who did what with messages that were set aside."""

from alembic import op
from chassis import dead_letter_acts

revision = "0004_dead_letter_acts"
down_revision = "0003_one_per_organisation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of the chassis."""
    dead_letter_acts.tables(op)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE dead_letter_act")
