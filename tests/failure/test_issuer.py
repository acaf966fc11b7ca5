"""The identity provider is away, changes its keys, or is asked for by strangers.

Controls: `test_control_...` here (no kept key) and in `libs/chassis/tests/test_auth.py` (no pause
between two questions). The real Keycloak
changes its keys in `test_rotation.py`.
"""

from __future__ import annotations

import time
from uuid import uuid4

import jwt

from deploy.local.client import until
from tests.failure.bookers import BOOK
from tests.failure.proxy import Mode
from tests.failure.stand import ORGANISATION, ROLES, Stand

FLOOD = 200


def status(stand: Stand, token: str) -> int:
    """How a request with this token is answered; 404 says that it was let in."""
    with stand.as_user() as somebody:
        path = f"{BOOK}/{uuid4()}"
        answer = somebody.ask("GET", path, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) >= 1
        return answer.status_code


def a_token(stand: Stand) -> str:
    """Of somebody new, so that nothing about it is remembered."""
    return stand.issuer.token(uuid4(), ORGANISATION, ROLES)


def _not(unwanted: int, got: int) -> int | None:
    return None if got == unwanted else got


def forged(kid: str) -> str:
    """A token that names a key which nobody has."""
    return jwt.encode({"sub": str(uuid4())}, "x" * 32, "HS256", headers={"kid": kid})


def wait_for_doubt(stand: Stand) -> None:
    """Right after the issuer was asked, what it does not have is known; then no more."""
    link = stand.programs["enrolment"].links["issuer"]
    tried = link.connections
    until(
        lambda: status(stand, forged(uuid4().hex)) == 503 and link.connections > tried,
        60,
        "a try to ask",
    )


def test_known_keys_serve_on_while_the_issuer_is_away(stand: Stand) -> None:
    link = stand.programs["enrolment"].links["issuer"]
    assert status(stand, a_token(stand)) == 404
    modes: tuple[Mode, ...] = ("reset", "blackhole")
    try:
        for mode in modes:
            link.fault(mode)
            wait_for_doubt(stand)
            assert [status(stand, a_token(stand)) for _ in range(20)] == [404] * 20
    finally:
        link.fault("pass")
    until(lambda: status(stand, forged(uuid4().hex)) == 401, 60, "the end of the doubt")
    assert status(stand, a_token(stand)) == 404


def test_control_who_never_saw_a_key_accepts_nobody_until_the_issuer_is_there(
    stand: Stand,
) -> None:
    program = stand.restart("enrolment")
    program.links["issuer"].fault("reset")
    assert status(stand, a_token(stand)) == 503
    assert program.links["issuer"].connections > 0
    program.links["issuer"].fault("pass")
    got = until(lambda: _not(503, status(stand, a_token(stand))), 60, "the issuer's return")
    assert got == 404


def test_unknown_keys_by_the_hundred_do_not_flood_the_issuer(stand: Stand) -> None:
    link = stand.programs["enrolment"].links["issuer"]
    assert status(stand, a_token(stand)) == 404
    before, began = link.connections, time.monotonic()
    with stand.as_user() as stranger:
        for _ in range(FLOOD):
            headers = {"Authorization": f"Bearer {forged(uuid4().hex)}"}
            answer = stranger.ask("GET", f"{BOOK}/{uuid4()}", headers=headers)
            assert answer.status_code == 401
    seconds = time.monotonic() - began
    assert link.connections - before <= 1 + seconds / 10
    assert status(stand, a_token(stand)) == 404


def test_a_new_key_is_learned_and_the_old_one_is_good_while_it_is_published(stand: Stand) -> None:
    old = [a_token(stand) for _ in range(3)]
    assert status(stand, old[0]) == 404
    stand.issuer.rotate()
    new = a_token(stand)
    # the issuer was asked less than 10 s ago: `Keys.RETRY`
    assert until(lambda: _not(401, status(stand, new)), 60, "the new key") == 404
    assert [status(stand, token) for token in [*old, *(a_token(stand) for _ in range(3))]] == (
        [404] * 6
    )
