"""Sessions and drafts."""

from alembic import op

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE session (
            id_hash bytea PRIMARY KEY,
            person_ref uuid NOT NULL,
            issuer_sid text NOT NULL,
            secret bytea NOT NULL,
            access_until timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX session_person ON session (person_ref)")
    op.execute("CREATE INDEX session_issuer ON session (issuer_sid)")
    op.execute("""
        CREATE TABLE draft (
            person_ref uuid NOT NULL,
            name text NOT NULL,
            body bytea NOT NULL,
            ends_at timestamptz NOT NULL,
            PRIMARY KEY (person_ref, name)
        )
    """)
