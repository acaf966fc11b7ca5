"""Free seats follow what enrolment tells, in whatever order it arrives."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from catalog.views import seats
from chassis.testing import TestApp
from contracts.base import Event
from contracts.catalog import OfferAccepted, RunScheduled
from contracts.enrolment import SeatHeld, SeatReleased, SeatsNow, SeatWaitlisted
from sqlalchemy import text

from services.catalog.tests.builders import a_run, an_offer, sent

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def now(version: int, taken: int, waiting: int = 0) -> SeatsNow:
    return SeatsNow(capacity=20, taken=taken, held=taken, waiting=waiting, version=version)


def about(run_id: UUID) -> dict[str, Any]:
    return {
        "enrolment_id": uuid4(),
        "run_id": run_id,
        "organisation_id": uuid4(),
        "person_ref": uuid4(),
    }


def held(run_id: UUID, state: SeatsNow | None) -> SeatHeld:
    return SeatHeld(**about(run_id), seats=state, held_until=NOW, held_at=NOW)


async def shown(app: TestApp, run_id: UUID) -> dict[str, Any]:
    async with app.http("employee") as http:
        run: dict[str, Any] = (await http.get(f"/api/catalog/runs/{run_id}")).json()
    return run


async def test_free_seats_are_those_of_the_newest_version(app: TestApp) -> None:
    offer = an_offer(runs=[a_run()])
    await app.send_raw(sent(offer))
    (verdict,) = await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"])
    run_id = verdict.run_ids["a"]
    assert (await shown(app, run_id))["free_seats"] == 20
    await app.send(held(run_id, now(3, 18)), held(run_id, now(1, 1)), held(run_id, None))
    await app.settled()
    assert (await shown(app, run_id))["free_seats"] == 2
    await app.send(held(run_id, now(2, 5)))
    await app.settled()
    run = await shown(app, run_id)
    assert (run["free_seats"], run["taken"]) == (2, 18)
    full = SeatWaitlisted(**about(run_id), seats=now(5, 20, 3), place=3, waitlisted_at=NOW)
    await app.send(full)
    await app.settled()
    run = await shown(app, run_id)
    assert (run["free_seats"], run["waiting"]) == (0, 3)


async def test_a_run_is_guaranteed_by_confirmed_seats_and_names_its_day_of_decision(
    app: TestApp,
) -> None:
    runs = [a_run(decision_on="2027-02-15"), a_run(run_ref="b", min_participants=0)]
    offer = an_offer(runs=runs)
    await app.send_raw(sent(offer))
    (verdict,) = await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"])
    first, without = verdict.run_ids["a"], verdict.run_ids["b"]
    (told,) = await app.heard(RunScheduled, lambda e: e.run_id == first)
    assert told.decision_on == date(2027, 2, 15)

    one_held = SeatsNow(capacity=20, taken=8, held=1, waiting=0, version=1)
    await app.send(held(first, one_held), held(without, now(1, 8)))
    await app.settled()
    run = await shown(app, first)
    assert (run["guaranteed"], run["decision_on"]) == (False, "2027-02-15")
    run = await shown(app, without)
    assert (run["guaranteed"], run["decision_on"]) == (False, None), "no minimum, no promise"

    await app.send(held(first, one_held.model_copy(update={"held": 0, "version": 2})))
    await app.settled()
    assert (await shown(app, first))["guaranteed"] is True
    await app.send_raw(sent(offer | {"runs": [runs[0] | {"cancelled": True}, runs[1]]}))
    await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"], 2)
    assert (await shown(app, first))["guaranteed"] is False


async def test_a_verdict_tells_the_seats_of_a_run_that_is_left_out(app: TestApp) -> None:
    offer = an_offer(runs=[a_run(), a_run(run_ref="b")])
    await app.send_raw(sent(offer))
    (first,) = await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"])
    await app.send(held(first.run_ids["a"], now(1, 7)), held(first.run_ids["b"], now(1, 4)))
    await app.settled()
    await app.send_raw(sent(offer | {"runs": [a_run(capacity=6, min_participants=1)]}))
    _, second = await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"], 2)
    assert [(w.code, w.detail.partition("(")[2]) for w in second.warnings] == [
        ("capacity-below-taken", "seats taken: 7)"),
        ("run-left-out", "seats taken: 4)"),
    ]
    async with app.http("provider", provider=offer["provider_id"]) as http:
        kept = (await http.get(f"/api/catalog/submissions/{second.submission_id}")).json()
    assert [warning["code"] for warning in kept["warnings"]] == [
        "capacity-below-taken",
        "run-left-out",
    ]


async def test_seats_of_an_unknown_run_are_kept_until_it_is_known(app: TestApp) -> None:
    await app.send(held(uuid4(), now(1, 1)))
    await app.settled()


async def test_the_replayed_view_equals_the_one_that_lived(app: TestApp) -> None:
    runs = [uuid4() for _ in range(5)]
    story: list[Event] = []
    for version in range(1, 13):
        for n, run_id in enumerate(runs):
            state = now(version, (version * 7 + n) % 20, version % 3)
            if version % 4:
                story.append(held(run_id, state))
            else:
                story.append(
                    SeatReleased(**about(run_id), seats=state, reason="cancelled", released_at=NOW)
                )
    lived = await fold(app, story, step=7)
    assert lived == await fold(app, story, step=60)
    assert lived == await fold(app, story[::-1], step=11)


async def fold(app: TestApp, story: Sequence[Event], step: int) -> list[dict[str, Any]]:
    """The view after an empty start, in batches of this size."""
    async with app.db.transaction() as tx:
        await tx.execute(text("DELETE FROM run_seats"))
    for begin in range(0, len(story), step):
        async with app.db.transaction() as tx:
            await seats.project(tx, story[begin : begin + step])
    async with app.db.reading() as tx:
        rows = await tx.rows(text("SELECT * FROM run_seats ORDER BY run_id"))
    return [dict(row) for row in rows]
