"""Enrolments as pages need them: with every field, also those that the service leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.longer import Ask
from portal.page import Page

PATH = "/api/enrolment/enrolments"
MAYBE = (
    "location", "booked_by_ref", "bulk_id", "place", "ahead", "held_until", "offered_until",
    "cost_centre", "order_reference", "decided_by_ref", "decision_reason", "ended_reason",
    "reminded_at", "ended_at",
)  # fmt: skip
MAYBE_OF_PRICE = ("cents", "kind", "reason", "member_cents", "saving_cents", "priced_for_on")
MAYBE_OF_CANCELLATION = ("free_until_on", "fee_cents")


def whole(enrolment: Mapping[str, Any]) -> dict[str, Any]:
    """An enrolment with every field, None where the service says nothing."""
    return {
        **dict.fromkeys(MAYBE),
        **enrolment,
        "price": dict.fromkeys(MAYBE_OF_PRICE) | enrolment["price"],
        "cancellation": dict.fromkeys(MAYBE_OF_CANCELLATION) | enrolment["cancellation"],
    }


def of_row(row: Mapping[str, Any], requested_at: str) -> dict[str, Any] | None:
    """What a row of a long list says of its enrolment; None where nobody was booked."""
    more = {"cancellation": {}, "requested_at": requested_at}
    return whole({**more, **row}) if row.get("state") else None


async def one(page: Page, enrolment_id: str) -> dict[str, Any]:
    """One enrolment."""
    return whole(await page.api.get(f"{PATH}/{enrolment_id}"))


async def several(page: Page, **asked: Any) -> dict[str, Any]:
    """A page of the list: `items`, `counts` by state, `next_cursor`."""
    found = await page.api.get(PATH, **asked)
    return {
        "items": [whole(each) for each in found["items"]],
        "counts": found["counts"],
        "next_cursor": found.get("next_cursor"),
    }


def asking(page: Page, **asked: Any) -> Ask:
    """How a list that grows asks for them."""
    return lambda cursor, limit: several(page, **asked, cursor=cursor, limit=limit)


async def act(page: Page, enrolment_id: str, route: str, key: str, body: Any = None) -> Any:
    """Do something with an enrolment; the key makes a double click one deed."""
    path = f"{PATH}/{enrolment_id}/{route}"
    return whole(await page.api.send("POST", path, body, headers={"Idempotency-Key": key}))


async def accept(page: Page, enrolment_id: str, key: str) -> Any:
    """Take an offered seat; the answer waits a moment for its price, and for what follows."""
    headers = {"Idempotency-Key": key, "Prefer": f"wait={page.settings.settle_seconds}"}
    path = f"{PATH}/{enrolment_id}/acceptance"
    return whole(await page.api.send("POST", path, headers=headers))
