"""Which topic goes to which handler."""

from chassis.delivery import Subscriptions
from contracts import topics

from enrolment import handlers


def subscribe(on: Subscriptions) -> None:
    """Hear runs, prices and organisations."""
    on(topics.RUNS, handlers.hear_runs)
    on(topics.QUOTES, handlers.hear_quotes)
    on(topics.ORGANISATIONS, handlers.hear_organisations)
