"""The index of what is due serves only who asks by time.

While few mails wait, the planner believed any index of the queue as good as any other, and kept
that plan: with many waiting, every look at one mail read all of them.
"""

from alembic import op

revision = "0006_queue"
down_revision = "0005_deciders"
branch_labels = None
depends_on = None

OPEN = "state IN ('queued', 'sending')"


def upgrade() -> None:
    """Only a condition on `due_at` implies that it is there."""
    op.execute("DROP INDEX notice_due")
    op.execute(f"CREATE INDEX notice_due ON notice (due_at) WHERE {OPEN} AND due_at IS NOT NULL")


def downgrade() -> None:
    """As it was."""
    op.execute("DROP INDEX notice_due")
    op.execute(f"CREATE INDEX notice_due ON notice (due_at) WHERE {OPEN}")
