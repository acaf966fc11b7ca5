"""The real identity provider changes its keys: no valid token is refused meanwhile.

A new key with a higher priority signs at once, the old one stays published; then the new one is
taken back, which leaves the realm as it was. What a removed key signed is refused as soon as a
service has a reason to ask for the keys (a key that it does not know), at the latest when those
that it keeps are no more fresh (`Keys.FRESH`, ten minutes: not waited for here; the control shows
that it is this question which ends them).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from uuid import uuid4

import httpx
import jwt
from chassis.auth import Keys

from deploy.local.credentials import credential
from deploy.local.identity import REALM
from deploy.local.token import token
from tests.platform import Platform

USERS = ("carla.coordinator", "anna.employee", "paul.approver")
PATHS = (
    "/api/catalog/offers",
    "/api/enrolment/enrolments",
    "/api/membership/organisations/me",
    "/api/notifications/preferences",
)


def kid(access_token: str) -> str:
    """Which key signed it."""
    return str(jwt.get_unverified_header(access_token)["kid"])


def statuses(platform: Platform, *access_tokens: str) -> set[int]:
    """How all services answer to these tokens, many at the same time."""
    with platform.as_user(None) as anybody, ThreadPoolExecutor(8) as pool:

        def ask(one: tuple[str, str]) -> int:
            headers = {"Authorization": f"Bearer {one[0]}"}
            return anybody.ask("GET", one[1], headers=headers).status_code

        return set(pool.map(ask, product(access_tokens, PATHS)))


def forged() -> str:
    """A token that names a key which nobody has."""
    return jwt.encode({"sub": str(uuid4())}, "x" * 32, "HS256", headers={"kid": uuid4().hex})


@contextmanager
def administrator(platform: Platform) -> Iterator[httpx.Client]:
    """A client of the admin interface."""
    settings = platform.stack.settings
    form = {
        "grant_type": "password",
        "client_id": "admin-cli",
        "username": "admin",
        "password": credential(settings, "keycloak.admin"),
    }
    with httpx.Client(base_url=settings.url("keycloak"), timeout=60, trust_env=False) as client:
        answer = client.post("/realms/master/protocol/openid-connect/token", data=form)
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


@contextmanager
def new_key(platform: Platform) -> Iterator[None]:
    """The realm signs with a new key meanwhile; the old one stays published."""
    realm = f"/admin/realms/{REALM}"
    with administrator(platform) as admin:
        body = {
            "name": f"rotated-{uuid4().hex[:8]}",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": admin.get(realm).raise_for_status().json()["id"],
            "config": {
                "priority": ["900"],
                "enabled": ["true"],
                "active": ["true"],
                "keySize": ["2048"],
                "algorithm": ["RS256"],
            },
        }
        made = admin.post(f"{realm}/components", json=body).raise_for_status()
        try:
            yield
        finally:
            admin.delete(httpx.URL(made.headers["Location"]).path).raise_for_status()


def tokens(platform: Platform) -> list[str]:
    """Fresh ones, of several people."""
    return [token(platform.stack.settings, user) for user in USERS]


def test_a_change_of_keys_refuses_no_valid_token_and_then_the_old_ones(platform: Platform) -> None:
    before = tokens(platform)
    assert statuses(platform, *before) == {200}
    time.sleep(Keys.RETRY + 1)  # a service asks for an unknown key at most once in that time
    with new_key(platform):
        rotated = tokens(platform)
        assert kid(rotated[0]) != kid(before[0])
        assert statuses(platform, *rotated, *before, *rotated) == {200}
        unseen = tokens(platform)  # a token that was seen is known for a minute more
        time.sleep(Keys.RETRY + 1)
    after = tokens(platform)
    assert {kid(one) for one in after} == {kid(before[0])}
    assert statuses(platform, forged()) == {401}  # a reason to ask for the keys again
    assert statuses(platform, *unseen) == {401}
    assert statuses(platform, *after, *before) == {200}


def test_control_a_key_that_is_only_kept_accepts_what_it_signed(platform: Platform) -> None:
    """Without a reason to ask, the removed key serves until the kept ones are no more fresh."""
    time.sleep(Keys.RETRY + 1)
    with new_key(platform):
        assert statuses(platform, *tokens(platform)) == {200}
        unseen = tokens(platform)
    assert statuses(platform, *unseen) == {200}
