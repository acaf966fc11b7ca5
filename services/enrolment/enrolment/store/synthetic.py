"""What is left of synthetic bookings: worth nothing once they have ended, so it is forgotten."""

from datetime import timedelta

from chassis.database import Transaction
from contracts import synthetic
from sqlalchemy import text

KEPT = timedelta(hours=1)

FORGET = text("""
    DELETE FROM enrolment WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM enrolment
         WHERE organisation_id = :organisation AND requested_at < :before AND ended_at < :before
         LIMIT 1000))
""")


async def forget(tx: Transaction) -> int:
    """Delete what ended an hour ago; how many rows."""
    params = {"organisation": synthetic.ORGANISATION, "before": tx.now - KEPT}
    return await tx.execute(FORGET, params)
