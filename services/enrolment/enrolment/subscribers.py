"""Which topic goes to which handler."""

from chassis.delivery import Subscriptions
from contracts import topics
from contracts.membership import EnrolmentPriced, OrganisationRegistered

from enrolment import handlers


def subscribe(on: Subscriptions) -> None:
    """Hear runs, prices and organisations."""
    on(topics.RUNS, handlers.hear_runs, alone=True)  # it locks runs, as prices do
    on(topics.QUOTES, handlers.hear_quotes, only=[EnrolmentPriced])
    on(topics.ORGANISATIONS, handlers.hear_organisations, only=[OrganisationRegistered])
