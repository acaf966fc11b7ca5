"""The inbox: which messages have taken effect here, and which keys have something set aside.

One statement admits a batch. Its rows are inserted in order, so that the twin of a batch (an old
owner still at work, another replica) waits and then gets nothing, instead of a deadlock.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from chassis.database import Transaction
from chassis.records import Delivery

TABLE = """
CREATE TABLE inbox (
    topic text NOT NULL,
    message_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (topic, message_id)
)
"""
INDEX = "CREATE INDEX inbox_age ON inbox USING brin (received_at)"

ADMIT = text("""
    WITH fresh AS (
        INSERT INTO inbox (topic, message_id, received_at)
        SELECT t, m, :now FROM unnest(CAST(:topics AS text[]), CAST(:ids AS uuid[])) AS u(t, m)
         ORDER BY t, m
        ON CONFLICT DO NOTHING RETURNING topic, message_id
    )
    SELECT topic, message_id, NULL AS key FROM fresh
    UNION ALL
    SELECT topic, NULL, key FROM dead_letter
     WHERE state = 'dead' AND (topic, key) IN (
           SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:keys AS bytea[])))
""")

Name = tuple[str, UUID]
"""What makes a message unique: its topic and its id."""
Place = tuple[str, bytes]
"""A key of a topic."""


async def admit(tx: Transaction, deliveries: Sequence[Delivery]) -> tuple[set[Name], set[Place]]:
    """Mark these messages as handled: which of them are new, and which keys are closed.

    A key is closed while something of it is set aside.
    """
    rows = await tx.rows(
        ADMIT,
        {
            "topics": [delivery.record.topic for delivery in deliveries],
            "ids": [delivery.id for delivery in deliveries],
            "keys": [delivery.key for delivery in deliveries],
            "now": tx.now,
        },
    )
    fresh: set[Name] = {(topic, id_) for topic, id_, _ in rows if id_ is not None}
    closed: set[Place] = {(topic, key) for topic, _, key in rows if key is not None}
    return fresh, closed
