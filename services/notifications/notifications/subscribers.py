"""Which topic goes to which handler."""

from chassis.delivery import Subscriptions
from contracts import topics
from contracts.catalog import RunChanged, RunScheduled
from contracts.membership import EnrolmentPriced

from notifications import handlers
from notifications.domain.steps import KIND_OF


def subscribe(on: Subscriptions) -> None:
    """Hear courses, prices and what happens to enrolments."""
    on(topics.RUNS, handlers.hear_runs, only=[RunScheduled, RunChanged])
    on(topics.QUOTES, handlers.hear_quotes, only=[EnrolmentPriced])
    on(topics.ENROLMENTS, handlers.hear_steps, only=KIND_OF)
    on(topics.SEATS, handlers.hear_steps, only=KIND_OF)
