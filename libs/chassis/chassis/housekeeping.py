"""What every service forgets in time: old idempotency keys and old inbox marks.

A key is worth something while a client may still repeat its request; a mark while Kafka may still
deliver its record again. Some topics are kept for ever, so that is as long as the broker remembers
the offsets of a group that is away: 365 days by our configuration (`offsets.retention.minutes`).
"""

from datetime import timedelta

from sqlalchemy import text

from chassis.database import Transaction
from chassis.timers import Timer

KEYS_KEPT = timedelta(days=7)
MARKS_KEPT = timedelta(days=400)

FORGET_KEYS = text("""
    DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency WHERE created_at < :before LIMIT 5000))
""")
FORGET_MARKS = text("""
    DELETE FROM inbox WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM inbox WHERE received_at < :before LIMIT 5000))
""")


async def forget_keys(tx: Transaction) -> int:
    """Delete idempotency keys that nobody will repeat; how many."""
    return await tx.execute(FORGET_KEYS, {"before": tx.now - KEYS_KEPT})


async def forget_marks(tx: Transaction) -> int:
    """Delete inbox marks whose records are gone; how many."""
    return await tx.execute(FORGET_MARKS, {"before": tx.now - MARKS_KEPT})


TIMERS = (
    Timer("forget-keys", 3600, forget_keys),
    Timer("forget-marks", 3600, forget_marks),
)
