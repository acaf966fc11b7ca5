"""What providers submitted and what became of it: kept for them to look up, then forgotten."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.database import Transaction
from chassis.http import View
from contracts.base import rfc3339
from contracts.catalog import Finding, OfferAccepted, OfferRejected
from sqlalchemy import text

KEEP = timedelta(days=90)  # as long as the topic keeps them
MAX_PAYLOAD = 100_000

SAVE = text("""
    INSERT INTO submission (submission_id, provider_id, offer_ref, type, verdict, offer_id, errors,
                            warnings, unchanged_since, payload, received_at, decided_at)
    SELECT submission_id, provider_id, offer_ref, type, verdict, offer_id, errors, warnings,
           unchanged_since, payload, received_at, :now
      FROM json_populate_recordset(CAST(NULL AS submission), CAST(:rows AS json))
""")
FORGET = text("""
    DELETE FROM submission WHERE seq IN (
        SELECT seq FROM submission WHERE decided_at < :before
         ORDER BY decided_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
""")


LIST = text("""
    SELECT * FROM submission
     WHERE (CAST(:provider AS text) IS NULL OR provider_id = CAST(:provider AS text))
       AND (CAST(:verdict AS text) IS NULL OR verdict = CAST(:verdict AS text))
       AND (CAST(:unchanged AS boolean) IS NULL
            OR (unchanged_since IS NOT NULL) = CAST(:unchanged AS boolean))
       AND (CAST(:before AS bigint) IS NULL OR seq < CAST(:before AS bigint))
     ORDER BY seq DESC LIMIT CAST(:limit AS integer)
""")
ONE = text("""
    SELECT * FROM submission
     WHERE submission_id = :id
       AND (CAST(:provider AS text) IS NULL OR provider_id = CAST(:provider AS text))
     ORDER BY seq DESC LIMIT 1
""")


class SubmissionView(View):
    """A submission in a list.

    `unchanged_since`: it was accepted and changed nothing, since neither the offer nor any of its
    runs has changed from then on (or the offer has been withdrawn since, and was withdrawn again).
    Null: it changed something, was rejected, or came before this was noted. Warnings stand beside
    it as they always do: they matter more to the provider than that nothing changed.
    """

    submission_id: UUID
    provider_id: str | None
    offer_ref: str | None
    type: str
    verdict: str
    offer_id: UUID | None
    errors: list[Finding]
    warnings: list[Finding]
    unchanged_since: datetime | None
    received_at: datetime
    decided_at: datetime


class WholeSubmission(SubmissionView):
    """A submission with what was sent, as far as it is text."""

    payload: str | None


class SubmissionsView(View):
    """A page of submissions, the newest first."""

    items: list[SubmissionView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A submission with its verdict."""

    type: str
    payload: bytes | None
    received_at: datetime
    verdict: OfferAccepted | OfferRejected
    unchanged_since: datetime | None
    warnings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Which:
    """Submissions that are asked for; None: whatever it is."""

    provider: str | None = None
    verdict: str | None = None
    unchanged: bool | None = None


async def keep(tx: Transaction, judged: Sequence[Judged]) -> None:
    """Remember submissions with their verdicts."""
    rows = [_row(entry) for entry in judged]
    await tx.execute(SAVE, {"rows": json.dumps(rows), "now": tx.now})


async def forget_old(tx: Transaction) -> int:
    """Forget submissions after 90 days; how many."""
    return await tx.execute(FORGET, {"before": tx.now - KEEP})


def _row(entry: Judged) -> dict[str, object]:
    verdict = entry.verdict
    accepted = isinstance(verdict, OfferAccepted)
    offer_id: UUID | None = verdict.offer_id if isinstance(verdict, OfferAccepted) else None
    errors = verdict.errors if isinstance(verdict, OfferRejected) else []
    payload = entry.payload[:MAX_PAYLOAD] if entry.payload is not None else None
    return {
        "submission_id": str(verdict.submission_id),
        "provider_id": verdict.provider_id,
        "offer_ref": verdict.offer_ref,
        "type": entry.type[:100],
        "verdict": "accepted" if accepted else "rejected",
        "offer_id": str(offer_id) if offer_id else None,
        "errors": [error.model_dump() for error in errors],
        "warnings": [warning.model_dump() for warning in entry.warnings],
        "unchanged_since": rfc3339(entry.unchanged_since) if entry.unchanged_since else None,
        "payload": None if payload is None else "\\x" + payload.hex(),
        "received_at": rfc3339(entry.received_at),
    }


async def page(tx: Transaction, which: Which, cursor: int | None, limit: int) -> SubmissionsView:
    """These submissions, the newest first, from behind the cursor on."""
    rows = await tx.rows(LIST, {**asdict(which), "before": cursor, "limit": limit + 1})
    more = len(rows) > limit
    items = [SubmissionView.model_validate(dict(row)) for row in rows[:limit]]
    return SubmissionsView(
        items=items, next_cursor=str(rows[limit - 1]["seq"]) if more and rows else None
    )


async def one(tx: Transaction, submission_id: UUID, provider: str | None) -> WholeSubmission | None:
    """A submission of a provider (None: of anybody)."""
    row = await tx.row(ONE, {"id": submission_id, "provider": provider})
    if row is None:
        return None
    payload = row["payload"]
    sent = None if payload is None else bytes(payload).decode("utf-8", "replace")
    return WholeSubmission.model_validate({**row, "payload": sent})
