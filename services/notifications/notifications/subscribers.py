"""Which topic goes to which handler."""

from chassis.delivery import Subscriptions
from contracts import topics

from notifications import handlers


def subscribe(on: Subscriptions) -> None:
    """Hear courses, prices and what happens to enrolments."""
    on(topics.RUNS, handlers.hear_runs)
    on(topics.QUOTES, handlers.hear_quotes)
    on(topics.ENROLMENTS, handlers.hear_steps)
    on(topics.SEATS, handlers.hear_steps)
