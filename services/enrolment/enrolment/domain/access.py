"""Who may do what with an enrolment, and when (domain page 6: roles per organisation)."""

from datetime import datetime, timedelta
from uuid import UUID

from contracts.refusal import FORBIDDEN, NOT_FOUND, Refusal

from enrolment.commands import Who
from enrolment.domain import refusals
from enrolment.domain.book import Book
from enrolment.domain.enrolment import HOLDING, Claim, Enrolment, State

BETWEEN_REMINDERS = timedelta(hours=24)


def sees(who: Who, claim: Claim) -> bool:
    """Whether it is open to the asker: only in its own organisation, even to the person itself.

    Another organisation may have booked the same reference; that is not the person's to see.
    """
    if claim.organisation_id != who.organisation_id:
        return False
    return who.sees_organisation or claim.person_ref == who.person_ref


def visible(book: Book, enrolment_id: UUID, who: Who) -> Enrolment | Refusal:
    """The enrolment, if it is open to the asker; a foreign one is answered as a missing one."""
    enrolment = book.enrolments.get(enrolment_id)
    if enrolment is None:
        return NOT_FOUND.refuse()
    return enrolment if sees(who, enrolment.claim) else NOT_FOUND.refuse()


def of_person(book: Book, enrolment_id: UUID, who: Who) -> Enrolment | Refusal:
    """Only the person itself and a coordinator of the organisation act for it."""
    enrolment = visible(book, enrolment_id, who)
    if isinstance(enrolment, Refusal):
        return enrolment
    if who.coordinator or enrolment.person_ref == who.person_ref:
        return enrolment
    return FORBIDDEN.refuse(allowed=["coordinator"])


def of_employer(book: Book, enrolment_id: UUID, who: Who) -> Enrolment | Refusal:
    """What only concerns who pays: a coordinator of the organisation, not the person itself."""
    enrolment = visible(book, enrolment_id, who)
    if isinstance(enrolment, Refusal) or who.coordinator:
        return enrolment
    return FORBIDDEN.refuse(allowed=["coordinator"])


def offered_to(book: Book, enrolment_id: UUID, who: Who, now: datetime) -> Enrolment | Refusal:
    """The enrolment, if a seat is offered to it right now."""
    enrolment = of_person(book, enrolment_id, who)
    if isinstance(enrolment, Refusal):
        return enrolment
    late = enrolment.offered_until is not None and now >= enrolment.offered_until
    if enrolment.ended_reason == "offer-expired" or (enrolment.state is State.OFFERED and late):
        return refusals.OFFER_EXPIRED.refuse(
            state=enrolment.state, offered_until=enrolment.offered_until
        )
    if enrolment.state is not State.OFFERED:
        return refusals.NOT_OFFERED.refuse(state=enrolment.state)
    return enrolment


def why_not_decider(enrolment: Enrolment, who: Who) -> Refusal | None:
    """Of those who see it a coordinator or approver decides; an approver not on an own request."""
    if not (who.coordinator or who.approver):
        return FORBIDDEN.refuse(allowed=["approver", "coordinator"])
    if enrolment.person_ref == who.person_ref and not who.coordinator:
        return refusals.NOT_FOR_ONESELF.refuse()
    return None


def why_not_remindable(enrolment: Enrolment, now: datetime) -> Refusal | None:
    """Why those who decide cannot be reminded (again)."""
    late = enrolment.held_until is not None and now >= enrolment.held_until
    if late or enrolment.state is not State.AWAITING_APPROVAL:
        return refusals.NOTHING_TO_REMIND.refuse(state=enrolment.state)
    if enrolment.reminded_at is None or now >= enrolment.reminded_at + BETWEEN_REMINDERS:
        return None
    return refusals.REMINDED_TODAY.refuse(
        reminded_at=enrolment.reminded_at, possible_from=enrolment.reminded_at + BETWEEN_REMINDERS
    )


def why_not_decidable(enrolment: Enrolment, now: datetime) -> Refusal | None:
    """Why there is nothing to decide (any more, or yet)."""
    state = enrolment.state
    late = enrolment.held_until is not None and now >= enrolment.held_until
    if enrolment.ended_reason == "hold-expired" or (state in HOLDING and late):
        return refusals.HOLD_EXPIRED.refuse(state=state, held_until=enrolment.held_until)
    if state is State.REQUESTED and enrolment.needs_approval:
        return refusals.PRICE_PENDING.refuse(state=state)
    if state is not State.AWAITING_APPROVAL:
        return refusals.ALREADY_DECIDED.refuse(state=state, decided_by_ref=enrolment.decided_by_ref)
    return None
