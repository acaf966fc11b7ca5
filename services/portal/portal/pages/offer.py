"""One course: its dates, free seats, the own price with its reason, and the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import nh3
from markupsafe import Markup
from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import enrolments, formats, frame
from portal.backend import Down, Refused, part
from portal.page import Flash, Page, new_key
from portal.pages import screen
from portal.pages.bookings import uuid_of
from portal.words import N_

DONE = {
    "confirmed": N_("Ihr Platz ist gebucht."),
    "waitlisted": N_("Sie stehen auf der Warteliste."),
}
WAITS = N_("Ihre Anfrage ist eingegangen. Der Platz ist für Sie reserviert.")
AFTER_ALL = N_("Es war doch noch ein Platz frei.")
FREE, LINE = "frei", "warteliste"
"""What the button offered, as its form tells: a seat, or a place in the line."""
PRICED = ("gewaehlt", "buchung")
"""The pieces of the page with a price: they have no frame, but it depends on whose it is."""
OTHER_DATES = 3
COURSE_MODES = {"presence": "onsite", "hybrid": "blended"}
TOLD = N_("Sie müssen nichts weiter tun; wir schreiben Ihnen, sobald sich etwas ändert.")


async def show(page: Page, refused: Refused | None = None, asked: str = "") -> Response:
    """The course with its runs. `?termin=` is the run that is chosen, or `asked` after a no."""
    offer_id = uuid_of(page.part_of("offer_id"))
    if offer_id is None:
        raise page.missing()
    found = await page.api.get(f"/api/catalog/offers/{offer_id}")
    seats = await part(seats_of(page, found["runs"]))
    runs = [with_seats(page, run, seats) for run in found["runs"]]
    chosen = _chosen(asked or page.query.get("termin"), runs)
    if page.signed_in and page.request.headers.get("hx-target") in PRICED:
        page.me = await frame.about_me(page.api, page.actor.organisation_id)
    await page.meet()
    return await page.render(
        "courses/offer.html",
        status=409 if refused else 200,
        offer=found,
        description=Markup(nh3.clean(found["description_html"])),  # noqa: S704 - cleaned
        runs=runs,
        chosen=chosen,
        rules=rules(page, chosen),
        seats_down=isinstance(seats, Down),
        key=new_key(),
        refused=refused,
        linked=_linked(page, found),
    )


async def seats_of(page: Page, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The seats by run, of all runs in one call."""
    if not runs:
        return {}
    ids = ",".join(run["run_id"] for run in runs[:100])
    found = await page.api.get("/api/enrolment/seats", run_ids=ids)
    return {each["run_id"]: each for each in found["items"]}


def with_seats(
    page: Page, run: Mapping[str, Any], seats: Mapping[str, Any] | Down
) -> dict[str, Any]:
    """A run with its seats as enrolment counts them (the catalogue's count may be a moment old)."""
    own = seats.get(run["run_id"]) if isinstance(seats, Mapping) else None
    counted = own or {name: run[name] for name in ("capacity", "waiting")} | {
        "free": run["free_seats"],
        "taken": run["taken"],
        "held": run["held"],
    }
    closed = page.now > formats.instant(run["booking_closes_at"])
    decided = run.get("decision_on") or ""
    return {
        **run,
        "seats": counted,
        "closed": closed,
        "open": run["state"] == "scheduled" and run["bookable"] and not closed,
        "decided": decided if decided >= page.now.date().isoformat() else "",
        "certain": counted["taken"] - counted["held"] >= run["min_participants"] > 0,
    }


async def other_dates(page: Page, offer_id: str) -> list[dict[str, Any]]:
    """The next dates of a course that have free seats; none where nobody can say."""
    try:
        found = await part(page.api.get(f"/api/catalog/offers/{offer_id}"))
    except Refused:  # the whole course was withdrawn
        return []
    runs = [with_seats(page, run, {}) for run in found["runs"]] if found else []
    return [run for run in runs if run["open"] and run["seats"]["free"] > 0][:OTHER_DATES]


def _chosen(asked: str | None, runs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    open_ = [run for run in runs if run["open"]]
    free = [run for run in open_ if run["seats"]["free"] > 0]
    by_choice = [run for run in runs if run["run_id"] == asked]
    return next(iter([*by_choice, *free, *open_]), None)


def rules(page: Page, run: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The cancellation policy as days on which something begins to cost (domain page 5).

    Whose member prices hold is known after `page.meet()`.
    """
    if run is None:
        return []
    start = formats.instant(run["starts_at"]).date()
    steps = sorted(run["cancellation_policy"], key=lambda step: -int(step["days_before"]))
    member = bool(page.me.organisation.get("member_today"))
    cents = run["member_cents"] if member else run["standard_cents"]
    shown = []
    for number, step in enumerate(steps):
        later = steps[number + 1] if number + 1 < len(steps) else None
        # a step holds up to its own day; the next one begins on the day after
        until = start - timedelta(days=step["days_before"])
        shown.append({"until": until, "last": later is None, "fee": _fee(step, cents, member)})
    return shown


def _fee(step: Mapping[str, Any], cents: int, member: bool) -> int:
    if step.get("flat_cents") is not None:
        return min(int(step["flat_cents"]), cents)
    percent = step.get("member_percent") if member else None
    if percent is None:
        percent = step.get("percent", 0)
    return (cents * int(percent) + 50) // 100


def _linked(page: Page, offer: Mapping[str, Any]) -> dict[str, Any]:
    """The course for search engines (schema.org)."""
    return {
        "@context": "https://schema.org",
        "@type": "Course",
        "name": offer["title"],
        "description": nh3.clean(offer["description_html"], tags=set())[:500] or offer["title"],
        "inLanguage": offer["language"],
        "url": f"{page.settings.public_url}/kurse/{offer['offer_id']}",
        "provider": {"@type": "Organization", "name": offer["provider_name"]},
        "offers": {
            "@type": "Offer",
            "category": "Paid" if offer["standard_cents"] else "Free",
            "price": f"{offer['standard_cents'] / 100:.2f}",
            "priceCurrency": "EUR",
        },
        "hasCourseInstance": [
            {
                "@type": "CourseInstance",
                "courseMode": COURSE_MODES.get(run["format"], "online"),
                "startDate": run["starts_at"],
                "endDate": run["ends_at"],
                **(
                    {"location": {"@type": "Place", "name": run["location"]}}
                    if run["location"]
                    else {}
                ),
            }
            for run in offer["runs"]
        ],
    }


async def request(page: Page) -> Response:
    """Ask for a seat for oneself. The key of the form makes a double click one request.

    The last seat may have gone since the page was shown, or one has come free: the form tells what
    its button offered, and who got something else reads so first.
    """
    form = await page.form()
    run_id, offered = str(form.get("termin", "")), form.get("angebot")
    try:
        made = await page.api.send(
            "POST",
            enrolments.PATH,
            {"run_id": run_id},
            headers={
                "Idempotency-Key": str(form.get("schluessel", "")),
                "Prefer": f"wait={page.settings.settle_seconds}",
            },
        )
    except Refused as no:
        if no.status == 403:
            raise
        return await show(page, no, run_id)
    if made["state"] == "waitlisted" and offered == FREE:
        return page.go(f"/meine-kurse/{made['enrolment_id']}/warteliste")
    title = DONE.get(made["state"], WAITS)
    when = formats.period(made["starts_at"], made["ends_at"], page.lang)
    where = f", {made['location']}" if made.get("location") else ""
    text = f"{made['title']}, {when}{where}. {page.say(TOLD)}"
    if made["state"] != "waitlisted" and offered == LINE:
        return page.go(
            "/meine-kurse", Flash("info", page.say(AFTER_ALL), f"{page.say(title)} {text}")
        )
    return page.go("/meine-kurse", Flash("success", page.say(title), text))


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen("/kurse/{offer_id}", show, post=request, public=True)]
