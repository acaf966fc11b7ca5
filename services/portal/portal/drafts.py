"""What a coordinator has begun, kept between the pages of a booking and for some days after; and
what every booking begins with, kept much longer."""

from __future__ import annotations

from portal.page import Page
from portal.roster import Roster

BOOKING = "sammelbuchung"
LAST = "buchungsdaten"


async def roster(page: Page) -> Roster:
    """The list of people as it stands; a new one knows what was entered for the last booking."""
    kept = await page.sessions.draft(page.actor.person_ref, BOOKING)
    found = Roster.of(kept)
    if not kept:
        last = await page.sessions.draft(page.actor.person_ref, LAST) or {}
        found.cost_centre = last.get("cost_centre", "")
        found.order_reference = last.get("order_reference", "")
    return found


async def keep(page: Page, one: Roster) -> None:
    """Keep the list."""
    await page.sessions.keep_draft(page.actor.person_ref, BOOKING, one.kept())


async def remember(page: Page, one: Roster) -> None:
    """What the next booking begins with, also when that is a year later."""
    last = {"cost_centre": one.cost_centre, "order_reference": one.order_reference}
    days = page.settings.remember_days
    await page.sessions.keep_draft(page.actor.person_ref, LAST, last, days)


async def drop(page: Page) -> None:
    """Begin anew."""
    await page.sessions.drop_draft(page.actor.person_ref, BOOKING)
