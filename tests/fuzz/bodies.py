"""What the larger good requests send. Their gaps are filled as those of `good`."""

from __future__ import annotations

from typing import Any

from tests.fuzz.people import PROVIDER

NEW = "@@new@@"

OFFER: dict[str, Any] = {
    "provider_id": PROVIDER,
    "offer_ref": "DIG-@@word@@",
    "title": "Digitale Akte einführen @@canary@@",
    "description_html": "<p>Grundlagen der <b>E-Akte</b> @@canary@@</p>",
    "language": "de",
    "format": "hybrid",
    "workload_hours": 8,
    "url": "https://provider.example/dig-101",
    "keywords": ["E-Akte"],
    "skills": [{"framework": "DigComp", "version": "2.2", "code": "1.3", "level": 4}],
    "price": {"standard_cents": 44100, "member_cents": 35300},
    "runs": [
        {
            "run_ref": "a",
            "starts_at": "2027-03-01T08:00:00Z",
            "ends_at": "2027-03-02T15:00:00Z",
            "location": "Heppenheim",
            "capacity": 20,
            "min_participants": 8,
            "decision_on": "2027-02-15",
            "booking_closes_at": "2027-02-22T22:59:59Z",
            "cancellation_policy": [
                {"days_before": 14, "percent": 0},
                {"days_before": 0, "percent": 100, "member_percent": 50},
            ],
        }
    ],
}
COSTS: dict[str, Any] = {
    "participants": 12,
    "items": [{"kind": "teaching", "cents": 120000}],
}
FEED: dict[str, Any] = {
    "links": {"self": "https://example.org/courses?page=1"},
    "data": [
        {
            "id": NEW,
            "type": "Course",
            "attributes": {
                "name": "E-Akte kompakt @@canary@@",
                "courseCode": "eakte2027",
                "abstract": "<p>Grundlagen</p>",
                "startDate": ["2027-11-18T08:00:00Z"],
                "endDate": ["2027-11-18T15:00:00Z"],
                "courseMode": ["online"],
                "inLanguage": ["de"],
                "offers": [{"price": 149.0, "price_currency": "EUR", "category": "course"}],
                "access": ["paid"],
                "moocProvider": {"name": "Beispiel", "url": "https://example.org/"},
                "license": [{"identifier": "proprietary", "url": None}],
                "url": "https://example.org/courses/eakte2027",
            },
        }
    ],
}
CONTACT = {
    "given_name": "Anna",
    "family_name": "Müller @@canary@@",
    "mail": "anna.@@canary@@@kreis.example",
    "department": "Bauamt",
    "language": "de",
}
APPLICATION = {
    "organisation_id": "@@plain-org@@",
    "satzung_shown_at": "2026-01-05T09:00:00Z",
    "declared_at": "2026-01-06T09:00:00Z",
    "accepts_payment_duty": True,
    "signatory": {
        "name": "Wilhelmine @@canary@@",
        "mail": "w.@@canary@@@rathaus.example",
        "function": "Landrätin",
    },
}
