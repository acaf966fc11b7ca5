"""Which topic goes to which handler."""

from chassis.delivery import Subscriptions
from contracts import topics
from contracts.enrolment import EnrolmentRequested, SeatAccepted

from membership.handlers import quotes


def subscribe(on: Subscriptions) -> None:
    """Membership hears when a booking becomes binding: asked for, or an offered seat accepted."""
    on(topics.ENROLMENTS, quotes.hear_bookings, only=[EnrolmentRequested])
    on(topics.SEATS, quotes.hear_bookings, only=[SeatAccepted])
