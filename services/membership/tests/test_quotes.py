"""Prices over Kafka: the event in, the price out, and what waits for a registration."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.testing import TestApp, until
from contracts import synthetic
from contracts.base import Event, Meta
from contracts.enrolment import (
    EnrolmentCancelled,
    EnrolmentExpired,
    EnrolmentRejected,
    EnrolmentRequested,
    SeatAccepted,
    SeatReleased,
)
from contracts.membership import EnrolmentPriced
from membership.handlers import quotes
from sqlalchemy import text

from .conftest import admitted, registered

NOON = datetime(2026, 3, 17, 11, tzinfo=UTC)


def requested(organisation_id: UUID, at: datetime = NOON, **more: Any) -> EnrolmentRequested:
    """Somebody asked for a seat."""
    fields: dict[str, Any] = {
        "enrolment_id": uuid4(),
        "run_id": uuid4(),
        "organisation_id": organisation_id,
        "person_ref": uuid4(),
        "offer_id": uuid4(),
        "requested_at": at,
        "standard_cents": 44_100,
        "member_cents": 35_300,
    }
    return EnrolmentRequested(**{**fields, **more})


def accepted(organisation_id: UUID, enrolment_id: UUID, at: datetime) -> SeatAccepted:
    """An offered seat was accepted."""
    return SeatAccepted(
        enrolment_id=enrolment_id,
        run_id=uuid4(),
        organisation_id=organisation_id,
        person_ref=uuid4(),
        offer_id=uuid4(),
        accepted_at=at,
        held_until=at,
        standard_cents=44_100,
        member_cents=35_300,
    )


def of(*ids: UUID) -> Callable[[EnrolmentPriced], bool]:
    """Prices of these enrolments."""
    return lambda event: event.enrolment_id in ids


async def pending(app: TestApp, organisation_id: UUID) -> int:
    """How many prices wait for an organisation."""
    async with app.db.reading() as tx:
        sql = text("SELECT count(*) AS n FROM pending_quote WHERE organisation_id = :id")
        row = await tx.row(sql, {"id": organisation_id})
    return int(row["n"])


async def test_member_and_non_member_get_their_prices_with_the_reason(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    member, other = await admitted(office, on="2026-03-01"), await registered(office)
    events = requested(member), requested(other)
    sent = await app.send(*events)
    [first] = await app.heard(EnrolmentPriced, of(events[0].enrolment_id))
    [second] = await app.heard(EnrolmentPriced, of(events[1].enrolment_id))
    assert (first.price_cents, first.price_kind, first.saving_cents) == (35_300, "member", 8_800)
    assert (first.reason.code, first.reason.tier) == ("member-on-day", 4)
    assert str(first.reason.member_since_on) == str(first.priced_for_on)[:8] + "01"
    assert (second.price_cents, second.price_kind, second.saving_cents) == (44_100, "standard", 0)
    assert second.reason.code == "not-a-member"
    assert [first.meta.causation_id, second.meta.causation_id] == [str(id_) for id_ in sent]
    assert first.key == str(first.enrolment_id)


async def test_an_accepted_seat_is_priced_for_the_day_of_acceptance(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office, on="2026-03-17")
    early = requested(id_, datetime(2026, 3, 16, 22, 59, tzinfo=UTC))
    await app.send(early)
    [before] = await app.heard(EnrolmentPriced, of(early.enrolment_id))
    assert before.reason.code == "membership-not-yet-begun"
    await app.send(accepted(id_, early.enrolment_id, datetime(2026, 3, 16, 23, 0, tzinfo=UTC)))
    _, after = await app.heard(EnrolmentPriced, of(early.enrolment_id), count=2)
    assert (after.reason.code, str(after.priced_for_on)) == ("member-on-day", "2026-03-17")


async def test_the_price_changes_on_new_years_day_without_anybody_acting(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await admitted(office, on="2026-01-07")
    url = f"/api/membership/organisations/{id_}/notice"
    await office.post(url, json={"received_at": "2026-03-17T09:00:00Z"})
    last = requested(id_, datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC))
    new = requested(id_, datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    await app.send(last, new)
    [old_year] = await app.heard(EnrolmentPriced, of(last.enrolment_id))
    [new_year] = await app.heard(EnrolmentPriced, of(new.enrolment_id))
    assert (old_year.price_kind, new_year.price_kind) == ("member", "standard")
    assert str(new_year.reason.ended_on) == "2026-12-31"


async def test_an_unknown_organisation_is_not_guessed_but_priced_when_it_is_registered(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    unknown = uuid4()
    asked, other = requested(unknown), requested(await registered(office))
    again = accepted(unknown, asked.enrolment_id, NOON)
    ids = await app.send(asked, again, other)
    await app.heard(EnrolmentPriced, of(other.enrolment_id))
    await until(lambda: pending(app, unknown), name="setting the prices aside")
    await app.settled()
    assert await pending(app, unknown) == 2
    await app.running.timers.once("pending-quotes")
    async with app.client() as client:
        assert "kc_pending_quotes{" in (await client.get("/metrics")).text

    app.clock.advance(days=30)
    await registered(office, organisation_id=str(unknown))
    told = await app.heard(EnrolmentPriced, of(asked.enrolment_id), count=2)
    assert {event.price_kind for event in told} == {"standard"}
    assert {str(event.priced_for_on) for event in told} == {"2026-03-17"}
    assert {event.meta.causation_id for event in told} == {str(ids[0]), str(ids[1])}
    assert await pending(app, unknown) == 0


async def test_registering_at_the_same_moment_leaves_no_price_waiting(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    unknown = [uuid4() for _ in range(30)]
    events = [requested(id_) for id_ in unknown for _ in range(5)]
    sending = asyncio.create_task(app.send(*events))
    for id_ in unknown:
        await registered(office, organisation_id=str(id_))
    await sending
    told = await app.heard(EnrolmentPriced, of(*(e.enrolment_id for e in events)), count=150)
    assert len({event.enrolment_id for event in told}) == len(told) == 150


async def test_other_events_of_the_topics_are_none_of_its_business(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    id_ = await registered(office)
    unheard, marker = requested(id_), requested(id_)
    await app.send(*over(unheard))
    await app.send(marker)
    await app.settled()
    await app.heard(EnrolmentPriced, of(marker.enrolment_id))
    told = await app.heard(EnrolmentPriced, count=0)
    assert unheard.enrolment_id not in {event.enrolment_id for event in told}


async def test_the_same_event_twice_is_priced_once(app: TestApp, office: httpx.AsyncClient) -> None:
    event, id_ = requested(await registered(office)), uuid4()
    await app.send(event, ids=[id_])
    await app.send(event, ids=[id_])
    await app.settled()
    assert len(await app.heard(EnrolmentPriced, of(event.enrolment_id))) == 1


async def test_a_registration_waits_for_prices_that_are_being_set_aside(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    unknown = uuid4()
    event = requested(unknown).received(Meta(uuid4(), NOON, "correlation"))
    async with app.db.transaction() as tx:
        await quotes.hear_bookings(tx, [event])  # set aside, but not committed yet
        registering = asyncio.create_task(registered(office, organisation_id=str(unknown)))
        await until(lambda: waiting_for_a_lock(app), name="the registration standing in line")
        assert not registering.done()
    await registering
    await app.heard(EnrolmentPriced, of(event.enrolment_id))
    assert await pending(app, unknown) == 0


def over(booking: EnrolmentRequested, how: str = "cancelled") -> tuple[Event, SeatReleased]:
    """How a booking ends: on its own topic, and on that of the seats."""
    about: dict[str, Any] = {
        "enrolment_id": booking.enrolment_id,
        "run_id": booking.run_id,
        "organisation_id": booking.organisation_id,
        "person_ref": booking.person_ref,
    }
    ends: dict[str, Event] = {
        "cancelled": EnrolmentCancelled(**about, reason="by-person", cancelled_at=NOON),
        "expired": EnrolmentExpired(**about, reason="run-started", expired_at=NOON),
        "rejected": EnrolmentRejected(**about, decided_by_ref=uuid4(), rejected_at=NOON),
    }
    return ends[how], SeatReleased(**about, reason=how, released_at=NOON)


async def figure(app: TestApp) -> float:
    """How many bookings wait, as Prometheus reads it."""
    await app.running.timers.once("pending-quotes")
    async with app.client() as client:
        metrics = (await client.get("/metrics")).text
    [line] = [line for line in metrics.splitlines() if line.startswith("kc_pending_quotes{")]
    return float(line.split()[-1])


@pytest.mark.parametrize("how", ["cancelled", "expired", "rejected"])
async def test_a_booking_that_ends_takes_the_price_it_waited_for_with_it(
    app: TestApp, office: httpx.AsyncClient, how: str
) -> None:
    unknown, before = uuid4(), await figure(app)
    asked, stays = requested(unknown), requested(unknown)
    await app.send(asked, accepted(unknown, asked.enrolment_id, NOON), stays)
    await until(lambda: waits(app, unknown, 3), name="setting the prices aside")
    assert await figure(app) == before + 2, "a booking counts once, however often it asked"

    end, _ = over(asked, how)
    await app.send(end)
    await until(lambda: waits(app, unknown, 1), name="forgetting the price")
    assert await figure(app) == before + 1
    await registered(office, organisation_id=str(unknown))
    await app.heard(EnrolmentPriced, of(stays.enrolment_id))
    assert await app.heard(EnrolmentPriced, of(asked.enrolment_id), count=0) == []


async def test_a_request_and_its_end_in_one_batch_leave_nothing_waiting(app: TestApp) -> None:
    asked = requested(uuid4())
    end, _ = over(asked)
    await app.send(asked, end)
    await app.settled()
    assert await pending(app, asked.organisation_id) == 0


async def test_an_acceptance_that_comes_behind_the_end_of_its_booking_does_not_stay(
    app: TestApp,
) -> None:
    asked = requested(uuid4())
    end, release = over(asked)
    await app.send(asked, end)
    await app.settled()
    await app.send(accepted(asked.organisation_id, asked.enrolment_id, NOON))
    await until(lambda: waits(app, asked.organisation_id, 1), name="setting the price aside")
    await app.send(release)
    await until(lambda: waits(app, asked.organisation_id, 0), name="forgetting the price")


async def test_a_request_that_comes_behind_the_release_of_its_seat_does_not_stay(
    app: TestApp,
) -> None:
    asked = requested(uuid4())
    end, release = over(asked)
    await app.send(release)
    await app.settled()
    await app.send(asked)
    await until(lambda: waits(app, asked.organisation_id, 1), name="setting the price aside")
    await app.send(end)
    await until(lambda: waits(app, asked.organisation_id, 0), name="forgetting the price")


async def waits(app: TestApp, organisation_id: UUID, count: int) -> bool:
    """Whether so many prices wait for an organisation."""
    return await pending(app, organisation_id) == count


async def waiting_for_a_lock(app: TestApp) -> bool:
    """Whether somebody stands before the advisory lock."""
    async with app.db.reading() as tx:
        sql = """
            SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database =
                   (SELECT oid FROM pg_database WHERE datname = current_database())
        """
        return await tx.row(text(sql)) is not None


async def test_synthetic_bookings_are_priced_though_registered_nowhere(
    app: TestApp, office: httpx.AsyncClient
) -> None:
    event = requested(synthetic.ORGANISATION)
    await app.send(event)
    (priced,) = await app.heard(EnrolmentPriced, of(event.enrolment_id))
    assert (priced.price_kind, priced.reason.code) == ("standard", "not-a-member")
    assert await pending(app, synthetic.ORGANISATION) == 0
    listed = await office.get("/api/membership/organisations?limit=100")
    assert str(synthetic.ORGANISATION) not in listed.text
