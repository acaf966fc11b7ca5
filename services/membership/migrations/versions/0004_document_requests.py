"""Documents that the office asked applicants for. They are deleted with the declaration."""

from alembic import op

revision = "0004_document_requests"
down_revision = "0003_dead_letter_acts"

TABLE = """
CREATE TABLE document_request (
    request_id uuid PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES application,
    check_code text,
    document text,
    note text,
    requested_at timestamptz NOT NULL,
    requested_by uuid,
    CHECK (check_code IS NOT NULL OR document IS NOT NULL)
) WITH (
    autovacuum_vacuum_threshold = 0,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0
)
"""


def upgrade() -> None:
    """Create the table, vacuumed as early as that of the declarations."""
    op.execute(TABLE)
    op.execute("CREATE INDEX document_request_of ON document_request (application_id)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE document_request")
