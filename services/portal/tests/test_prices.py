"""A price of a booking comes with its reason, in every list."""

from __future__ import annotations

from typing import Any

import pytest

from .stand_in import Browser, Services
from .test_several import BOOKING, LIST, id_

MEMBER = {
    "status": "fixed", "cents": 35300, "standard_cents": 44100, "saving_cents": 8800,
    "kind": "member", "reason": {"code": "member-on-day", "member_since_on": "2026-02-01"},
    "priced_for_on": "2027-01-14",
}  # fmt: skip
STANDARD = {
    "status": "fixed", "cents": 44100, "standard_cents": 44100, "kind": "standard",
    "priced_for_on": "2027-01-14",
}  # fmt: skip


def listed(**change: Any) -> Services:
    """One booking that waits for approval."""
    one = {**BOOKING, "enrolment_id": id_(1), "state": "awaiting_approval", **change}
    found = {"items": [one], "counts": {"awaiting_approval": 1}, "next_cursor": None}
    return Services({("GET", LIST): found})


@pytest.mark.parametrize(
    ("price", "why"),
    [
        (MEMBER, "Mitgliedspreis: Ihre Kommune ist seit 1. Februar 2026 Mitglied."),
        (MEMBER, "statt 441\xa0€, "),
        (MEMBER, "Der Preis steht seit 14. Januar 2027 fest."),
        ({**MEMBER, "status": "forecast"}, "Verbindlich wird der Preis am Tag der Buchung."),
        (
            {**STANDARD, "reason": {"code": "not-a-member"}},
            "Normalpreis: Ihre Kommune ist nicht Mitglied.",
        ),
        (
            {**STANDARD, "reason": {"code": "membership-ended", "ended_on": "2026-12-31"}},
            "Die Mitgliedschaft Ihrer Kommune endete am 31. Dezember 2026.",
        ),
        (
            {
                **STANDARD,
                "reason": {"code": "membership-not-yet-begun", "member_since_on": "2027-04-01"},
            },
            "Ihre Kommune wird erst am 1. April 2027 Mitglied.",
        ),
        ({**MEMBER, "cents": 0}, "Kostenlos"),
        ({"status": "pending", "standard_cents": 1}, "Der Preis steht noch nicht fest."),
    ],
)
async def test_whoever_approves_reads_the_price_with_its_reason(
    price: dict[str, Any], why: str
) -> None:
    text = (await Browser(listed(price=price), "approver").get("/freigaben")).text
    assert why in text


@pytest.mark.parametrize(
    ("price", "name"),
    [
        (MEMBER, "Mitgliedspreis, statt 441,00\xa0€"),
        (STANDARD, "Normalpreis"),
        ({**STANDARD, "status": "forecast"}, "voraussichtlich Normalpreis"),
    ],
)
async def test_the_column_of_bookings_names_the_kind_of_the_price(
    price: dict[str, Any], name: str
) -> None:
    text = (await Browser(listed(price=price), "coordinator").get("/buchungen")).text
    assert f'<span class="kc-table__sub">{name}</span>' in text


async def test_what_ended_says_that_its_amount_is_for_calling_off() -> None:
    ended = {"state": "cancelled", "cancellation": {"fee_now_cents": 0, "fee_cents": 10590}}
    text = (await Browser(listed(**ended), "coordinator").get("/buchungen")).text
    assert '105,90\xa0€<span class="kc-table__sub">Kosten der Absage</span>' in text
