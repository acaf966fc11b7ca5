"""Sessions and drafts on a real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from chassis.database import Database
from chassis.migrations import migrate
from chassis.testing import Servers, new_database
from portal.app import MIGRATIONS
from portal.sessions import End, Sealer, Sessions, Tokens
from portal.settings import Settings
from sqlalchemy import text

NOW = datetime(2027, 1, 14, 12, 0, tzinfo=UTC)
TOKENS = Tokens("access-secret", "refresh-secret", "identity-secret", NOW + timedelta(minutes=5))
EVERYTHING = text("SELECT id_hash, secret FROM session")
DRAFTS = text("SELECT body FROM draft")


class Clock:
    """Time as the test says."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(servers: Servers, clock: Clock) -> AsyncIterator[Sessions]:
    async with new_database(servers) as url:
        settings = Settings(
            database_url=url,
            issuer="http://127.0.0.1:1/realms/x",
            jwks_url="http://127.0.0.1:1/keys",
            client_secret="secret",
            session_key="k" * 40,
        )
        await migrate(url, MIGRATIONS)
        db = Database(settings, "portal", clock)
        yield Sessions(db, Sealer(settings.session_key), settings)
        await db.close()


async def found(store: Sessions, session_id: str) -> Tokens | None:
    """The tokens of a session that lives."""
    kept = await store.find(session_id)
    return kept.tokens if kept else None


async def test_a_session_is_found_until_it_is_idle_too_long(store: Sessions, clock: Clock) -> None:
    session_id = await store.begin(TOKENS, uuid4(), "sid")
    clock.now = NOW + timedelta(minutes=59)
    assert await found(store, session_id) == TOKENS
    clock.now = NOW + timedelta(minutes=118)  # it was used in between
    assert await found(store, session_id) == TOKENS
    clock.now += timedelta(minutes=60)
    assert await store.find(session_id) is None


async def test_a_session_ends_however_much_it_is_used(store: Sessions, clock: Clock) -> None:
    session_id = await store.begin(TOKENS, uuid4(), "sid")
    for _ in range(12):
        assert await store.find(session_id) is not None
        clock.now += timedelta(minutes=50)
    assert await store.find(session_id) is None


async def test_asking_what_is_left_does_not_prolong_a_session(
    store: Sessions, clock: Clock
) -> None:
    session_id = await store.begin(TOKENS, uuid4(), "sid")
    clock.now = NOW + timedelta(minutes=59)
    kept = await store.find(session_id, use=False)
    assert kept is not None
    assert store.end_of(kept, kept.tokens) == End(NOW + timedelta(minutes=60), final=False)
    clock.now = NOW + timedelta(minutes=60)
    assert await store.find(session_id, use=False) is None


async def test_renewed_tokens_alone_do_not_prolong_a_session(store: Sessions, clock: Clock) -> None:
    """An open page renews them for its stream; that is no use of a session."""
    session_id = await store.begin(TOKENS, uuid4(), "sid")
    clock.now = NOW + timedelta(minutes=59)
    async with store.db.transaction() as tx:
        await store.renew(tx, session_id, TOKENS)
    clock.now = NOW + timedelta(minutes=60)
    assert await store.find(session_id) is None


async def test_a_session_ends_by_whichever_limit_comes_first(store: Sessions, clock: Clock) -> None:
    half_an_hour = replace(TOKENS, refresh_until=NOW + timedelta(minutes=30))
    session_id = await store.begin(half_an_hour, uuid4(), "sid")
    kept = await store.find(session_id)
    assert kept is not None
    assert store.end_of(kept, kept.tokens) == End(NOW + timedelta(minutes=30), final=False)
    renewed = replace(TOKENS, refresh_until=NOW + timedelta(hours=99))
    assert store.end_of(kept, renewed) == End(NOW + timedelta(minutes=60), final=False)
    late = replace(kept, seen_at=NOW + timedelta(hours=9, minutes=30))
    assert store.end_of(late, renewed) == End(NOW + timedelta(hours=10), final=True)


async def test_the_database_knows_neither_the_browsers_id_nor_a_token(store: Sessions) -> None:
    person = uuid4()
    session_id = await store.begin(TOKENS, person, "sid")
    await store.keep_draft(person, "form", {"name": "Anna Albers"})
    async with store.db.reading() as tx:
        kept = b"".join(bytes(cell) for row in await tx.rows(EVERYTHING) for cell in row)
        drafts = b"".join(bytes(row["body"]) for row in await tx.rows(DRAFTS))
    assert session_id.encode() not in kept
    for secret in (b"access-secret", b"refresh-secret", b"identity-secret"):
        assert secret not in kept
    assert b"Anna" not in drafts
    assert await store.draft(person, "form") == {"name": "Anna Albers"}
    assert await store.draft(uuid4(), "form") is None


async def test_signing_out_ends_all_sessions_of_the_person_and_no_others(store: Sessions) -> None:
    person, other = uuid4(), uuid4()
    mine = [await store.begin(TOKENS, person, f"sid-{n}") for n in range(2)]
    theirs = await store.begin(TOKENS, other, "sid-other")
    assert await store.end_all(person) == ["refresh-secret"] * 2
    assert [await store.find(each) for each in mine] == [None, None]
    assert await found(store, theirs) == TOKENS
    await store.end_by_issuer("sid-other", None)
    assert await store.find(theirs) is None


async def test_a_draft_is_kept_seven_days(store: Sessions, clock: Clock) -> None:
    person = uuid4()
    await store.keep_draft(person, "form", {"step": 1})
    await store.keep_draft(person, "form", {"step": 2})
    clock.now = NOW + timedelta(days=6)
    assert await store.draft(person, "form") == {"step": 2}
    clock.now = NOW + timedelta(days=8)
    assert await store.draft(person, "form") is None


async def test_what_is_to_be_remembered_longer_is_kept_longer(
    store: Sessions, clock: Clock
) -> None:
    person = uuid4()
    await store.keep_draft(person, "last", {"cost_centre": "11201"}, days=400)
    clock.now = NOW + timedelta(days=399)
    await store.begin(TOKENS, uuid4(), "sid")  # whoever signs in clears away what is over
    assert await store.draft(person, "last") == {"cost_centre": "11201"}
    clock.now = NOW + timedelta(days=401)
    assert await store.draft(person, "last") is None


async def test_with_another_key_everybody_signs_in_again(store: Sessions) -> None:
    session_id = await store.begin(TOKENS, uuid4(), "sid")
    stranger = Sessions(store.db, Sealer("x" * 40), store._settings)
    assert await stranger.find(session_id) is None


def test_what_was_sealed_opens_for_its_time_only() -> None:
    sealer = Sealer("k" * 40)
    sealed = sealer.seal({"a": 1})
    assert sealer.open(sealed, 60) == {"a": 1}
    assert sealer.open(sealed[:-2] + b"xx") is None
    assert sealer.open("", 60) is None
    assert Sealer("y" * 40).open(sealed) is None
