"""Which topic goes to which handler."""

from chassis.delivery import Subscriptions
from contracts import topics
from contracts.enrolment import (
    EnrolmentCancelled,
    EnrolmentExpired,
    EnrolmentRejected,
    EnrolmentRequested,
    SeatAccepted,
    SeatReleased,
)

from membership.handlers import quotes


def subscribe(on: Subscriptions) -> None:
    """Membership hears when a booking becomes binding, and when it is over.

    Binding: asked for, or an offered seat accepted. Nothing orders two topics, so each of them is
    heard to its own end: whichever comes last, no price is set aside behind it.
    """
    on(
        topics.ENROLMENTS,
        quotes.hear_bookings,
        only=[EnrolmentRequested, EnrolmentRejected, EnrolmentCancelled, EnrolmentExpired],
    )
    on(topics.SEATS, quotes.hear_bookings, only=[SeatAccepted, SeatReleased])
