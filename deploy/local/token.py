"""Access tokens of the demo users: `python -m deploy.local.token NAME` (`make token user=NAME`)."""

from __future__ import annotations

import json
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence

from deploy.local.identity import realm_file
from deploy.local.settings import Settings

PASSWORD = "campus"  # noqa: S105 - of the demo users, which exist on a local machine only
CLIENT = "cli"
ATTEMPTS = 6
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class TokenError(Exception):
    """There is no token; the text tells a person why. `refused`: the provider said no."""

    def __init__(self, text: str, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


def demo_users(settings: Settings) -> dict[str, str]:
    """The demo users, name -> `person_ref` (the `sub` of their tokens)."""
    realm = json.loads(realm_file(settings).read_text(encoding="utf-8"))
    people = (user for user in realm["users"] if "credentials" in user)
    return {str(user["username"]): str(user["id"]) for user in people}


def token(settings: Settings, user: str, password: str = PASSWORD) -> str:
    """A fresh access token (valid for 5 minutes). TokenError if it cannot be had."""
    known = demo_users(settings)
    if user not in known:
        raise TokenError(f"There is no demo user {user!r}. There are: {', '.join(known)}.")
    form = {"grant_type": "password", "client_id": CLIENT, "username": user, "password": password}
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        f"{settings.issuer}/protocol/openid-connect/token",
        data=urllib.parse.urlencode(form).encode(),
    )
    # Only what is known to be right is tried again: wrong passwords lead to a lock-out.
    return _asked(settings, request, user, ATTEMPTS if password == PASSWORD else 1)


def _asked(settings: Settings, request: urllib.request.Request, user: str, attempts: int) -> str:
    """The token. Two sign-ins of one user at the same moment: one is refused and tries again."""
    for attempt in range(1, attempts + 1):
        try:
            return _once(settings, request, user)
        except TokenError as error:
            if attempt == attempts or not error.refused:
                raise
            time.sleep(0.15 * attempt * random.uniform(0.5, 1.5))  # noqa: S311
    raise AssertionError("unreachable")


def _once(settings: Settings, request: urllib.request.Request, user: str) -> str:
    try:
        with _DIRECT.open(request, timeout=15) as answer:
            return str(json.load(answer)["access_token"])
    except urllib.error.HTTPError as error:
        text = f"The identity provider refuses {user!r}: {_reason(error)}."
        raise TokenError(text, refused=True) from error
    except (OSError, ValueError, KeyError) as error:
        raise TokenError(
            f"The identity provider does not answer at {settings.url('keycloak')} "
            "(`make up` starts it, `make status` tells more)."
        ) from error


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error_description"])
    except (ValueError, KeyError, OSError):
        return f"status {error.code}"


def main(arguments: Sequence[str]) -> int:
    """Print the token and nothing else; complaints go to stderr with exit code 1."""
    if len(arguments) != 1 or not arguments[0]:
        print("Whose token? For example: make token user=anna.employee", file=sys.stderr)
        return 1
    try:
        print(token(Settings.from_env(), arguments[0]))
    except (TokenError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
