"""Who did what with a message that was set aside, when and why: written once, never changed.

Also what came to nothing is kept here: a replay that failed, and one that was only tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from chassis.database import Transaction

Act = Literal["replay", "dry-run", "discard"]

TABLE = """
CREATE TABLE dead_letter_act (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    letter_id uuid NOT NULL REFERENCES dead_letter (id),
    act text NOT NULL CHECK (act IN ('replay', 'dry-run', 'discard')),
    error text,
    actor uuid NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL
)
"""
INDEX = "CREATE INDEX dead_letter_act_of ON dead_letter_act (letter_id, seq)"

WRITE = text("""
    INSERT INTO dead_letter_act (letter_id, act, error, actor, reason, at)
    SELECT id, :act, :error, :actor, :reason, :now
      FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS acted (id, place) ORDER BY place
""")
OF = text("""
    SELECT act, error, actor, reason, at FROM dead_letter_act WHERE letter_id = :id ORDER BY seq
""")


def tables(op: Any) -> None:
    """Create the table. Called by a migration of every service."""
    op.execute(TABLE)
    op.execute(INDEX)


@dataclass(frozen=True, slots=True)
class Doing:
    """What somebody does, and why."""

    act: Act
    actor: UUID
    reason: str


async def write(tx: Transaction, ids: Sequence[UUID], doing: Doing, error: str | None) -> None:
    """Keep what was done with these messages; `error` names what kept it from going through."""
    params = {
        "ids": list(ids),
        "act": doing.act,
        "error": error,
        "actor": doing.actor,
        "reason": doing.reason,
        "now": tx.now,
    }
    await tx.execute(WRITE, params)


async def of(tx: Transaction, letter_id: UUID) -> list[dict[str, Any]]:
    """Everything that was done with a message, the first act first."""
    return [dict(row) for row in await tx.rows(OF, {"id": letter_id})]
