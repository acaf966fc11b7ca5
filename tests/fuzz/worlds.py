"""A world for each service: what has to be there before a good request finds what it asks for.

Mutants cancel, discard and use things up, so a world is refilled from time to time.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from chassis.testing import TestApp, until
from contracts.base import EVENTS, Cause, Event
from contracts.catalog import OfferAccepted

from tests.fuzz.bodies import APPLICATION, OFFER
from tests.fuzz.inputs import NAME
from tests.fuzz.people import ME, ORG, OTHER, SECRET_MAIL, SECRET_NAME
from tests.fuzz.tokens import GOOD

EXAMPLES = Path(__file__).parents[2] / "libs" / "contracts" / "examples"
KEPT = 60
SECONDS = 120


def today() -> str:
    """The calendar day in Berlin."""
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")).date().isoformat()


MADE: dict[str, Callable[[], str]] = {
    "word": lambda: uuid4().hex[:10],
    "today": today,
    "now": lambda: datetime.now(UTC).isoformat(),
}


class World:
    """Ids by name. Each use of a name gives the next one."""

    def __init__(self, app: TestApp) -> None:
        self.app = app
        self._ids: dict[str, deque[str]] = {}

    def put(self, name: str, ids: Iterable[Any]) -> None:
        """Add ids; the oldest are forgotten."""
        kept = self._ids.setdefault(name, deque(maxlen=KEPT))
        kept.extend(map(str, ids))

    def one(self, name: str) -> str:
        """The next id of that name; a new one where there is none."""
        if name in MADE:
            return MADE[name]()
        kept = self._ids.get(name)
        if not kept:
            return str(uuid4())
        kept.rotate(-1)
        return kept[-1]

    def fill(self, text: bytes) -> bytes:
        """The text with its names filled."""
        return NAME.sub(lambda found: self.one(found[1].decode()).encode(), text)

    def client(self, who: str = "all", **more: Any) -> httpx.AsyncClient:
        """A client of somebody of `tokens.GOOD`."""
        claims = {**GOOD[who], **more}
        return self.app.http(*claims.pop("roles"), **claims)

    async def post(self, client: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
        """Do something that must work."""
        answer = await client.post(path, json=body)
        if not answer.is_success:
            raise AssertionError(f"{path}: {answer.status_code} {answer.text[:300]}")
        found: dict[str, Any] = answer.json()
        return found

    async def dead_letters(self, topic: str, ce_type: str) -> None:
        """Let a few records be set aside, each under a key of its own."""
        headers = [("ce_type", ce_type.encode()), ("ce_id", b"")]
        records = []
        for _ in range(8):
            named = [headers[0], ("ce_id", str(uuid4()).encode())]
            records.append((topic, uuid4().bytes, b"not json", named))
        await self.app.send_raw(*records)
        await self.app.settled(SECONDS)
        name = self.app.running.service.name
        async with self.client() as http:
            found = (await http.get(f"/api/{name}/dead-letters?limit=100")).json()["items"]
        self.put("letter", [item["id"] for item in found])

    async def cursor(self, path: str) -> None:
        """Keep the cursor of a list."""
        async with self.client() as http:
            found = (await http.get(path)).json()
        if found.get("next_cursor"):
            self.put("cursor", [found["next_cursor"]])


def event(type_: str, **changes: Any) -> Event:
    """The documented example of an event type, with changes, as if its owner told it."""
    kind = EVENTS[type_]
    text = (EXAMPLES / f"{type_}.json").read_text("utf-8")
    return kind.model_validate({**json.loads(text), **changes}).because(Cause("the-fuzzer"), 1)


async def catalog(world: World) -> None:
    """Offers of our provider, published, and something set aside."""
    app, records = world.app, []
    app.records.clear()
    ids = [uuid4() for _ in range(4)]
    for id_ in ids:
        ref = f"W-{uuid4().hex[:10]}"
        body = json.dumps({**OFFER, "offer_ref": ref}).replace("@@canary@@", "kanon")
        headers = [("ce_id", str(id_).encode()), ("ce_type", b"provider.offer-submitted.v1")]
        key = f"{OFFER['provider_id']}/{ref}".encode()
        records.append(("provider.offers", key, body.encode(), headers))
    await app.send_raw(*records)
    told = await app.heard(OfferAccepted, lambda e: e.submission_id in ids, 4, SECONDS)
    world.put("submission", ids)
    world.put("offer", [e.offer_id for e in told])
    world.put("run", [id_ for e in told for id_ in e.run_ids.values()])
    await world.cursor("/api/catalog/offers?sort=start&limit=1")
    await world.dead_letters("enrolment.seats", "enrolment.seat-held.v1")


async def enrolment(world: World) -> None:
    """A wide run, and enrolments that are confirmed, wait for a decision, or are offered a seat."""
    app, wide, narrow = world.app, uuid4(), [uuid4() for _ in range(6)]
    app.records.clear()
    times = {
        "starts_at": "2027-06-01T08:00:00Z",
        "ends_at": "2027-06-02T15:00:00Z",
        "booking_closes_at": "2027-05-20T22:59:59Z",
    }
    runs = [(wide, 1000), *((id_, 1) for id_ in narrow)]
    await app.send(
        *(
            event("catalog.run-scheduled.v1", run_id=id_, capacity=seats, **times)
            for id_, seats in runs
        )
    )
    await app.settled(SECONDS)
    path = "/api/enrolment/enrolments"
    async with world.client() as http:
        await http.put("/api/enrolment/settings", json={"approval_required": True})
        booked = [await _booked(world, http, wide) for _ in range(8)]
        seats = [await _booked(world, http, id_) for id_ in narrow]
        in_line = [await _booked(world, http, id_, str(ME)) for id_ in narrow]
        asked = []
        for _ in range(10):
            async with world.client("employee", sub=uuid4()) as own:
                asked.append((await world.post(own, path, {"run_id": str(wide)}))["enrolment_id"])
        await _priced(world, [*booked, *seats, *asked])
        many = {"run_id": str(wide), "people": [str(uuid4()) for _ in range(101)]}
        long_list = await world.post(http, f"{path}/bulk", many)
        for id_ in seats:
            await world.post(http, f"{path}/{id_}/cancellation", {})
        await until(lambda: _in_state(http, in_line, "offered"), SECONDS, 0.1, "the offers")
    world.put("run", [wide] * 20)
    world.put("confirmed", booked)
    world.put("awaiting", asked)
    world.put("offered", in_line)
    world.put("job", [long_list["job_id"]])
    await world.cursor(f"{path}?limit=1")
    await world.dead_letters("catalog.runs", "catalog.run-scheduled.v1")


async def _booked(world: World, http: httpx.AsyncClient, run: Any, person: str = "") -> str:
    body = {"run_id": str(run), "person_ref": person or str(uuid4())}
    return str((await world.post(http, "/api/enrolment/enrolments", body))["enrolment_id"])


async def _in_state(http: httpx.AsyncClient, ids: Iterable[str], *states: str) -> bool:
    for id_ in ids:
        shown = (await http.get(f"/api/enrolment/enrolments/{id_}")).json()
        if shown["state"] not in states:
            return False
    return True


async def _priced(world: World, ids: Iterable[str]) -> None:
    organisation = {"organisation_id": ORG, "priced_for_on": today()}
    quotes = [event("membership.enrolment-priced.v1", enrolment_id=i, **organisation) for i in ids]
    await world.app.send(*quotes)
    await world.app.settled(SECONDS)
    async with world.client() as http:
        states = ("confirmed", "awaiting_approval")
        await until(lambda: _in_state(http, ids, *states), SECONDS, 0.1, "the prices")


async def membership(world: World) -> None:
    """Organisations: registered, applying, members, and one that has paid everything."""
    async with world.client() as http:
        own = {"organisation_id": str(ORG), "code": "kreis-fuzz", "name": "Kreis", "employees": 800}
        await world.post(http, "/api/membership/organisations", own)
        plain = [await registered(world, http) for _ in range(16)]
        world.put("plain-org", plain[8:])
        filed = [await applied(world, http, id_) for id_ in plain[:8]]
        world.put("application", filed[4:])
        for id_ in filed[:4]:
            await world.post(http, f"/api/membership/applications/{id_}/admission", {})
        paid, leaving, *members = plain[:4]
        path = f"/api/membership/organisations/{paid}"
        open_cents = (await http.get(path)).json()["outstanding_cents"]
        money = {"amount_cents": open_cents, "received_on": today()}
        await world.post(http, f"{path}/payments", money)
    world.put("paid", [paid])
    world.put("leaving", [leaving])
    world.put("member", members)
    await world.dead_letters("enrolment.enrolments", "enrolment.enrolment-requested.v1")


async def registered(world: World, http: httpx.AsyncClient) -> str:
    """A new organisation."""
    body = {"code": f"stadt-{uuid4().hex[:12]}", "name": "Stadt", "employees": 800}
    path = "/api/membership/organisations"
    return str((await world.post(http, path, body))["organisation_id"])


async def applied(world: World, http: httpx.AsyncClient, organisation_id: str) -> str:
    """Its application; who signed is somebody whom hardly anybody may see."""
    signatory = {"name": SECRET_NAME, "mail": SECRET_MAIL, "function": "Landrätin"}
    body = {**APPLICATION, "organisation_id": organisation_id, "signatory": signatory}
    path = "/api/membership/applications"
    return str((await world.post(http, path, body))["application_id"])


async def notifications(world: World) -> None:
    """Contacts (one of them secret), notices for the asker, and the address of a feed."""
    secret = uuid4()
    contact = {"given_name": "Anna", "family_name": SECRET_NAME, "mail": SECRET_MAIL}
    plain = {"given_name": "Anna", "family_name": "Müller", "mail": "anna@kreis.example"}
    async with world.client() as http:
        base = "/api/notifications/contacts"
        for ref, body in ((secret, contact), (ME, plain), (OTHER, plain)):
            answer = await http.put(f"{base}/{ref}", json=body)
            assert answer.is_success, answer.text
        world.put("person", [secret, ME])
        await _noticed(world)
        await until(lambda: _unread(http), SECONDS, 0.1, "the notices")
        found = (await http.get("/api/notifications/notices?limit=50")).json()["items"]
        world.put("notice", [item["notice_id"] for item in found])
    async with world.client(sub=uuid4()) as nobody_else:  # who renews a feed ends the old one
        url = (await world.post(nobody_else, "/api/notifications/calendar", {}))["url"]
        world.put("feed", [url.rpartition("/")[2].removesuffix(".ics")])
    await world.cursor("/api/notifications/notices?limit=1")
    await world.dead_letters("membership.quotes", "membership.enrolment-priced.v1")


async def _noticed(world: World) -> None:
    whose = {"person_ref": ME, "booked_by_ref": OTHER, "organisation_id": ORG}
    runs = [uuid4(), uuid4()]
    ids = [uuid4() for _ in runs]
    for type_, more in (
        ("catalog.run-scheduled.v1", {}),
        ("enrolment.enrolment-requested.v1", whose),
        ("membership.enrolment-priced.v1", {"organisation_id": ORG}),
        ("enrolment.seat-confirmed.v1", whose),
    ):
        about = [{"run_id": run, "enrolment_id": id_} for run, id_ in zip(runs, ids, strict=True)]
        await world.app.send(*(event(type_, **{**both, **more}) for both in about))
        await world.app.settled(SECONDS)


async def _unread(http: httpx.AsyncClient) -> bool:
    return bool((await http.get("/api/notifications/notices?unread=true")).json()["items"])


WORLDS: dict[str, Callable[[World], Awaitable[None]]] = {
    "catalog": catalog,
    "enrolment": enrolment,
    "membership": membership,
    "notifications": notifications,
}


async def refill(world: World) -> None:
    """What was used up is there again."""
    async with asyncio.timeout(SECONDS * 3):
        await WORLDS[world.app.running.service.name](world)
    world.app.records.clear()
