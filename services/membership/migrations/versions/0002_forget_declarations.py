"""Deleted declarations leave the file of their table soon, not when many have gathered.

§ 15 (2) GenG: a rejected electronic declaration is deleted at once. The row is gone with the
rejection's commit; its bytes stay in the file until PostgreSQL vacuums the table.
"""

from alembic import op

revision = "0002_forget_declarations"
down_revision = "0001_first"


def upgrade() -> None:
    """Let autovacuum come for a single dead row."""
    op.execute(
        "ALTER TABLE declaration SET (autovacuum_vacuum_threshold = 0,"
        " autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0)"
    )
