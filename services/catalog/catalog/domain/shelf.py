"""The shelf: the offers that were loaded. It takes one submission after another, and remembers
what changed, what is to be told and what its provider may not have meant.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.base import Cause, Event
from contracts.catalog import (
    Finding,
    OfferAccepted,
    OfferChanged,
    OfferPublished,
    OfferRejected,
    OfferSnapshot,
    OfferWithdrawn,
    RunCancelled,
    RunChanged,
    RunScheduled,
    RunSnapshot,
    RunWithdrawn,
)

from catalog.domain import notices
from catalog.domain.findings import finding
from catalog.domain.judge import Judgement
from catalog.domain.offers import Key, Offer, OfferTerms, Run, RunTerms

EVENTS = "events"
"""The source of what providers send as events themselves."""


@dataclass(frozen=True, slots=True)
class Why:
    """When something is decided, and because of what."""

    now: datetime
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The verdict on a submission, and whether it was one that changed nothing.

    `unchanged_since`: it was accepted, and what it asks for has been so since then. None: it
    changed something, or was rejected. Warnings say nothing about it and are given either way.
    """

    verdict: OfferAccepted | OfferRejected
    unchanged_since: datetime | None


class Shelf:
    """Offers and runs, decided in the order of submissions.

    Rules: a full snapshot replaces the one before; equal content changes nothing; a run that a
    newer snapshot leaves out is withdrawn, never deleted; ids are given once per reference and
    stay. A cancelled or withdrawn run that is submitted again is scheduled again.
    """

    def __init__(self, offers: Iterable[Offer], new_id: Callable[[], UUID]) -> None:
        self._offers = {offer.key: offer for offer in offers}
        self._new_id = new_id
        self._changed: dict[Key, None] = {}
        self._changed_runs: dict[tuple[Key, str], None] = {}
        self.events: list[Event] = []
        self.warnings: list[Finding] = []

    @property
    def changed(self) -> list[Offer]:
        """The offers to be saved, as they are now."""
        return [self._offers[key] for key in self._changed]

    @property
    def changed_runs(self) -> list[Run]:
        """The runs to be saved, as they are now."""
        return [self._offers[key].runs[ref] for key, ref in self._changed_runs]

    def get(self, key: Key) -> Offer | None:
        """An offer that was loaded or put here."""
        return self._offers.get(key)

    def published_by(self, source: str) -> list[Offer]:
        """The published offers that came through this source."""
        return [o for o in self._offers.values() if o.source == source and o.state == "published"]

    def settle(self, judgement: Judgement, submission_id: UUID, why: Why) -> Settled:
        """Do what a judgement says and tell the verdict. A rejected one changes nothing."""
        before = self._offers.get(judgement.key) if judgement.key else None
        offer: Offer | None = None
        errors, first = list(judgement.errors), len(self.warnings)
        if judgement.terms is not None and not errors:
            offer = self.put(judgement.terms, EVENTS, why)
        elif judgement.key is not None:
            offer = self.withdraw(judgement.key, why)
            if offer is None:
                errors = [finding("/offer_ref", "unknown-offer", "there is no such offer")]
        verdict: OfferAccepted | OfferRejected
        if offer is None:
            verdict = OfferRejected(
                provider_id=judgement.provider_id,
                offer_ref=judgement.offer_ref,
                submission_id=submission_id,
                errors=errors,
            )
        else:
            verdict = OfferAccepted(
                provider_id=offer.provider_id,
                offer_ref=offer.offer_ref,
                submission_id=submission_id,
                offer_id=offer.offer_id,
                run_ids=offer.run_ids,
                warnings=[*self.warnings[first:], *judgement.warnings],
            )
        self.events.append(verdict.because(why.cause))
        return Settled(verdict, offer.changed_at if offer and offer.same_as(before) else None)

    def put(self, terms: OfferTerms, source: str, why: Why) -> Offer:
        """Publish an offer, or bring it to these terms."""
        before = self._offers.get(terms.key)
        fingerprint = terms.fingerprint()
        if before is None or before.state == "withdrawn" or before.fingerprint != fingerprint:
            offer = self._published(before, terms, source, why)
            kind = OfferChanged if before and before.state == "published" else OfferPublished
            told = kind(**_snapshot(offer, terms).model_dump())
            self.events.append(told.because(why.cause, offer.version))
        else:
            offer = replace(before, source=source, terms=terms)
        self._offers[terms.key] = offer
        for number, run in enumerate(terms.runs):
            if before and (known := before.runs.get(run.run_ref)):
                self.warnings += notices.about_run(known, run, f"/runs/{number}")
            self._put_run(terms, run, why)
        named = {run.run_ref for run in terms.runs}
        for ref in self._offers[terms.key].runs:
            if ref not in named:
                self._withdraw_run(terms.key, ref, why)
        offer = self._offers[terms.key]
        same = offer.same_as(before)
        if not same:
            offer = self._offers[terms.key] = replace(offer, changed_at=why.now)
        if not same or (before and before.source != source):
            self._changed[terms.key] = None
        return offer

    def withdraw(self, key: Key, why: Why) -> Offer | None:
        """Take an offer and its runs back. Again is harmless; None when it was never there."""
        offer = self._offers.get(key)
        if offer is None or offer.state == "withdrawn":
            return offer
        offer = replace(offer, state="withdrawn", version=offer.version + 1, changed_at=why.now)
        self._offers[key] = offer
        self._changed[key] = None
        told = OfferWithdrawn(offer_id=offer.offer_id, withdrawn_at=why.now)
        self.events.append(told.because(why.cause, offer.version))
        for ref in offer.runs:
            self._withdraw_run(key, ref, why)
        return self._offers[key]

    def _published(self, before: Offer | None, terms: OfferTerms, source: str, why: Why) -> Offer:
        if before is None:
            before = Offer(
                offer_id=self._new_id(),
                provider_id=terms.provider_id,
                offer_ref=terms.offer_ref,
                source=source,
                state="withdrawn",
                version=0,
                fingerprint=b"",
                published_at=why.now,
                changed_at=why.now,
            )
        since = why.now if before.state == "withdrawn" else before.published_at
        return replace(
            before,
            source=source,
            state="published",
            version=before.version + 1,
            fingerprint=terms.fingerprint(),
            published_at=since,
            changed_at=why.now,
            terms=terms,
        )

    def _put_run(self, terms: OfferTerms, wanted: RunTerms, why: Why) -> None:
        offer = self._offers[terms.key]
        before = offer.runs.get(wanted.run_ref)
        if wanted.cancelled:
            self._cancel_run(offer, before, wanted, why)
            return
        fingerprint = terms.run_fingerprint(wanted)
        if before and before.state == "scheduled" and before.fingerprint == fingerprint:
            return
        run = Run(
            run_id=before.run_id if before else self._new_id(),
            offer_id=offer.offer_id,
            run_ref=wanted.run_ref,
            state="scheduled",
            version=before.version + 1 if before else 1,
            fingerprint=fingerprint,
            terms=wanted,
            taken=before.taken if before else 0,
        )
        self._save_run(offer, run)
        kind = RunChanged if before and before.state == "scheduled" else RunScheduled
        told = kind(**_run_snapshot(run, wanted, terms).model_dump())
        self.events.append(told.because(why.cause, run.version))

    def _cancel_run(self, offer: Offer, before: Run | None, wanted: RunTerms, why: Why) -> None:
        """A run that was never told is only remembered; everyone else hears of the cancelling."""
        if before and before.state == "cancelled":
            return
        if before is None:
            made = Run(self._new_id(), offer.offer_id, wanted.run_ref, "cancelled", 0, b"", wanted)
            self._save_run(offer, made)
            return
        run = replace(before, state="cancelled", version=before.version + 1, terms=wanted)
        self._save_run(offer, run)
        told = RunCancelled(run_id=run.run_id, offer_id=run.offer_id, cancelled_at=why.now)
        self.events.append(told.because(why.cause, run.version))

    def _withdraw_run(self, key: Key, ref: str, why: Why) -> None:
        offer = self._offers[key]
        before = offer.runs[ref]
        if before.state != "scheduled":
            return
        self.warnings.append(notices.left_out(before))
        run = replace(before, state="withdrawn", version=before.version + 1)
        self._save_run(offer, run)
        told = RunWithdrawn(run_id=run.run_id, offer_id=run.offer_id, withdrawn_at=why.now)
        self.events.append(told.because(why.cause, run.version))

    def _save_run(self, offer: Offer, run: Run) -> None:
        self._offers[offer.key] = replace(offer, runs={**offer.runs, run.run_ref: run})
        self._changed_runs[(offer.key, run.run_ref)] = None


def _snapshot(offer: Offer, terms: OfferTerms) -> OfferSnapshot:
    return OfferSnapshot(
        offer_id=offer.offer_id,
        provider_id=terms.provider_id,
        offer_ref=terms.offer_ref,
        title=terms.title,
        language=terms.language,
        format=terms.format,
        workload_hours=terms.workload_hours,
        url=terms.url,
        skills=list(terms.skills),
        standard_cents=terms.standard_cents,
        member_cents=terms.member_cents,
        published_at=offer.published_at,
    )


def _run_snapshot(run: Run, wanted: RunTerms, terms: OfferTerms) -> RunSnapshot:
    return RunSnapshot(
        run_id=run.run_id,
        offer_id=run.offer_id,
        provider_id=terms.provider_id,
        run_ref=run.run_ref,
        title=terms.title,
        format=terms.format,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        location=wanted.location,
        capacity=wanted.capacity,
        min_participants=wanted.min_participants,
        decision_on=wanted.decision_on,
        booking_closes_at=wanted.booking_closes_at,
        cancellation_policy=list(wanted.cancellation_policy),
        standard_cents=terms.standard_cents,
        member_cents=terms.member_cents,
    )
