"""The judge: any record on `provider.offers` in, exactly one judgement out, never an exception."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from contracts.catalog import Finding
from contracts.provider import OfferRecalled, OfferSubmitted, Price, SubmittedRun
from pydantic import ValidationError

from catalog.domain import rules
from catalog.domain.cleaning import clean_html, one_line
from catalog.domain.findings import finding, merged, of_shape
from catalog.domain.offers import Key, OfferTerms, RunTerms
from catalog.domain.pricing import Calculation, CostsError, calculate
from catalog.domain.reading import bad_characters, read_object, readable, scrubbed


@dataclass(frozen=True, slots=True)
class Submission:
    """A record as it came: its `ce_type` (empty: none), key, `ce_subject` and bytes."""

    kind: str
    key: str | None
    subject: str
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge found. Without errors there are `terms`, or the offer is to be withdrawn.

    `provider_id` and `offer_ref` are given as far as they could be read.
    """

    provider_id: str | None
    offer_ref: str | None
    terms: OfferTerms | None = None
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    calculation: Calculation | None = None

    @property
    def key(self) -> Key | None:
        """The offer it is about; None when there are errors."""
        if self.errors or self.provider_id is None or self.offer_ref is None:
            return None
        return (self.provider_id, self.offer_ref)


def judge(submission: Submission, now: datetime) -> Judgement:
    """Judge a record of a provider. All its errors are told at once (issue: providers)."""
    by_key = _named(submission.key) if submission.key else _named(submission.subject)
    kind = submission.kind or OfferSubmitted.type
    if kind not in (OfferSubmitted.type, OfferRecalled.type):
        error = finding("", "unknown-type", "there is no such type of event on this topic")
        return Judgement(*by_key, errors=(error,))
    document = read_object(submission.value)
    if isinstance(document, Finding):
        return Judgement(*by_key, errors=(document,))
    provider = readable(document.get("provider_id")) or by_key[0]
    ref = readable(document.get("offer_ref")) or by_key[1]
    misplaced = _misplaced(document, submission.key)
    if kind == OfferRecalled.type:
        shape = _shape(OfferRecalled, scrubbed(document))
        errors = merged(bad_characters(document), shape, misplaced)
        return Judgement(provider, ref, errors=errors)
    found = judge_document(document, now)
    errors = merged(found.errors, misplaced)
    return Judgement(provider, ref, None if errors else found.terms, errors, found.warnings)


def judge_document(document: dict[str, Any], now: datetime) -> Judgement:
    """Judge what was submitted, without where it stood: for feeds and for a try."""
    provider, ref = readable(document.get("provider_id")), readable(document.get("offer_ref"))
    bad = bad_characters(document)
    whole = scrubbed(document) if bad else document
    errors = merged(bad, rules.errors(whole), _shape(OfferSubmitted, whole))
    warnings = merged(rules.warnings(document, now))
    if errors:
        settled = {error.pointer for error in errors}
        kept = tuple(warning for warning in warnings if warning.pointer not in settled)
        return Judgement(provider, ref, errors=errors, warnings=kept)
    offer = OfferSubmitted.model_validate_json(_json(document), strict=True)
    try:
        made = calculate(offer.costs) if offer.costs else None
    except CostsError as error:
        at = f"/costs/{error.field}".rstrip("/")
        wrong = finding(at, error.code, "no price follows from these costs")
        return Judgement(provider, ref, errors=(wrong,), warnings=warnings)
    return Judgement(provider, ref, _terms(offer, made or offer.price), (), warnings, made)


def _named(key: str) -> tuple[str | None, str | None]:
    provider, _, ref = key.partition("/")
    return readable(provider), readable(ref)


def _misplaced(document: dict[str, Any], key: str | None) -> list[Finding]:
    provider, ref = document.get("provider_id"), document.get("offer_ref")
    if not isinstance(provider, str) or not isinstance(ref, str) or key == f"{provider}/{ref}":
        return []
    return [finding("", "key-mismatch", "the record's key must be provider_id/offer_ref")]


def _shape(
    kind: type[OfferSubmitted] | type[OfferRecalled], document: dict[str, Any]
) -> list[Finding]:
    try:
        kind.model_validate_json(_json(document), strict=True)
    except ValidationError as error:
        return [of_shape(e) for e in error.errors(include_url=False, include_input=False)]
    except OverflowError:  # a date that has no place in UTC; the rules name it
        pass
    return []


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, default=_number, ensure_ascii=True).encode()


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def _terms(offer: OfferSubmitted, price: Calculation | Price | None) -> OfferTerms:
    if price is None:
        raise LookupError("the rules let no offer without a price pass")
    skills = {(s.framework, s.version, s.code, s.level): s for s in offer.skills}
    return OfferTerms(
        provider_id=offer.provider_id,
        offer_ref=offer.offer_ref,
        title=one_line(offer.title),
        description_html=clean_html(offer.description_html),
        language=offer.language,
        format=offer.format,
        workload_hours=offer.workload_hours,
        url=offer.url,
        keywords=tuple(dict.fromkeys(w for w in map(one_line, offer.keywords) if w)),
        skills=tuple(skills.values()),
        standard_cents=price.standard_cents,
        member_cents=price.member_cents,
        runs=tuple(map(_run_terms, offer.runs)),
    )


def _run_terms(run: SubmittedRun) -> RunTerms:
    return RunTerms(
        run_ref=run.run_ref,
        starts_at=run.starts_at,
        ends_at=run.ends_at,
        location=one_line(run.location) or None if run.location else None,
        capacity=run.capacity,
        min_participants=run.min_participants,
        booking_closes_at=run.booking_closes_at or run.starts_at,
        cancellation_policy=tuple(run.cancellation_policy or ()),
        cancelled=run.cancelled,
        decision_on=run.decision_on,
    )
