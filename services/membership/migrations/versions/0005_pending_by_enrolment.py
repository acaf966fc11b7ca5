"""A booking that is over takes the price that it waited for with it: found by its id."""

from alembic import op

revision = "0005_pending_by_enrolment"
down_revision = "0004_document_requests"


def upgrade() -> None:
    """Create the index."""
    op.execute("CREATE INDEX pending_quote_for ON pending_quote (enrolment_id)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX pending_quote_for")
