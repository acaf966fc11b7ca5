"""Who is asking: access tokens, verified in every service against the issuer's keys."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic, time
from typing import Annotated, Any
from uuid import UUID

import httpx
import jwt
import structlog
from contracts.refusal import FORBIDDEN, Rule
from fastapi import Depends, Request

from chassis.problems import Unavailable

ALGORITHMS = ["RS256"]  # fixed: what a token claims about itself decides nothing

UNAUTHENTICATED = Rule("unauthenticated", 401, "Please sign in.", "Bitte melden Sie sich an.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or machine behind a request, as the token says."""

    person_ref: UUID
    organisation_id: UUID | None
    roles: frozenset[str]
    provider: str | None = None

    def has(self, *roles: str) -> bool:
        """Whether it has at least one of the roles."""
        return not self.roles.isdisjoint(roles)


class Keys:
    """The issuer's public keys: kept, fetched anew when an unknown one is named.

    An unknown key id asks the issuer at most once per `RETRY` seconds, or strangers could make us
    flood it. When the issuer is down, known keys serve on for `STALE` seconds; whether it has an
    unknown one cannot be said, so that is no reason to refuse for good.
    """

    FRESH, STALE, RETRY = 600.0, 3600.0, 10.0

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._away = False
        self._fetching = asyncio.Lock()

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that id, or None when the issuer does not have it.

        Raises:
            Unavailable: the issuer does not answer and the key is not known.
        """
        age = monotonic() - self._fetched_at
        # while one request asks an issuer that is slow to answer, the others do not wait for it
        usable = self.STALE if self._fetching.locked() else self.FRESH
        if kid in self._keys and age < usable:
            return self._keys[kid]
        async with self._fetching:
            known = kid in self._keys and monotonic() - self._fetched_at < self.FRESH
            if not known and monotonic() - self._tried_at >= self.RETRY:
                await self._fetch()
        age = monotonic() - self._fetched_at
        if age > self.STALE:
            self._keys = {}
            raise Unavailable("identity-unavailable")
        if kid not in self._keys and (self._away or age >= self.FRESH):
            raise Unavailable("identity-unavailable")
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        self._tried_at = monotonic()
        try:
            async with httpx.AsyncClient(timeout=3) as client:
                answer = await client.get(self._url)
            answer.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        except Exception as error:  # noqa: BLE001 - whatever the issuer sends, the keys stay
            self._away = True
            self._tried_at = monotonic() - self.RETRY + 0.5  # an outage is asked again sooner
            log.warning("issuer keys not read", error=type(error).__name__)
            return
        self._keys = {key.key_id: key for key in keys if key.key_id}
        self._fetched_at, self._away = monotonic(), False


class Verifier:
    """Turns a token into an actor, or refuses it."""

    REMEMBERED_SECONDS = 60.0
    REMEMBERED = 20_000

    def __init__(self, issuer: str, audience: str, keys: Keys) -> None:
        self._issuer, self._audience, self._keys = issuer, audience, keys
        self._known: dict[str, tuple[Actor, float]] = {}

    async def actor(self, token: str) -> Actor:
        """The actor of a valid token.

        Raises:
            Refusal: the token is not acceptable (401), whatever is wrong with it.
            Unavailable: the issuer's keys cannot be read.
        """
        known = self._known.get(token)
        if known and known[1] > time():
            return known[0]
        if len(token) > 16_384:
            raise UNAUTHENTICATED.refuse()
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise UNAUTHENTICATED.refuse() from None
        kid = header.get("kid")
        key = await self._keys.key(kid) if isinstance(kid, str) else None
        if key is None or header.get("crit"):
            raise UNAUTHENTICATED.refuse()
        claims = self._claims(token, key)
        actor = _actor(claims)
        if len(self._known) >= self.REMEMBERED:
            self._known.clear()
        self._known[token] = (actor, min(claims["exp"], time() + self.REMEMBERED_SECONDS))
        return actor

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
                leeway=5,
            )
        except jwt.PyJWTError as error:
            log.info("token refused", error=type(error).__name__)
            raise UNAUTHENTICATED.refuse() from None
        if claims.get("typ", "Bearer") not in ("Bearer", "at+jwt"):
            raise UNAUTHENTICATED.refuse()  # an id token is not an access token
        return claims


def _actor(claims: Mapping[str, Any]) -> Actor:
    roles = claims.get("roles", [])
    provider = claims.get("provider")
    try:
        return Actor(
            person_ref=UUID(str(claims["sub"])),
            organisation_id=UUID(str(claims["org"])) if claims.get("org") else None,
            roles=frozenset(map(str, roles)) if isinstance(roles, list) else frozenset(),
            provider=provider if isinstance(provider, str) else None,
        )
    except ValueError:
        raise UNAUTHENTICATED.refuse() from None


async def signed_in(request: Request) -> Actor:
    """Dependency: the actor of the request; 401 without a valid token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UNAUTHENTICATED.refuse()
    verifier: Verifier = request.app.state.verifier
    actor = await verifier.actor(token.strip())
    request.state.actor = actor
    return actor


SignedIn = Annotated[Actor, Depends(signed_in)]


def Allowed(*roles: str) -> Any:  # noqa: N802 - it reads as a word of a signature
    """`Annotated[Actor, Allowed("office")]`: 403 without any of the roles."""

    async def allowed(actor: SignedIn) -> Actor:
        if not actor.has(*roles):
            raise FORBIDDEN.refuse(allowed=sorted(roles))
        return actor

    call: Callable[..., Any] = allowed
    return Depends(call)
