"""Which topic goes to which handler."""

from chassis.delivery import Subscriptions
from contracts import topics

from catalog import handlers


def subscribe(on: Subscriptions) -> None:
    """What the catalogue hears."""
    on(topics.PROVIDER_OFFERS, handlers.hear_submissions, raw=True)
    on(topics.SEATS, handlers.hear_seats)
