"""Sign-in with the identity provider: OpenID Connect, code flow with PKCE.

The browser never sees a token. What has to be remembered between leaving and coming back lies in a
short-lived encrypted cookie, so that any replica can receive who comes back.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from chassis.auth import ALGORITHMS, Actor, Keys, Verifier
from chassis.database import Clock
from contracts.refusal import Refusal

from portal.backend import Unavailable
from portal.sessions import Session, Sessions, Tokens
from portal.settings import Settings

SCOPE = "openid"
BACK = "/anmelden/zurueck"
EARLY = timedelta(seconds=20)  # so long before its end a token is renewed
LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"

log = structlog.get_logger(__name__)


class SignInFailed(Exception):  # noqa: N818
    """Somebody came back with what we cannot accept."""


class Issuer:
    """The identity provider, as the portal needs it."""

    def __init__(self, settings: Settings, sessions: Sessions, clock: Clock) -> None:
        self._settings, self._sessions, self._clock = settings, sessions, clock
        self._keys = Keys(settings.jwks_url)
        self._verifier = Verifier(settings.issuer, settings.audience, self._keys)
        self._endpoints: Mapping[str, Any] | None = None
        self._visitor: Tokens | None = None

    async def leave_for(self) -> tuple[str, dict[str, str]]:
        """Where the browser goes to sign in, and what has to be remembered meanwhile.

        Raises:
            Unavailable: the identity provider does not answer.
        """
        endpoints = await self._discover()
        kept = {"nonce": secrets.token_urlsafe(24), "verifier": secrets.token_urlsafe(64)}
        async with self._client() as client:
            url, kept["state"] = client.create_authorization_url(
                endpoints["authorization_endpoint"],
                code_verifier=kept["verifier"],
                nonce=kept["nonce"],
            )
        return url, kept

    async def come_back(self, url: str, kept: Mapping[str, str]) -> str:
        """Take the code; returns the id of the new session.

        Raises:
            SignInFailed: what came is not what we asked for, or not from the issuer.
            Unavailable: the identity provider does not answer.
        """
        endpoints = await self._discover()
        async with self._client(state=kept["state"]) as client:
            try:
                got = await client.fetch_token(
                    endpoints["token_endpoint"],
                    authorization_response=url,
                    code_verifier=kept["verifier"],
                )
            except AuthlibBaseError as error:
                raise SignInFailed(type(error).__name__) from None
            except httpx.HTTPError:
                raise Unavailable from None
        claims = await self._identity(got["id_token"], kept["nonce"])
        actor = await self._actor(got["access_token"])
        if claims["sub"] != str(actor.person_ref):
            raise SignInFailed("subject")
        return await self._sessions.begin(
            self._tokens(got), actor.person_ref, str(claims.get("sid", ""))
        )

    async def session(self, session_id: str, *, use: bool = True) -> Session | None:
        """The living session of that id, its tokens renewed if they end soon.

        With `use` it was used now, so that it lives on.

        Raises:
            Unavailable: tokens have to be renewed, and the identity provider does not answer.
        """
        kept = await self._sessions.find(session_id, use=use)
        if kept is None:
            return None
        tokens: Tokens | None = kept.tokens
        if kept.tokens.access_until - EARLY <= self._clock():
            tokens = await self._renewed(session_id)
        if tokens is None:
            return None
        try:
            actor = await self._actor(tokens.access)
        except SignInFailed:
            return None
        return Session(session_id, actor, tokens, self._sessions.end_of(kept, tokens))

    async def visitor(self) -> str:
        """The token of a visitor who has not signed in: it can read the catalogue, nothing else.

        Raises:
            Unavailable: the identity provider does not answer.
        """
        if self._visitor is None or self._visitor.access_until - EARLY <= self._clock():
            endpoints = await self._discover()
            async with self._client() as client:
                try:
                    got = await client.fetch_token(
                        endpoints["token_endpoint"], grant_type="client_credentials"
                    )
                except (AuthlibBaseError, httpx.HTTPError):
                    raise Unavailable from None
            self._visitor = self._tokens(got)
        return self._visitor.access

    async def end_all(self, session: Session) -> str:
        """End every session of the person, here and at the issuer; where the browser goes next."""
        refresh_tokens = await self._sessions.end_all(session.actor.person_ref)
        try:
            endpoints = await self._discover()
        except Unavailable:  # ours are over in any case
            return self._settings.public_url
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            for token in refresh_tokens:
                try:
                    await client.post(
                        endpoints["end_session_endpoint"],
                        data={
                            "client_id": self._settings.client_id,
                            "client_secret": self._settings.client_secret,
                            "refresh_token": token,
                        },
                    )
                except httpx.HTTPError as error:
                    log.warning("a sign-in was not ended", error=type(error).__name__)
        query = httpx.QueryParams(
            id_token_hint=session.tokens.identity,
            post_logout_redirect_uri=f"{self._settings.public_url}/kurse",
        )
        return f"{endpoints['end_session_endpoint']}?{query}"

    async def ended_elsewhere(self, logout_token: str) -> None:
        """The issuer tells that a sign-in has ended (back-channel logout).

        Raises:
            SignInFailed: it is not the issuer who says so.
        """
        claims = await self._signed(logout_token)
        if LOGGED_OUT not in claims.get("events", {}) or "nonce" in claims:
            raise SignInFailed("event")
        named = claims.get("sub") if "sid" not in claims else None
        await self._sessions.end_by_issuer(
            str(claims.get("sid", "")), UUID(named) if named else None
        )

    # -- how

    async def _renewed(self, session_id: str) -> Tokens | None:
        """One at a time for each session: a refresh token is good for one use."""
        db = self._sessions.db
        async with db.transaction() as tx:
            tokens = await self._sessions.lock(tx, session_id)
            if tokens is None or tokens.access_until - EARLY > self._clock():
                return tokens
            endpoints = await self._discover()
            async with self._client() as client:
                try:
                    got = await client.refresh_token(endpoints["token_endpoint"], tokens.refresh)
                except AuthlibBaseError:  # signed out at the issuer
                    got = None
                except httpx.HTTPError:
                    raise Unavailable from None
            if got is not None:
                renewed = self._tokens({"id_token": tokens.identity, **got})
                await self._sessions.renew(tx, session_id, renewed)
                return renewed
        await self._sessions.end(session_id)
        return None

    async def _actor(self, token: str) -> Actor:
        try:
            return await self._verifier.actor(token)
        except Refusal:
            raise SignInFailed("token") from None

    async def _identity(self, token: str, nonce: str) -> Mapping[str, Any]:
        claims = await self._signed(token)
        if claims.get("nonce") != nonce:
            raise SignInFailed("nonce")
        return claims

    async def _signed(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that the issuer made for us."""
        try:
            kid = jwt.get_unverified_header(token).get("kid", "")
            key = await self._keys.key(kid)
            if key is None:
                raise SignInFailed("key")
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._settings.client_id,
                issuer=self._settings.issuer,
                leeway=5,
            )
        except (jwt.PyJWTError, RecursionError) as error:  # nested too deep
            raise SignInFailed(type(error).__name__) from None
        return claims

    def _client(self, **more: Any) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._settings.client_id,
            self._settings.client_secret,
            scope=SCOPE,
            redirect_uri=f"{self._settings.public_url}{BACK}",
            code_challenge_method="S256",
            timeout=5,
            trust_env=False,
            **more,
        )

    def _tokens(self, got: Mapping[str, Any]) -> Tokens:
        until = datetime.fromtimestamp(int(got["expires_at"]), UTC)
        seconds = int(got.get("refresh_expires_in", 0))  # 0: without an end
        refresh_until = self._clock() + timedelta(seconds=seconds) if seconds else None
        refresh, identity = got.get("refresh_token", ""), got.get("id_token", "")
        return Tokens(got["access_token"], refresh, identity, until, refresh_until)

    async def _discover(self) -> Mapping[str, Any]:
        if self._endpoints is None:
            url = f"{self._settings.issuer}/.well-known/openid-configuration"
            try:
                async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                    answer = await client.get(url)
                answer.raise_for_status()
                self._endpoints = answer.json()
            except (httpx.HTTPError, ValueError):
                raise Unavailable from None
        assert self._endpoints is not None  # noqa: S101 - read just now
        return self._endpoints
