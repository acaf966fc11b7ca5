"""What is left of synthetic bookings: nobody reads their notices, so it is forgotten."""

from datetime import timedelta

from chassis.database import Transaction
from contracts import synthetic
from sqlalchemy import text

KEPT = timedelta(hours=1)

# With the id in the statement, so that the partial indexes on exactly this one serve it
FORGET_NOTICES = text(f"""
    DELETE FROM notice WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM notice
         WHERE organisation_id = '{synthetic.ORGANISATION}' AND created_at < :before LIMIT 1000))
""")  # noqa: S608 - a constant of ours
FORGET_BOOKINGS = text(f"""
    DELETE FROM booking WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM booking
         WHERE organisation_id = '{synthetic.ORGANISATION}' AND told_at < :before LIMIT 1000))
""")  # noqa: S608 - a constant of ours


async def forget(tx: Transaction) -> int:
    """Delete what is an hour old; how many rows."""
    before = {"before": tx.now - KEPT}
    return await tx.execute(FORGET_NOTICES, before) + await tx.execute(FORGET_BOOKINGS, before)
