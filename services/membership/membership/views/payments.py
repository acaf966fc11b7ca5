"""What an organisation has paid for shares, payment by payment."""

from datetime import date
from uuid import UUID

from chassis.database import Transaction
from chassis.http import View
from contracts.base import Instant
from sqlalchemy import text

# An organisation that left and came back has several memberships; each has payments of its own.
PAYMENTS = text("""
    SELECT p.payment_id, p.member_number, p.amount_cents, p.received_on, p.reference, p.recorded_at
      FROM share_payment p JOIN membership m USING (member_number)
     WHERE m.organisation_id = :id
       AND (CAST(:after AS uuid) IS NULL OR (p.received_on, p.recorded_at, p.payment_id) <
            (SELECT received_on, recorded_at, payment_id FROM share_payment
              WHERE payment_id = :after))
     ORDER BY p.received_on DESC, p.recorded_at DESC, p.payment_id DESC LIMIT :limit
""")


class PaymentView(View):
    """Money that arrived for the shares of a membership, in cents."""

    payment_id: UUID
    member_number: int
    amount_cents: int
    received_on: date
    reference: str | None
    recorded_at: Instant


class PaymentsView(View):
    """A page of payments, the newest first."""

    items: list[PaymentView]
    next_cursor: UUID | None


async def payments(
    tx: Transaction, organisation_id: UUID, after: UUID | None, limit: int
) -> PaymentsView:
    """A page of what an organisation has paid, of all its memberships."""
    params = {"id": organisation_id, "after": after, "limit": limit + 1}
    rows = await tx.rows(PAYMENTS, params)
    page = [PaymentView.model_validate(dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    return PaymentsView(items=page, next_cursor=page[-1].payment_id if more else None)
