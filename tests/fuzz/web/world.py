"""What has to be there before the portal's pages have something to show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from uuid import uuid4

import httpx
from chassis.testing import until
from chassis.testing_issuer import Issuer
from portal.pages.all_letters import Letter
from portal.sessions import Sealer
from portal.signin import LOGGED_OUT
from starlette.applications import Starlette

from tests.fuzz.inputs import NAME
from tests.fuzz.tokens import FORGED, Tokens
from tests.fuzz.web.people import People
from tests.fuzz.worlds import MADE, SECONDS, World, applied, refill, registered

HOME = "http://127.0.0.1:8080"
CLIENT = "portal"
APPLICATIONS = 24
ODD = (
    b"[" * 60_000,
    b'{"title": "\\ud800", "runs": [' + b'{"a": "\\ud800"}]}',
    b'"' + b'\\"' * 30_000,
    b'{"a":' * 5000,
    b'{"a": ' + b"9" * 5000 + b"}",
    b"\x00\x1b<script>kanon</script>",
    b"",
)
"""What a provider may put on its topic, and somebody then looks at."""
SOMEBODY = {"given_name": "Bodo", "family_name": "Baum", "mail": "bodo@kreis.example"}
SHOWN = re.compile(r'name="gezeigt" value="([^"]*)"')


class Campus:
    """The worlds of all services, and what only the portal knows."""

    def __init__(
        self,
        worlds: Mapping[str, World],
        portal: Starlette,
        people: People,
        issuer: Issuer,
        tokens: Tokens,
    ) -> None:
        self._worlds, self._portal, self._people = worlds, portal, people
        self._issuer, self._tokens = issuer, tokens
        sealer: Sealer = portal.state.sealer
        self._made: dict[str, Callable[[], str]] = {
            **MADE,
            "new": lambda: str(uuid4()),
            "left": lambda: sealer.seal(
                {"nonce": "n", "verifier": "v" * 64, "state": "s", "next": "/"}
            ).decode(),
            "flash": lambda: sealer.seal(["info", "Gespeichert", ""]).decode(),
            "logout": self._logout,
            "letters": lambda: sealer.seal({"letters": [asdict(self._letter())]}).decode(),
        }

    def fill(self, text: bytes) -> bytes:
        """The text with its names filled."""
        return NAME.sub(lambda found: self._one(found[1].decode()).encode("latin-1"), text)

    def _one(self, name: str) -> str:
        if name in self._made:
            return self._made[name]()
        place, _, rest = name.partition(".")
        if place == "forged" and rest in FORGED:
            return (self._tokens.authorization(rest) or b"").decode("latin-1").partition(" ")[2]
        return self._worlds[place].one(rest) if place in self._worlds else ""

    def _logout(self) -> str:
        """What the identity provider sends when somebody has signed out there."""
        return self._issuer.token(aud=CLIENT, sid=uuid4().hex, events={LOGGED_OUT: {}})

    def _letter(self) -> Letter:
        """A message as a page has shown it."""
        id_ = self._worlds["enrolment"].one("letter")
        return Letter("enrolment", id_, "catalog.runs", "k", "invalid", "failed", "ValueError")

    async def refill(self) -> None:
        """What was used up is there again, and everybody has signed in."""
        for world in self._worlds.values():
            await refill(world)
        await self._applied()
        await self._odd()
        await self._people.sign_in()
        await self._listed()

    async def _applied(self) -> None:
        """Enough applications: each of three forms decides on one, and is sent often."""
        world = self._worlds["membership"]
        async with world.client() as http:
            for _ in range(APPLICATIONS):
                id_ = await registered(world, http)
                world.put("application", [await applied(world, http, id_)])

    async def _odd(self) -> None:
        """Submissions and messages that cannot be read, and are shown all the same."""
        catalog, enrolment = self._worlds["catalog"], self._worlds["enrolment"]
        submitted = {str(uuid4()): text for text in ODD}
        kind = ("ce_type", b"provider.offer-submitted.v1")
        await catalog.app.send_raw(
            *(
                ("provider.offers", uuid4().bytes, text, [("ce_id", id_.encode()), kind])
                for id_, text in submitted.items()
            )
        )
        await catalog.app.settled(SECONDS)
        before = await _letters(enrolment)
        told = ("ce_type", b"catalog.run-scheduled.v1")
        await enrolment.app.send_raw(
            *(
                ("catalog.runs", uuid4().bytes, text, [("ce_id", str(uuid4()).encode()), told])
                for text in ODD
                if text
            )
        )
        await enrolment.app.settled(SECONDS)
        catalog.put("odd", submitted)
        enrolment.put("odd", set(await _letters(enrolment)) - set(before))

    async def _listed(self) -> None:
        """The planner has booked a list of people, and has begun another one."""
        run, person = self._worlds["catalog"].one("run"), str(uuid4())
        async with self._worlds["enrolment"].client() as seats:
            path = f"/api/enrolment/runs/{run}/seats"
            await until(lambda: _is_there(seats, path), SECONDS, 0.1, "the run")
        async with self._worlds["notifications"].client() as contacts:
            await contacts.put(f"/api/notifications/contacts/{person}", json=SOMEBODY)
        whom = {"termin": run, "person": person, "tun": "weiter"}
        async with self.browser("planner") as http:
            await self._take(http, "/buchungen/neu/verwerfen", {})
            await self._take(http, "/buchungen/neu/personen", whom)
            shown = SHOWN.search((await http.get("/buchungen/neu/pruefen")).text)
            book = {"tun": "buchen", "gezeigt": shown[1] if shown else ""}
            await self._take(http, "/buchungen/neu/pruefen", book)
            await self._take(http, "/buchungen/neu/personen", whom)

    async def _take(self, http: httpx.AsyncClient, path: str, form: dict[str, str]) -> None:
        csrf = self._people.csrf("planner").decode()
        answer = await http.post(path, data={"_csrf": csrf, **form})
        assert answer.status_code == 303, f"{path}: {answer.status_code} {answer.text[-3000:]}"

    def browser(self, who: str) -> httpx.AsyncClient:
        """The browser of somebody."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self._portal),
            base_url=HOME,
            headers={"Cookie": self._people.cookie(who).decode()},
        )


async def _letters(world: World) -> list[str]:
    name = world.app.running.service.name
    async with world.client() as http:
        found = (await http.get(f"/api/{name}/dead-letters?limit=100")).json()["items"]
    return [item["id"] for item in found]


async def _is_there(http: httpx.AsyncClient, path: str) -> bool:
    return (await http.get(path)).is_success
