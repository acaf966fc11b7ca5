"""Figures of bookings, for Prometheus: counted when they are committed, or read by a timer.

Synthetic bookings are in no figure of the business; how long they take is measured like all others.
"""

from collections import Counter
from functools import partial

from chassis.database import Transaction
from contracts import enrolment as told
from contracts import synthetic
from contracts.base import Event
from prometheus_client import Counter as Counted
from prometheus_client import Gauge, Histogram
from sqlalchemy import text

from enrolment.domain.book import Book
from enrolment.domain.enrolment import Enrolment

STEPS: dict[type[Event], str] = {
    told.EnrolmentRequested: "requested",
    told.SeatConfirmed: "confirmed",
    told.SeatWaitlisted: "waitlisted",
    told.SeatOffered: "offered",
    told.EnrolmentRejected: "rejected",
    told.EnrolmentCancelled: "cancelled",
    told.EnrolmentExpired: "expired",
}
KINDS = ("member", "standard")

BOOKINGS = Counted("kc_bookings", "Bookings by what happened to them", ["step"])
CONFIRMED = Counted("kc_bookings_confirmed", "Confirmed bookings", ["price_kind"])
CONFIRMED_CENTS = Counted("kc_confirmed_cents", "What they cost together", ["price_kind"])
SAVED_CENTS = Counted("kc_saved_cents", "What memberships saved on confirmed bookings")
CONFIRMING = Histogram(
    "kc_request_to_confirmed_seconds",
    "From a binding booking to its confirmation, where no person has to decide",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
REGISTERED = ["registered"]  # `no`: of an organisation that membership has not told of
UNPRICED = Gauge("kc_unpriced_bookings", "Held seats that wait for their price", REGISTERED)
UNPRICED_AGE = Gauge(
    "kc_unpriced_bookings_age_seconds", "How long the first of them waits", REGISTERED
)

AWAITING = Gauge(
    "kc_approvals_waiting",
    "Requests that wait for an approval; late: less than a quarter of their time is left",
    ["late"],
)

# Whoever holds a seat has a deadline, so the index on deadlines finds them. An organisation has a
# code once it is registered; the synthetic one is priced without that.
WITHOUT_PRICE = text("""
    SELECT o.code IS NOT NULL OR e.organisation_id = :synthetic AS registered,
           count(*) AS waiting, min(e.binding_at) AS oldest
      FROM enrolment e LEFT JOIN organisation o ON o.id = e.organisation_id
     WHERE e.due_at IS NOT NULL AND e.state = 'requested' GROUP BY 1
""")
# A share of its own time: the seat of one is held for two office days, that of another for an hour.
WITHOUT_APPROVAL = text("""
    SELECT due_at - CAST(:now AS timestamptz) < (due_at - approval_since) / 4 AS late,
           count(*) AS waiting
      FROM enrolment
     WHERE due_at IS NOT NULL AND state = 'awaiting_approval' AND organisation_id <> :synthetic
     GROUP BY 1
""")

# Found once: looking up costs more than counting. It also shows every figure from the start.
_STEPS = {step: BOOKINGS.labels(step) for step in STEPS.values()}
_CONFIRMED = {kind: (CONFIRMED.labels(kind), CONFIRMED_CENTS.labels(kind)) for kind in KINDS}


def count(tx: Transaction, book: Book) -> None:
    """Count what a book tells, as soon as it is committed."""
    if book.events:
        tx.afterwards(partial(_count, book))


async def measure(tx: Transaction) -> int:
    """Show which bookings wait for their price, and which for a person.

    It handles no row, so a timer runs it once.
    """
    await _measure_prices(tx)
    await _measure_approvals(tx)
    return 0


async def _measure_prices(tx: Transaction) -> None:
    rows = await tx.rows(WITHOUT_PRICE, {"synthetic": synthetic.ORGANISATION})
    found = {row["registered"]: row for row in rows}
    for registered, label in ((True, "yes"), (False, "no")):
        row = found.get(registered)
        UNPRICED.labels(label).set(row["waiting"] if row else 0)
        age = (tx.now - row["oldest"]).total_seconds() if row else 0
        UNPRICED_AGE.labels(label).set(age)


async def _measure_approvals(tx: Transaction) -> None:
    params = {"now": tx.now, "synthetic": synthetic.ORGANISATION}
    found = {row["late"]: row["waiting"] for row in await tx.rows(WITHOUT_APPROVAL, params)}
    for late, label in ((True, "yes"), (False, "no")):
        AWAITING.labels(label).set(found.get(late, 0))


def _count(book: Book) -> None:
    steps: Counter[str] = Counter()
    for event in book.events:
        step = STEPS.get(type(event))
        if step is None or not isinstance(event, told.About):
            continue
        real = event.organisation_id != synthetic.ORGANISATION
        if isinstance(event, told.SeatConfirmed):
            _time(book.enrolments[event.enrolment_id], event)
            if real:
                _add_up(event)
        steps[step] += real
    for step, times in steps.items():
        _STEPS[step].inc(times)


def _time(enrolment: Enrolment, event: told.SeatConfirmed) -> None:
    if not enrolment.needs_approval:
        CONFIRMING.observe((event.confirmed_at - enrolment.binding_at).total_seconds())


def _add_up(event: told.SeatConfirmed) -> None:
    bookings, cents = _CONFIRMED[event.price_kind]
    bookings.inc()
    cents.inc(event.price_cents)
    SAVED_CENTS.inc(event.saving_cents)
