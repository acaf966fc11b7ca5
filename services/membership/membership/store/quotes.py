"""What the price rule needs, for a whole batch at once; and the prices that must wait."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from chassis.database import Row, Transaction
from contracts import synthetic
from contracts.base import Cause
from sqlalchemy import text

from membership.domain.pricing import Booking, Term

TERMS = text("""
    SELECT o.organisation_id, m.member_since_on, m.ends_on, m.tier
      FROM organisation o LEFT JOIN membership m ON m.organisation_id = o.organisation_id
     WHERE o.organisation_id = ANY(CAST(:ids AS uuid[]))
     ORDER BY o.organisation_id, m.member_since_on
""")
NO_REGISTRATION = text("SELECT pg_advisory_xact_lock_shared(hashtext('membership.registration'))")
SET_ASIDE = text("""
    INSERT INTO pending_quote (event_id, enrolment_id, organisation_id, asked_at, standard_cents,
                               member_cents, correlation_id, traceparent, heard_at)
    SELECT *, CAST(:now AS timestamptz)
      FROM unnest(CAST(:event_ids AS uuid[]), CAST(:enrolment_ids AS uuid[]),
                  CAST(:organisation_ids AS uuid[]), CAST(:asked AS timestamptz[]),
                  CAST(:standard AS bigint[]), CAST(:member AS bigint[]),
                  CAST(:correlations AS text[]), CAST(:traces AS text[]))
    ON CONFLICT (event_id) DO NOTHING
""")
TAKE_UP = text("""
    WITH waiting AS (SELECT seq FROM pending_quote
                      WHERE organisation_id = ANY(CAST(:ids AS uuid[])) ORDER BY seq FOR UPDATE),
         due AS (DELETE FROM pending_quote p USING waiting w WHERE p.seq = w.seq RETURNING p.*)
    SELECT * FROM due ORDER BY seq
""")
# Both lock in the order of `seq`: a registration and a batch of ends wait instead of a deadlock.
FORGET = text("""
    WITH over AS (SELECT seq FROM pending_quote
                   WHERE enrolment_id = ANY(CAST(:ids AS uuid[])) ORDER BY seq FOR UPDATE)
    DELETE FROM pending_quote p USING over o WHERE p.seq = o.seq
""")
PENDING = text("""
    SELECT count(DISTINCT enrolment_id) AS pending, min(heard_at) AS oldest FROM pending_quote
""")


async def terms(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[Term]]:
    """The memberships of the organisations that are registered; no key for the others.

    That of the synthetic bookings is registered nowhere and gets the price of a non-member.

    No lock, on purpose. A price and an admission (or a notice) that commit at the same moment have
    no order in the world either: this one statement sees the admission whole or not at all, so the
    price is the one of right before or right after it, and the reason says which. The price is
    then frozen in the booking; no rule joins the two that a lock would have to keep. A lock would
    only make the hot path wait for the office.
    """
    found: dict[UUID, list[Term]] = {id_: [] for id_ in ids if id_ == synthetic.ORGANISATION}
    for row in await tx.rows(TERMS, {"ids": list(ids)}):
        mine = found.setdefault(row["organisation_id"], [])
        if row["member_since_on"] is not None:
            mine.append(Term(row["member_since_on"], row["ends_on"], row["tier"]))
    return found


async def shut_registration(tx: Transaction) -> None:
    """Nobody registers an organisation until this commits.

    Without it a registration could look for waiting prices just before one is set aside for it,
    and that one would wait for ever.
    """
    await tx.execute(NO_REGISTRATION)


async def set_aside(tx: Transaction, bookings: Sequence[Booking]) -> None:
    """Keep bookings until their organisation is registered."""
    causes = [b.cause or Cause(str(b.event_id)) for b in bookings]
    await tx.execute(
        SET_ASIDE,
        {
            "event_ids": [b.event_id for b in bookings],
            "enrolment_ids": [b.enrolment_id for b in bookings],
            "organisation_ids": [b.organisation_id for b in bookings],
            "asked": [b.asked_at for b in bookings],
            "standard": [b.standard_cents for b in bookings],
            "member": [b.member_cents for b in bookings],
            "correlations": [cause.correlation_id for cause in causes],
            "traces": [cause.traceparent for cause in causes],
            "now": tx.now,
        },
    )


async def take_up(tx: Transaction, ids: Collection[UUID]) -> list[Booking]:
    """The bookings that waited for these organisations, in the order in which they came."""
    return [_booking(row) for row in await tx.rows(TAKE_UP, {"ids": list(ids)})]


async def forget(tx: Transaction, enrolment_ids: Collection[UUID]) -> None:
    """Nobody needs a price for these bookings any more."""
    await tx.execute(FORGET, {"ids": list(enrolment_ids)})


async def pending(tx: Transaction) -> tuple[int, datetime | None]:
    """How many bookings wait for their organisation, and since when the first one."""
    row = await tx.row(PENDING)
    return (row["pending"], row["oldest"]) if row else (0, None)


def _booking(row: Row) -> Booking:
    return Booking(
        event_id=row["event_id"],
        enrolment_id=row["enrolment_id"],
        organisation_id=row["organisation_id"],
        asked_at=row["asked_at"],
        standard_cents=row["standard_cents"],
        member_cents=row["member_cents"],
        cause=Cause(row["correlation_id"], str(row["event_id"]), row["traceparent"]),
    )
