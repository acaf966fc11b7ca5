"""THE list of topics: who owns one, what its key is, who hears it, how it is kept.

Topics are created from this list; a test holds it against what the services really subscribe to.
"""

from dataclasses import dataclass

DAY_MS = 24 * 60 * 60 * 1000
FOR_EVER = -1


@dataclass(frozen=True)
class Topic:
    """A topic of the platform. `retention_ms` -1 keeps for ever (projections start from 0)."""

    name: str
    owner: str
    key: str
    consumers: tuple[str, ...]
    partitions: int = 6
    retention_ms: int = 30 * DAY_MS

    @property
    def dead(self) -> str:
        """Where messages are set aside that nobody could handle."""
        return f"{self.name}.dead"


PROVIDER_OFFERS = Topic(
    "provider.offers", "provider", "provider_id/offer_ref", ("catalog",), retention_ms=90 * DAY_MS
)
VERDICTS = Topic("catalog.verdicts", "catalog", "provider_id/offer_ref", (), 3)
OFFERS = Topic("catalog.offers", "catalog", "offer_id", (), 3, retention_ms=FOR_EVER)
RUNS = Topic(
    "catalog.runs", "catalog", "run_id", ("enrolment", "notifications"), retention_ms=FOR_EVER
)
ENROLMENTS = Topic(
    "enrolment.enrolments", "enrolment", "enrolment_id", ("membership", "notifications")
)
SEATS = Topic(
    "enrolment.seats",
    "enrolment",
    "enrolment_id",
    ("catalog", "membership", "notifications"),
    retention_ms=FOR_EVER,
)
QUOTES = Topic("membership.quotes", "membership", "enrolment_id", ("enrolment", "notifications"))
ORGANISATIONS = Topic(
    "membership.organisations",
    "membership",
    "organisation_id",
    ("enrolment",),
    3,
    retention_ms=FOR_EVER,
)
NOTICES = Topic("notifications.notices", "notifications", "notice_id", (), 3)

TOPICS = (
    PROVIDER_OFFERS,
    VERDICTS,
    OFFERS,
    RUNS,
    ENROLMENTS,
    SEATS,
    QUOTES,
    ORGANISATIONS,
    NOTICES,
)
