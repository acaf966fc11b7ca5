"""People with a session at the portal, begun as the portal itself begins one after a sign-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from chassis.testing_issuer import Issuer
from portal.door import COOKIE
from portal.sessions import Sealer, Sessions, Tokens, csrf_of, marked

from tests.fuzz.people import ME, ORG, OTHER, PROVIDER, SPACE

LONG = timedelta(hours=2)
PEOPLE: dict[str, dict[str, Any]] = {
    "employee": {"sub": ME, "org": ORG, "roles": ("employee",)},
    "coordinator": {"sub": OTHER, "org": ORG, "roles": ("coordinator",)},
    "planner": {"sub": uuid5(SPACE, "planner"), "org": ORG, "roles": ("coordinator", "approver")},
    "office": {"sub": uuid5(SPACE, "office"), "roles": ("office",)},
    "provider": {
        "sub": uuid5(SPACE, "provider"), "roles": ("provider",), "provider": PROVIDER,
    },
    "ops": {"sub": uuid5(SPACE, "ops"), "roles": ("ops",)},
    "leaver": {"sub": uuid5(SPACE, "leaver"), "org": ORG, "roles": ("employee",)},
}  # fmt: skip
"""One of each kind; the planner's list is kept filled, and the leaver signs out."""
ENDED = "ended"
"""Somebody whose session is over: the browser still has its id, and a form of it."""


class People:
    """Their sessions, by name."""

    def __init__(self, sessions: Sessions, sealer: Sealer, issuer: Issuer) -> None:
        self._sessions, self._sealer, self._issuer = sessions, sealer, issuer
        self._open: dict[str, tuple[str, UUID]] = {}

    async def sign_in(self, *names: str) -> None:
        """Begin a new session for these, or for everybody."""
        for name in names or PEOPLE:
            self._open[name] = await self._begun(PEOPLE[name])
        self._open[ENDED] = await self._begun(PEOPLE["employee"])
        await self._sessions.end(self._open[ENDED][0])

    async def _begun(self, claims: dict[str, Any]) -> tuple[str, UUID]:
        until = datetime.now(UTC) + LONG
        token = self._issuer.token(**claims, exp=until)
        tokens = Tokens(token, "refresh", "identity", until)
        return await self._sessions.begin(tokens, claims["sub"], uuid4().hex), claims["sub"]

    def cookie(self, name: str) -> bytes:
        """What the browser of somebody sends; nothing for a visitor."""
        if name.startswith("raw:"):
            return name[4:].encode("latin-1")
        found = self._open.get(name)
        return f"{COOKIE}={found[0]}".encode() if found else b""

    def csrf(self, name: str) -> bytes:
        """What the forms of somebody carry."""
        if name not in self._open:
            return b"nobody"
        session_id, person_ref = self._open[name]
        mark = marked(self._sealer.key, person_ref)
        return csrf_of(session_id, mark, self._sealer.key).encode()
