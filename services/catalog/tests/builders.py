"""Builders for tests: what a test does not say is good."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

from contracts.provider import OfferRecalled, OfferSubmitted

PROVIDER = "hochschule-rhein-neckar"


def a_run(**more: Any) -> dict[str, Any]:
    """A run as a provider sends it."""
    return {
        "run_ref": "a",
        "starts_at": "2027-03-01T08:00:00Z",
        "ends_at": "2027-03-02T15:00:00Z",
        "location": "Heppenheim",
        "capacity": 20,
        "min_participants": 8,
        "booking_closes_at": "2027-02-22T22:59:59Z",
        "cancellation_policy": [
            {"days_before": 14, "percent": 0},
            {"days_before": 0, "percent": 100},
        ],
    } | more


def an_offer(**more: Any) -> dict[str, Any]:
    """An offer as a provider sends it, under a reference of its own."""
    return {
        "provider_id": PROVIDER,
        "offer_ref": f"DIG-{uuid4().hex[:8]}",
        "title": "Digitale Akte einführen",
        "description_html": "<p>Grundlagen der <b>E-Akte</b></p>",
        "language": "de",
        "format": "hybrid",
        "workload_hours": 8,
        "url": "https://provider.example/dig-101",
        "keywords": ["E-Akte"],
        "skills": [{"framework": "DigComp", "version": "2.2", "code": "1.3", "level": 4}],
        "price": {"standard_cents": 44100, "member_cents": 35300},
        "runs": [a_run()],
    } | more


def key_of(offer: dict[str, Any]) -> str:
    """The key of the record that carries an offer."""
    return f"{offer['provider_id']}/{offer['offer_ref']}"


def headers(kind: str = OfferSubmitted.type, **more: str) -> list[tuple[str, bytes]]:
    """CloudEvents headers as a provider sends them."""
    named = {"ce_id": str(uuid4()), "ce_type": kind, "ce_specversion": "1.0"} | more
    return [(name, value.encode()) for name, value in named.items()]


Sent = tuple[str, bytes | None, bytes | None, list[tuple[str, bytes]]]


def sent(offer: dict[str, Any], kind: str = OfferSubmitted.type, **more: str) -> Sent:
    """The record of a submission, ready for `send_raw`."""
    body = json.dumps(offer).encode()
    return ("provider.offers", key_of(offer).encode(), body, headers(kind, **more))


def recalled(offer: dict[str, Any]) -> Sent:
    """The record that takes an offer back."""
    body = {"provider_id": offer["provider_id"], "offer_ref": offer["offer_ref"]}
    return sent(body, OfferRecalled.type)


def a_record(**attributes: Any) -> dict[str, Any]:
    """A record of a feed in the official form; None takes an attribute away."""
    made = {
        "name": "E-Akte kompakt",
        "url": "https://example.org/courses/eakte",
        "description": "<p>Grundlagen</p>",
        "inLanguage": ["de"],
        "courseMode": ["online", "asynchronous"],
        "duration": "PT8H",
        "startDate": ["2026-11-18T08:00:00Z"],
        "endDate": ["2026-11-18T15:00:00Z"],
        "access": ["paid"],
        "offer": [
            {
                "price": Decimal("149.90"),
                "priceCurrency": "EUR",
                "paymentFrequency": "one-time",
                "category": "course",
            }
        ],
        "publisher": {"name": "Beispiel", "type": "Organization"},
        **attributes,
    }
    attributes = {name: value for name, value in made.items() if value is not None}
    return {
        "id": "0f3b6a5e-7c0e-4c0e-9b1e-6f7b9a3d2c11",
        "type": "Course",
        "attributes": attributes,
    }
