"""Which submissions changed nothing, and since when what they say has been so."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from catalog.domain.imports import FeedRecord, ImportFeed, take_in
from catalog.domain.shelf import Shelf
from chassis.testing import TestApp
from contracts.catalog import OfferAccepted, OfferRejected
from contracts.provider import OfferRecalled

from services.catalog.tests.builders import a_record, a_run, an_offer, recalled, sent
from services.catalog.tests.test_moochub import judged
from services.catalog.tests.test_shelf import NOW, Desk
from services.catalog.tests.test_submissions import accepted, kept

FIRST, SECOND, THIRD, FOURTH = (NOW + timedelta(hours=n) for n in range(4))

CHANGES: list[dict[str, Any]] = [
    {"title": "Anders"},
    {"price": {"standard_cents": 44100, "member_cents": 35299}},
    {"runs": []},
    {"runs": [a_run(capacity=21)]},
    {"runs": [a_run(decision_on="2027-02-15")]},
    {"runs": [a_run(), a_run(run_ref="b")]},
    {"runs": [a_run(cancelled=True)]},
]


def recall(desk: Desk, offer: dict[str, Any], **more: Any) -> Any:
    named = {name: offer[name] for name in ("provider_id", "offer_ref")}
    return desk.settle(named, kind=OfferRecalled.type, **more).unchanged_since


def test_the_first_changes_something_and_the_same_again_does_not() -> None:
    desk, offer = Desk(), an_offer()
    assert desk.settle(offer, FIRST).unchanged_since is None
    assert desk.settle(offer, SECOND).unchanged_since == FIRST
    assert desk.settle(offer, THIRD).unchanged_since == FIRST


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_stands_from_then_on(change: dict[str, Any]) -> None:
    desk, offer = Desk(), an_offer()
    desk.settle(offer, FIRST)
    assert desk.settle(offer | change, SECOND).unchanged_since is None
    assert desk.settle(offer | change, THIRD).unchanged_since == SECOND
    assert desk.settle(offer, FOURTH).unchanged_since is None


def test_a_run_that_comes_cancelled_is_a_change_and_stays_so_when_it_is_left_out() -> None:
    desk, offer = Desk(), an_offer()
    desk.settle(offer, FIRST)
    with_b = offer | {"runs": [a_run(), a_run(run_ref="b", cancelled=True)]}
    assert desk.settle(with_b, SECOND).unchanged_since is None
    assert desk.settle(with_b, THIRD).unchanged_since == SECOND
    assert desk.settle(offer, FOURTH).unchanged_since == SECOND


def test_a_rejected_submission_is_not_unchanged_and_moves_nothing() -> None:
    desk, offer = Desk(), an_offer()
    desk.settle(offer, FIRST)
    rejected = desk.settle(offer | {"title": 7}, SECOND)
    assert isinstance(rejected.verdict, OfferRejected)
    assert rejected.unchanged_since is None
    assert desk.settle(offer, THIRD).unchanged_since == FIRST


def test_withdrawn_and_sent_again_has_changed() -> None:
    desk, offer = Desk(), an_offer()
    desk.settle(offer, FIRST)
    assert recall(desk, offer, now=SECOND) is None
    assert recall(desk, offer, now=THIRD) == SECOND
    assert desk.settle(offer, FOURTH).unchanged_since is None


def test_warnings_say_nothing_about_it() -> None:
    desk, offer = Desk(), an_offer(runs=[a_run(capacity=9)])
    desk.settle(offer, FIRST)
    desk.knows(offer, taken=12)
    again = desk.settle(offer, SECOND)
    assert isinstance(again.verdict, OfferAccepted)
    assert [warning.code for warning in again.verdict.warnings] == ["capacity-below-taken"]
    assert again.unchanged_since == FIRST


def test_who_sends_it_is_no_change_of_what_is_sent() -> None:
    desk, offer = Desk(), an_offer()
    desk.settle(offer, FIRST)
    (known,) = desk.shelf.changed
    loaded = replace(known, source="moochub akademie akademie", terms=None)
    desk.shelf = Shelf([loaded], uuid4)
    assert desk.settle(offer, SECOND).unchanged_since == FIRST
    (taken_over,) = desk.shelf.changed
    assert (taken_over.source, taken_over.changed_at) == ("events", FIRST)


def test_what_a_feed_changed_stands_since_the_feed() -> None:
    def fed(shelf: Shelf, at: Any, **attributes: Any) -> Any:
        records: list[FeedRecord] = judged(a_record(**attributes))
        feed = ImportFeed("akademie", "akademie", None, tuple(records), True, ())
        (report,) = take_in(shelf, feed, at).records
        return report.effect

    shelf = Shelf([], uuid4)
    effects = [
        fed(shelf, FIRST),
        fed(shelf, SECOND),
        fed(shelf, THIRD, name="Anders"),
        fed(shelf, FOURTH, name="Anders"),
    ]
    assert effects == ["created", "unchanged", "changed", "unchanged"]
    (offer,) = shelf.published_by("moochub akademie akademie")
    assert offer.changed_at == THIRD


async def test_a_provider_sees_which_submissions_changed_nothing(app: TestApp) -> None:
    offer = an_offer()
    changed = offer | {"runs": [a_run(capacity=9)]}
    for number, record in enumerate(
        [sent(offer), sent(offer), sent(changed), sent(changed), recalled(offer), sent(changed)], 1
    ):
        await app.send_raw(record)
        await accepted(app, offer, number)
    await app.send_raw(sent(offer | {"format": "seminar"}))
    await app.heard(OfferRejected, lambda e: e.offer_ref == offer["offer_ref"])
    bad, back, gone, same_change, change, same, first = await kept(app, offer)
    assert (same["unchanged_since"], same_change["unchanged_since"]) == (
        first["decided_at"],
        change["decided_at"],
    )
    others = [bad, back, gone, change, first]
    assert {row["unchanged_since"] for row in others} == {None}
    assert [row["verdict"] for row in others] == ["rejected"] + ["accepted"] * 4
    assert await kept(app, offer, unchanged=True) == [same_change, same]
    assert await kept(app, offer, unchanged=False) == others
    assert await kept(app, offer, unchanged=False, verdict="accepted") == others[1:]
    async with app.http("office") as http:
        one = (await http.get(f"/api/catalog/submissions/{same['submission_id']}")).json()
        odd = await http.get("/api/catalog/submissions?unchanged=perhaps")
    assert {**same, "payload": one["payload"]} == one
    assert (odd.status_code, odd.json()["code"]) == (422, "invalid")


async def test_the_same_twice_in_a_batch_and_a_delivery_again(app: TestApp) -> None:
    offer = an_offer()
    record, again = sent(offer), sent(offer)
    await app.send_raw(record, again, record, again)
    await accepted(app, offer, 2)
    await app.send_raw(again, record)
    await app.settled()
    second, first = await kept(app, offer)
    assert (first["unchanged_since"], second["unchanged_since"]) == (None, first["decided_at"])
