"""Sessions and drafts: what the portal itself remembers.

The browser holds a random id and nothing else. Tokens and drafts lie in the database, encrypted;
the id lies there as its hash only, so that who reads the database can be nobody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.auth import Actor
from chassis.database import Database, Row, Transaction
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import text

from portal.settings import Settings

INSERT = text("""
    INSERT INTO session (id_hash, person_ref, issuer_sid, secret, access_until, seen_at, ends_at)
    VALUES (:id_hash, :person_ref, :issuer_sid, :secret, :access_until, :now, :ends_at)
""")
FIND = text("""
    SELECT person_ref, secret, access_until, seen_at, ends_at FROM session
    WHERE id_hash = :id_hash AND ends_at > :now AND seen_at > :not_idle_since
""")
LOCK = text("SELECT secret, access_until FROM session WHERE id_hash = :id_hash FOR UPDATE")
RENEW = text("""
    UPDATE session SET secret = :secret, access_until = :access_until
    WHERE id_hash = :id_hash
""")
SEEN = text("UPDATE session SET seen_at = :now WHERE id_hash = :id_hash")
DROP = text("DELETE FROM session WHERE id_hash = :id_hash")
DROP_ALL = text("DELETE FROM session WHERE person_ref = :person_ref RETURNING secret")
DROP_ISSUERS = text("""
    DELETE FROM session WHERE issuer_sid = :issuer_sid OR person_ref = :person_ref
""")
DROP_OLD = text("DELETE FROM session WHERE ends_at <= :now OR seen_at <= :not_idle_since")

KEEP_DRAFT = text("""
    INSERT INTO draft (person_ref, name, body, ends_at)
    VALUES (:person_ref, :name, :body, :ends_at)
    ON CONFLICT (person_ref, name) DO UPDATE SET body = :body, ends_at = :ends_at
""")
FIND_DRAFT = text("""
    SELECT body FROM draft WHERE person_ref = :person_ref AND name = :name AND ends_at > :now
""")
DROP_DRAFT = text("DELETE FROM draft WHERE person_ref = :person_ref AND name = :name")
DROP_OLD_DRAFTS = text("DELETE FROM draft WHERE ends_at <= :now")

SEEN_AGAIN = timedelta(minutes=1)
WHO = 16  # characters of the sign of a person


@dataclass(frozen=True)
class Tokens:
    """What the identity provider gave."""

    access: str
    refresh: str
    identity: str
    access_until: datetime
    refresh_until: datetime | None = None
    """Until when the identity provider renews; None where it does not say."""


@dataclass(frozen=True)
class End:
    """When a session ends if nobody does anything; `final`: whatever anybody does."""

    until: datetime
    final: bool


@dataclass(frozen=True)
class Kept:
    """A living session as it is kept."""

    person_ref: UUID
    tokens: Tokens
    seen_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Session:
    """One signed-in browser."""

    id: str
    actor: Actor
    tokens: Tokens
    end: End | None = None

    def csrf(self, key: bytes) -> str:
        """What every form of this session carries: nobody else's page can know it."""
        return csrf_of(self.id, marked(key, self.actor.person_ref), key)

    def news(self, key: bytes, now: datetime) -> dict[str, Any] | None:
        """What its windows are told; None while nobody knows when it ends."""
        return (
            None if self.end is None else told(self.end, now, key, self.actor.person_ref, self.id)
        )


def told(end: End, now: datetime, key: bytes, person_ref: UUID, session_id: str) -> dict[str, Any]:
    """What is left of a session, whose it is, and the secret of its forms.

    Seconds are told and not a time, since the clock of the browser may be another one.
    """
    who = marked(key, person_ref)
    return {
        "left": max(0, int((end.until - now).total_seconds())),
        "final": end.final,
        "who": who,
        "csrf": csrf_of(session_id, who, key),
    }


def marked(key: bytes, person_ref: UUID) -> str:
    """A sign of the person that says nothing but whether two windows are of the same one."""
    return hmac.new(key, person_ref.bytes, hashlib.sha256).hexdigest()[:WHO]


def csrf_of(session_id: str, who: str, key: bytes) -> str:
    """The secret of the forms of a session: when it is over, its begin still tells whose it was."""
    return who + hmac.new(key, f"{session_id} {who}".encode(), hashlib.sha256).hexdigest()[:40]


def whose(csrf: str, session_id: str, key: bytes) -> str:
    """The sign of the person whose form of that session, living or over, this is; or nothing."""
    who = csrf[:WHO]
    return who if hmac.compare_digest(csrf.encode(), csrf_of(session_id, who, key).encode()) else ""


class Sealer:
    """Encrypts and signs what leaves this process: tokens, drafts, short-lived cookies."""

    def __init__(self, key: str) -> None:
        self.key = hashlib.sha256(key.encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(self.key))

    def seal(self, value: Any) -> bytes:
        """Bytes that only we can read."""
        return self._fernet.encrypt(json.dumps(value).encode())

    def open(self, sealed: bytes | str, seconds: int | None = None) -> Any:
        """What was sealed; None if it is not ours or older than `seconds`."""
        try:
            return json.loads(self._fernet.decrypt(sealed, ttl=seconds))
        except (InvalidToken, ValueError):
            return None


def hashed(session_id: str) -> bytes:
    """How a session id stands in the database."""
    return hashlib.sha256(session_id.encode()).digest()


class Sessions:
    """The store of sessions and drafts."""

    def __init__(self, db: Database, sealer: Sealer, settings: Settings) -> None:
        self.db, self._sealer, self._settings = db, sealer, settings

    async def begin(self, tokens: Tokens, person_ref: UUID, issuer_sid: str) -> str:
        """Remember a new session; returns the id for the browser."""
        session_id = secrets.token_urlsafe(32)
        async with self.db.transaction() as tx:
            await tx.execute(
                INSERT,
                {
                    "id_hash": hashed(session_id),
                    "person_ref": person_ref,
                    "issuer_sid": issuer_sid,
                    **self._sealed(tokens),
                    "now": tx.now,
                    "ends_at": tx.now + timedelta(hours=self._settings.session_hours),
                },
            )
            await tx.execute(DROP_OLD, {"now": tx.now, "not_idle_since": self._idle(tx.now)})
            await tx.execute(DROP_OLD_DRAFTS, {"now": tx.now})
        return session_id

    async def find(self, session_id: str, *, use: bool = True) -> Kept | None:
        """A living session. With `use` it was used now, so that it lives on."""
        async with self.db.reading() as tx:
            row = await tx.row(
                FIND,
                {
                    "id_hash": hashed(session_id),
                    "now": tx.now,
                    "not_idle_since": self._idle(tx.now),
                },
            )
            now = tx.now
        if row is None:
            return None
        seen_at = row["seen_at"]
        if use and now - seen_at > SEEN_AGAIN:
            async with self.db.transaction() as tx:
                await tx.execute(SEEN, {"id_hash": hashed(session_id), "now": tx.now})
            seen_at = now
        tokens = self._tokens(row)
        return Kept(row["person_ref"], tokens, seen_at, row["ends_at"]) if tokens else None

    def end_of(self, kept: Kept, tokens: Tokens) -> End:
        """When it ends: unused for too long, here or at the identity provider, or at the latest."""
        idle = kept.seen_at + timedelta(minutes=self._settings.session_idle_minutes)
        until = min(kept.ends_at, idle, tokens.refresh_until or idle)
        return End(until, final=until == kept.ends_at)

    async def lock(self, tx: Transaction, session_id: str) -> Tokens | None:
        """The tokens, while nobody else may renew them."""
        row = await tx.row(LOCK, {"id_hash": hashed(session_id)})
        return None if row is None else self._tokens(row)

    async def renew(self, tx: Transaction, session_id: str, tokens: Tokens) -> None:
        """Replace the tokens."""
        await tx.execute(RENEW, {"id_hash": hashed(session_id), **self._sealed(tokens)})

    async def end(self, session_id: str) -> None:
        """Forget one session."""
        async with self.db.transaction() as tx:
            await tx.execute(DROP, {"id_hash": hashed(session_id)})

    async def end_all(self, person_ref: UUID) -> list[str]:
        """Forget all sessions of a person; their refresh tokens, to be ended at the issuer."""
        async with self.db.transaction() as tx:
            rows = await tx.rows(DROP_ALL, {"person_ref": person_ref})
        opened = [self._sealer.open(bytes(row["secret"])) for row in rows]
        return [tokens["refresh"] for tokens in opened if tokens]

    async def end_by_issuer(self, issuer_sid: str, person_ref: UUID | None) -> None:
        """The identity provider says that this sign-in has ended elsewhere."""
        async with self.db.transaction() as tx:
            await tx.execute(DROP_ISSUERS, {"issuer_sid": issuer_sid, "person_ref": person_ref})

    async def keep_draft(
        self, person_ref: UUID, name: str, body: Mapping[str, Any], days: int | None = None
    ) -> None:
        """Keep what a person has typed, so that nothing is lost; for `draft_days`, if not said."""
        async with self.db.transaction() as tx:
            await tx.execute(
                KEEP_DRAFT,
                {
                    "person_ref": person_ref,
                    "name": name,
                    "body": self._sealer.seal(body),
                    "ends_at": tx.now + timedelta(days=days or self._settings.draft_days),
                },
            )

    async def draft(self, person_ref: UUID, name: str) -> dict[str, Any] | None:
        """What was kept under that name."""
        async with self.db.reading() as tx:
            row = await tx.row(FIND_DRAFT, {"person_ref": person_ref, "name": name, "now": tx.now})
        return None if row is None else self._sealer.open(bytes(row["body"]))

    async def drop_draft(self, person_ref: UUID, name: str) -> None:
        """It is done, or not wanted any more."""
        async with self.db.transaction() as tx:
            await tx.execute(DROP_DRAFT, {"person_ref": person_ref, "name": name})

    def _idle(self, now: datetime) -> datetime:
        return now - timedelta(minutes=self._settings.session_idle_minutes)

    def _sealed(self, tokens: Tokens) -> dict[str, Any]:
        until = tokens.refresh_until
        secret = {
            "access": tokens.access,
            "refresh": tokens.refresh,
            "identity": tokens.identity,
            "refresh_until": until.timestamp() if until else None,
        }
        return {"secret": self._sealer.seal(secret), "access_until": tokens.access_until}

    def _tokens(self, row: Row) -> Tokens | None:
        opened = self._sealer.open(bytes(row["secret"]))
        if not opened:  # the key was changed: sign in again
            return None
        until = opened.get("refresh_until")
        return Tokens(
            opened["access"],
            opened["refresh"],
            opened["identity"],
            row["access_until"],
            datetime.fromtimestamp(until, UTC) if until else None,
        )
