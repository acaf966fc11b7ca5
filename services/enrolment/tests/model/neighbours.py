"""What the neighbours of enrolment tell it: the catalogue of runs, membership of prices."""

from dataclasses import replace
from uuid import UUID

from contracts.base import Cause, Event, Meta
from contracts.catalog import RunCancelled, RunChanged, RunWithdrawn
from contracts.enrolment import EnrolmentRequested, SeatAccepted
from contracts.membership import EnrolmentPriced, PriceReason
from enrolment.domain.deadlines import berlin_day
from enrolment.domain.run import Run

from services.enrolment.tests.builders import NOON, snapshot
from services.enrolment.tests.model.scope import MEMBER_SINCE, NEWS

CAUSE = Cause("a-story")
MET = NOON


def _received(event: Event, number: int, version: int | None) -> Event:
    meta = Meta(UUID(int=number), MET, CAUSE.correlation_id, version=version)
    return event.received(meta)


def news_of(run: Run, what: str, version: int) -> Event:
    """What the catalogue tells of a run."""
    told: Event
    if what == "withdrawn":
        told = RunWithdrawn(run_id=run.id, offer_id=run.offer_id, withdrawn_at=MET)
    elif what == "called-off":
        told = RunCancelled(run_id=run.id, offer_id=run.offer_id, cancelled_at=MET)
    else:
        told = RunChanged(**snapshot(replace(run, **NEWS[what])))
    return _received(told, version, version)


def quote_of(asked: Event, number: int) -> Event:
    """What membership answers: by the membership on the day that binds."""
    if isinstance(asked, EnrolmentRequested):
        day = berlin_day(asked.requested_at)
    elif isinstance(asked, SeatAccepted):
        day = berlin_day(asked.accepted_at)
    else:
        raise TypeError(f"{asked.type} asks for no price")
    since = MEMBER_SINCE.get(asked.organisation_id)
    member = since is not None and since <= day
    cents = asked.member_cents if member else asked.standard_cents
    quote = EnrolmentPriced(
        enrolment_id=asked.enrolment_id,
        organisation_id=asked.organisation_id,
        price_cents=cents,
        price_kind="member" if member else "standard",
        reason=PriceReason(code="member-on-day" if member else "not-a-member"),
        priced_for_on=day,
        saving_cents=asked.standard_cents - cents,
    )
    return _received(quote, number, None)
