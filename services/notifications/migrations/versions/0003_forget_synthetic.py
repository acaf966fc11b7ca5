"""Small indexes by which the rows of synthetic bookings are found, to be forgotten.

The id is that of `contracts.synthetic` and stands here as it was then, like all of a migration.
"""

from alembic import op

revision = "0003_forget_synthetic"
down_revision = "0002_dead_letter_acts"
branch_labels = None
depends_on = None

ORGANISATION = "5e9b1c1e-0000-4000-8000-73796e746865"


def upgrade() -> None:
    """Create them."""
    for table, column in (("notice", "created_at"), ("booking", "told_at")):
        op.execute(
            f"CREATE INDEX {table}_synthetic ON {table} ({column})"
            f" WHERE organisation_id = '{ORGANISATION}'"
        )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX notice_synthetic")
    op.execute("DROP INDEX booking_synthetic")
