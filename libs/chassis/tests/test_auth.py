"""Tokens: only what the issuer signed for us, now, gets in."""

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import jwt
import pytest
from chassis.auth import Keys, Verifier
from chassis.problems import Unavailable
from chassis.testing import TestApp, until
from chassis.testing_issuer import Issuer
from contracts.refusal import Refusal

ORG, ME = uuid4(), uuid4()


def verifier(issuer: Issuer) -> Verifier:
    """A verifier that has seen nothing yet."""
    return Verifier(issuer.url, issuer.audience, Keys(issuer.url))


async def test_a_valid_token_names_its_actor(issuer: Issuer) -> None:
    actor = await verifier(issuer).actor(
        issuer.token(ME, ORG, ["coordinator"], provider="hochschule-rhein-neckar")
    )
    assert (actor.person_ref, actor.organisation_id) == (ME, ORG)
    assert actor.has("coordinator", "office")
    assert not actor.has("office")
    assert actor.provider == "hochschule-rhein-neckar"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://elsewhere.example"},
        {"aud": "account"},
        {"aud": None},
        {"exp": datetime.now(UTC) - timedelta(minutes=1)},
        {"exp": None},
        {"iat": None},
        {"nbf": datetime.now(UTC) + timedelta(days=1)},  # counted from the start of the whole run
        {"typ": "ID"},
        {"sub": "anna"},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    issuer: Issuer, claims: dict[str, Any]
) -> None:
    sub = claims.pop("sub", None)
    token = issuer.token(ME, ORG, ["office"], **claims)
    if sub:
        token = issuer.token(None, ORG, ["office"], sub2=sub)
        body = jwt.decode(token, options={"verify_signature": False, "verify_aud": False})
        token = jwt.encode({**body, "sub": sub}, "x" * 32, "HS256", headers={"kid": issuer.kid})
    with pytest.raises(Refusal):
        await verifier(issuer).actor(token)


async def test_no_algorithm_and_the_public_key_as_a_secret_are_refused(issuer: Issuer) -> None:
    body = jwt.decode(
        issuer.token(ME, ORG, ["office"]), options={"verify_signature": False, "verify_aud": False}
    )

    def part(value: object) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    unsigned = f"{part({'alg': 'none', 'kid': issuer.kid})}.{part(body)}."
    head = f"{part({'alg': 'HS256', 'kid': issuer.kid})}.{part(body)}"
    public = json.dumps(issuer.jwks()["keys"][0]).encode()
    signature = urlsafe_b64encode(hmac.digest(public, head.encode(), "sha256")).rstrip(b"=")
    confused = f"{head}.{signature.decode()}"
    for token in (unsigned, confused, issuer.token(ME) + "x", "", "a.b.c", "x" * 20_000):
        with pytest.raises(Refusal):
            await verifier(issuer).actor(token)


async def test_a_rotated_key_is_learned_without_a_restart() -> None:
    issuer = Issuer()
    try:
        keys = Keys(issuer.url)
        keys.RETRY = 0.0
        known = Verifier(issuer.url, issuer.audience, keys)
        await known.actor(issuer.token(ME))
        old = issuer.token(uuid4())
        issuer.rotate()
        await known.actor(issuer.token(ME))
        await known.actor(old)
        assert issuer.asked == 2
    finally:
        issuer.close()


async def test_unknown_key_ids_do_not_flood_the_issuer() -> None:
    issuer = Issuer()
    try:
        known = verifier(issuer)
        await known.actor(issuer.token(ME))
        for _ in range(50):
            forged = jwt.encode({"sub": str(ME)}, "x" * 32, "HS256", headers={"kid": uuid4().hex})
            with pytest.raises(Refusal):
                await known.actor(forged)
        assert issuer.asked == 1
    finally:
        issuer.close()


async def test_control_without_the_pause_every_unknown_key_id_asks_the_issuer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Keys, "RETRY", 0.0)
    issuer = Issuer()
    try:
        known = verifier(issuer)
        await known.actor(issuer.token(ME))
        for _ in range(5):
            forged = jwt.encode({"sub": str(ME)}, "x" * 32, "HS256", headers={"kid": uuid4().hex})
            with pytest.raises(Refusal):
                await known.actor(forged)
        assert issuer.asked == 6
    finally:
        issuer.close()


async def test_a_silent_issuer_is_our_trouble_not_the_clients() -> None:
    issuer = Issuer()
    token = issuer.token(ME)
    known = verifier(issuer)
    other = verifier(issuer)
    await known.actor(token)
    issuer.close()
    assert (await known.actor(issuer.token(uuid4()))).person_ref  # the key is known
    with pytest.raises(Unavailable):
        await other.actor(token)


async def test_a_key_that_may_be_new_is_not_refused_while_the_issuer_is_away() -> None:
    issuer = Issuer()
    keys = Keys(issuer.url)
    known = Verifier(issuer.url, issuer.audience, keys)
    await known.actor(issuer.token(ME))
    old = issuer.token(uuid4())
    keys.RETRY = 0.0  # as if that had been a while ago
    issuer.close()
    issuer.rotate()
    with pytest.raises(Unavailable):
        await known.actor(issuer.token(ME))
    assert (await known.actor(old)).person_ref


async def test_a_slow_issuer_holds_up_one_request_and_not_all() -> None:
    issuer = Issuer()
    keys = Keys(issuer.url)
    known = Verifier(issuer.url, issuer.audience, keys)
    await known.actor(issuer.token(ME))
    keys.FRESH = keys.RETRY = 0.0  # as if that had been a while ago
    silent = await asyncio.start_server(lambda _r, _w: asyncio.sleep(60), "127.0.0.1", 0)
    keys._url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    one = asyncio.create_task(known.actor(issuer.token(uuid4())))
    try:
        await until(keys._fetching.locked, 5)
        began = monotonic()
        await asyncio.gather(*(known.actor(issuer.token(uuid4())) for _ in range(5)))
        assert monotonic() - began < 1
        assert (await one).person_ref  # also its key is known
    finally:
        one.cancel()
        silent.close()
        issuer.close()


async def test_nonsense_from_the_issuer_is_our_trouble_not_the_clients(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [[], {"keys": ["x"]}, {"keys": None}, {"keys": []}]
    for nonsense in answers:
        monkeypatch.setattr(issuer, "jwks", lambda answer=nonsense: answer)
        with pytest.raises(Unavailable):
            await verifier(issuer).actor(issuer.token(ME))


async def test_without_a_token_401_and_without_the_role_403(app: TestApp) -> None:
    async with app.client() as client:
        answer = await client.get("/api/enrolment/notes/1")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    async with app.http("employee", org=ORG) as client:
        answer = await client.get("/api/enrolment/notes/1")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
