"""One live enrolment per run, organisation and person.

Who belongs to which organisation is not known here. So a booking of one organisation must neither
stand in the way of another one nor tell it whom somebody else has booked.
"""

from alembic import op

revision = "0003_one_per_organisation"
down_revision = "0002_on_demand"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The organisation joins the key."""
    op.execute("DROP INDEX one_live_enrolment")
    op.execute(
        """CREATE UNIQUE INDEX one_live_enrolment ON enrolment (run_id, organisation_id, person_ref)
            WHERE state NOT IN ('rejected', 'cancelled', 'expired')"""
    )


def downgrade() -> None:
    """Back to one per run and person; fails while two organisations have booked the same one."""
    op.execute("DROP INDEX one_live_enrolment")
    op.execute(
        """CREATE UNIQUE INDEX one_live_enrolment ON enrolment (run_id, person_ref)
            WHERE state NOT IN ('rejected', 'cancelled', 'expired')"""
    )
