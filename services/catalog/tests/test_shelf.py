"""The life of offers and runs, one submission after another."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from catalog.domain.judge import Submission, judge
from catalog.domain.shelf import Settled, Shelf, Why
from contracts.base import Cause
from contracts.catalog import OfferAccepted, OfferRejected
from contracts.provider import OfferRecalled

from services.catalog.tests.builders import a_run, an_offer, key_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CAUSE = Cause("correlation", "submission", None)


class Desk:
    """A shelf with ids that count."""

    def __init__(self) -> None:
        self._next = 0
        self.shelf = Shelf([], self._new_id)

    def _new_id(self) -> UUID:
        self._next += 1
        return UUID(int=self._next)

    def submit(self, offer: dict[str, Any], kind: str = "") -> OfferAccepted | OfferRejected:
        """What a provider is told about an offer."""
        return self.settle(offer, NOW, kind).verdict

    def settle(self, offer: dict[str, Any], now: datetime, kind: str = "") -> Settled:
        """The same, with whether it changed nothing."""
        value = json.dumps(offer).encode()
        judgement = judge(Submission(kind, key_of(offer), "", value), now)
        return self.shelf.settle(judgement, UUID(int=999), Why(now, CAUSE))

    def recall(self, offer: dict[str, Any]) -> OfferAccepted | OfferRejected:
        """Take an offer back."""
        named = {"provider_id": offer["provider_id"], "offer_ref": offer["offer_ref"]}
        return self.submit(named, OfferRecalled.type)

    def told(self) -> list[str]:
        """What was told since the last look, without versions of types."""
        names = [event.type.split(".")[1] for event in self.shelf.events]
        self.shelf.events.clear()
        return names

    def knows(self, offer: dict[str, Any], taken: int) -> None:
        """Begin anew with an offer that was submitted, and with so many seats taken per run."""
        known = self.shelf.get((offer["provider_id"], offer["offer_ref"]))
        assert known is not None
        runs = {ref: replace(run, taken=taken, terms=None) for ref, run in known.runs.items()}
        self.shelf = Shelf([replace(known, runs=runs, terms=None)], self._new_id)


def warned(verdict: OfferAccepted | OfferRejected) -> list[tuple[str, str]]:
    """Pointers and codes of the warnings about runs that are known."""
    codes = ("run-left-out", "run-reopened", "capacity-below-taken")
    return [(w.pointer, w.code) for w in accepted(verdict).warnings if w.code in codes]


def accepted(verdict: OfferAccepted | OfferRejected) -> OfferAccepted:
    assert isinstance(verdict, OfferAccepted), verdict
    return verdict


def test_a_new_offer_is_published_with_its_runs() -> None:
    desk = Desk()
    verdict = accepted(desk.submit(an_offer(runs=[a_run(), a_run(run_ref="b")])))
    assert set(verdict.run_ids) == {"a", "b"}
    assert desk.told() == ["offer-published", "run-scheduled", "run-scheduled", "offer-accepted"]


def test_the_same_again_is_accepted_and_changes_nothing() -> None:
    desk, offer = Desk(), an_offer()
    first = accepted(desk.submit(offer))
    desk.told()
    assert accepted(desk.submit(offer)).run_ids == first.run_ids
    assert desk.told() == ["offer-accepted"]


def test_ids_stay_when_content_changes() -> None:
    desk, offer = Desk(), an_offer()
    first = accepted(desk.submit(offer))
    second = accepted(desk.submit(offer | {"title": "Anders", "runs": [a_run(capacity=9)]}))
    assert (second.offer_id, second.run_ids) == (first.offer_id, first.run_ids)


def test_a_change_of_the_description_concerns_the_offer_only() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.told()
    desk.submit(offer | {"description_html": "<p>Neu</p>"})
    assert desk.told() == ["offer-changed", "offer-accepted"]


def test_a_change_of_a_date_concerns_the_run_only() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.told()
    desk.submit(offer | {"runs": [a_run(ends_at="2027-03-02T16:00:00Z")]})
    assert desk.told() == ["run-changed", "offer-accepted"]


def test_a_rejected_submission_leaves_what_is_published() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.told()
    assert isinstance(desk.submit(offer | {"title": 7}), OfferRejected)
    assert desk.told() == ["offer-rejected"]
    desk.submit(offer)
    assert desk.told() == ["offer-accepted"]


def test_a_run_that_is_left_out_is_withdrawn_and_can_come_back() -> None:
    desk, offer = Desk(), an_offer()
    first = accepted(desk.submit(offer))
    desk.told()
    assert accepted(desk.submit(offer | {"runs": []})).run_ids == {}
    assert desk.told() == ["run-withdrawn", "offer-accepted"]
    assert accepted(desk.submit(offer)).run_ids == first.run_ids
    assert desk.told() == ["run-scheduled", "offer-accepted"]


def test_a_cancelled_run_is_told_once() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.told()
    off = offer | {"runs": [a_run(cancelled=True)]}
    desk.submit(off)
    desk.submit(off)
    desk.submit(offer | {"runs": []})
    assert desk.told() == ["run-cancelled", "offer-accepted", "offer-accepted", "offer-accepted"]


def test_a_withdrawn_run_can_still_be_cancelled_since_seats_were_kept() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.submit(offer | {"runs": []})
    desk.told()
    desk.submit(offer | {"runs": [a_run(cancelled=True)]})
    assert desk.told() == ["run-cancelled", "offer-accepted"]


def test_a_run_that_was_never_scheduled_is_cancelled_quietly() -> None:
    desk = Desk()
    verdict = accepted(desk.submit(an_offer(runs=[a_run(cancelled=True)])))
    assert desk.told() == ["offer-published", "offer-accepted"]
    assert list(verdict.run_ids) == ["a"]


def test_a_withdrawn_offer_takes_its_runs_with_it_and_can_be_published_again() -> None:
    desk, offer = Desk(), an_offer()
    first = accepted(desk.submit(offer))
    desk.told()
    assert accepted(desk.recall(offer)).offer_id == first.offer_id
    assert desk.told() == ["offer-withdrawn", "run-withdrawn", "offer-accepted"]
    desk.recall(offer)
    assert desk.told() == ["offer-accepted"]
    desk.submit(offer)
    assert desk.told() == ["offer-published", "run-scheduled", "offer-accepted"]


def test_what_was_never_there_cannot_be_withdrawn() -> None:
    verdict = Desk().recall(an_offer())
    assert isinstance(verdict, OfferRejected)
    assert verdict.errors[0].code == "unknown-offer"


def test_versions_rise_with_every_change_and_the_cause_is_passed_on() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.submit(offer | {"title": "Anders"})
    desk.recall(offer)
    runs = [e for e in desk.shelf.events if e.type.startswith("catalog.run-")]
    assert [event.version for event in runs] == [1, 2, 3]
    assert {event.cause for event in desk.shelf.events} == {CAUSE}


def test_only_what_changed_is_saved() -> None:
    desk, offer = Desk(), an_offer(runs=[a_run(), a_run(run_ref="b")])
    desk.submit(offer)
    loaded = Shelf(desk.shelf.changed, lambda: UUID(int=77))
    value = json.dumps(offer).encode()
    loaded.settle(
        judge(Submission("", key_of(offer), "", value), NOW), UUID(int=1), Why(NOW, CAUSE)
    )
    assert (loaded.changed, loaded.changed_runs) == ([], [])


def test_each_run_that_is_left_out_is_warned_of_once_with_its_seats() -> None:
    desk, offer = Desk(), an_offer(runs=[a_run(), a_run(run_ref="b"), a_run(run_ref="c")])
    desk.submit(offer)
    desk.knows(offer, taken=3)
    newer = offer | {"runs": [a_run()]}
    verdict = accepted(desk.submit(newer))
    assert warned(verdict) == [("/runs", "run-left-out")] * 2
    assert [w.detail for w in verdict.warnings][:2] == [
        f"run {ref} takes no more bookings; who has a seat keeps it (seats taken: 3)"
        for ref in ("b", "c")
    ]
    assert warned(desk.submit(newer)) == []


def test_without_known_seats_a_warning_has_no_number() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    first, *_ = accepted(desk.submit(offer | {"runs": []})).warnings
    assert first.detail == "run a takes no more bookings; who has a seat keeps it"


def test_the_runs_of_a_withdrawn_offer_are_warned_of() -> None:
    desk, offer = Desk(), an_offer(runs=[a_run(), a_run(run_ref="b")])
    desk.submit(offer)
    desk.knows(offer, taken=2)
    verdict = accepted(desk.recall(offer))
    assert warned(verdict) == [("/runs", "run-left-out")] * 2
    assert all("seats taken: 2" in warning.detail for warning in verdict.warnings)
    assert warned(desk.recall(offer)) == []


def test_a_cancelled_run_that_comes_without_cancelled_is_told_to_be_open_again() -> None:
    desk, offer = Desk(), an_offer(runs=[a_run(run_ref="b"), a_run()])
    desk.submit(offer | {"runs": [a_run(run_ref="b"), a_run(cancelled=True)]})
    desk.knows(offer, taken=5)
    verdict = accepted(desk.submit(offer))
    assert warned(verdict) == [("/runs/1", "run-reopened")]
    assert verdict.warnings[0].detail == ("was cancelled and takes bookings again (seats taken: 5)")
    assert warned(desk.submit(offer)) == []


def test_a_cancelled_run_that_stays_cancelled_is_no_surprise() -> None:
    desk, offer = Desk(), an_offer(runs=[a_run(cancelled=True, capacity=8)])
    desk.submit(offer)
    desk.knows(offer, taken=9)
    assert warned(desk.submit(offer)) == []
    assert warned(desk.submit(offer | {"runs": []})) == []


def test_fewer_seats_than_are_taken_are_warned_of_as_long_as_it_is_so() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.knows(offer, taken=12)
    fewer = offer | {"runs": [a_run(capacity=11)]}
    verdict = accepted(desk.submit(fewer))
    assert warned(verdict) == [("/runs/0/capacity", "capacity-below-taken")]
    assert verdict.warnings[0].detail.endswith("who has a seat keeps it (seats taken: 12)")
    assert warned(desk.submit(fewer)) == [("/runs/0/capacity", "capacity-below-taken")]
    assert warned(desk.submit(offer | {"runs": [a_run(capacity=12)]})) == []


def test_a_rejected_submission_warns_of_nothing_that_did_not_happen() -> None:
    desk, offer = Desk(), an_offer()
    desk.submit(offer)
    desk.submit(offer | {"title": 7, "runs": []})
    assert desk.shelf.warnings == []


def test_each_verdict_of_a_batch_has_its_own_warnings() -> None:
    desk, one, two = Desk(), an_offer(), an_offer()
    desk.submit(one)
    desk.submit(two)
    assert len(warned(desk.submit(one | {"runs": []}))) == 1
    assert len(warned(desk.submit(two | {"runs": []}))) == 1
