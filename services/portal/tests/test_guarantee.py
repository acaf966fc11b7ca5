"""Whether a run takes place: its minimum, and the day on which its provider decides."""

from typing import Any

import pytest

from services.portal.tests.stand_in import Browser, Services

OFFER_ID = "94f26ada-313f-4e32-a143-94323cac6970"
RUN_ID = "e9ea67b3-5489-43e2-a4d6-e8cb79155ef9"
OFFER = f"/api/catalog/offers/{OFFER_ID}"
RUN: dict[str, Any] = {
    "run_id": RUN_ID, "offer_id": OFFER_ID, "run_ref": "2027-03", "title": "Digitale Akte",
    "provider": "hochschule", "provider_name": "Hochschule", "format": "hybrid",
    "state": "scheduled", "bookable": True, "starts_at": "2027-03-01T08:00:00Z",
    "ends_at": "2027-03-02T15:00:00Z", "location": "Heppenheim",
    "booking_closes_at": "2027-02-22T22:59:59Z", "capacity": 20, "min_participants": 8,
    "guaranteed": False, "decision_on": "2027-02-15", "free_seats": 15, "taken": 5, "held": 1,
    "waiting": 0, "standard_cents": 44_100, "member_cents": 35_300, "cancellation_policy": [],
    "version": 1,
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "offer_id": OFFER_ID, "offer_ref": "DIG-101", "provider": "hochschule",
    "provider_name": "Hochschule", "state": "published", "title": "Digitale Akte",
    "description_html": "<p>Grundlagen</p>", "language": "de", "format": "hybrid",
    "workload_hours": 8, "url": None, "keywords": [], "skills": [], "standard_cents": 44_100,
    "member_cents": 35_300, "saving_cents": 8_800, "version": 1,
}  # fmt: skip


def catalog(**run: Any) -> Services:
    """A course with one run; nobody else answers."""
    whole = {**WHOLE, "runs": [{**RUN, **run}]}
    found = {"items": [{"offer_id": OFFER_ID}], "total": 1, "next_cursor": None}
    return Services({("GET", OFFER): whole, ("GET", "/api/catalog/offers"): found})


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({}, "Findet ab 8 Personen statt, Entscheidung am"),
        ({"decision_on": None}, "Findet ab 8 Personen statt<"),
        ({"decision_on": "2027-01-14"}, "Findet ab 8 Personen statt<"),  # that day is over
        ({"decision_on": "2027-01-15"}, "Entscheidung am"),
        ({"taken": 9}, "Findet sicher statt"),
    ],
)
async def test_a_course_says_from_when_on_a_date_takes_place(
    run: dict[str, Any], said: str
) -> None:
    answer = await Browser(catalog(**run), "employee").get(f"/kurse/{OFFER_ID}")
    assert answer.status_code == 200
    assert said in answer.text
    assert ("Entscheidung" in answer.text) is ("Entscheidung" in said)


async def test_a_provider_sees_until_when_to_decide() -> None:
    answer = await Browser(catalog(), "provider").get("/anbieter/angebote")
    assert "4 Buchungen fehlen" in answer.text
    assert "Entscheidung am 15.02.2027" in answer.text
    none = await Browser(catalog(decision_on=None), "provider").get("/anbieter/angebote")
    assert "Mindestens 8" in none.text
    assert "Entscheidung" not in none.text
