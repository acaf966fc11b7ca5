"""Tables of the small service of the tests."""

from alembic import op
from chassis.migrations import chassis_tables

revision = "0001_first"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    chassis_tables(op)
    op.execute("CREATE TABLE note (id int GENERATED ALWAYS AS IDENTITY, number int NOT NULL)")
    op.execute("CREATE TABLE heard (run_id uuid NOT NULL, event_id uuid NOT NULL)")
