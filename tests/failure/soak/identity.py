"""A light identity provider for the soak: the demo users' tokens, as the realm describes them.

Keycloak takes as long to start as a short soak runs, and nothing here is about it. This part
stands in its place, at its port: it signs with a key of its own what the real one would sign.
`python -m tests.failure.soak.identity PORT ISSUER`
"""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from deploy.local.parts import Part, answers
from deploy.local.settings import LOOPBACK, Settings

REALM = Path(__file__).parents[3] / "deploy" / "identity" / "realm.json"
LIFE_SECONDS = 300
KID = "soak"


def part(settings: Settings) -> Part:
    """In place of the identity provider of a copy."""
    port = settings.ports["keycloak"]
    module = ["-m", "tests.failure.soak.identity"]
    return Part(
        name="keycloak",
        command=[sys.executable, *module, str(port), settings.issuer],
        env={"PYTHONPATH": str(settings.root)},
        ready=lambda: answers(f"{settings.issuer}/protocol/openid-connect/certs"),
        addresses={"issuer": settings.issuer},
    )


def claims(user: dict[str, Any], issuer: str, now: float) -> dict[str, Any]:
    """What a token of this user says."""
    given = {name: values[0] for name, values in user.get("attributes", {}).items() if values}
    return {
        "iss": issuer,
        "aud": "kommunalcampus",
        "sub": user["id"],
        "iat": int(now),
        "exp": int(now) + LIFE_SECONDS,
        "typ": "Bearer",
        "roles": user.get("clientRoles", {}).get("kommunalcampus", []),
        **given,
    }


class Door(BaseHTTPRequestHandler):
    """The two routes that are used: keys and tokens."""

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    users = {user["username"]: user for user in json.loads(REALM.read_text("utf-8"))["users"]}
    issuer = ""

    def do_GET(self) -> None:
        """The keys, whatever is asked."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self._say(200, {"keys": [{**public, "kid": KID, "use": "sig", "alg": "RS256"}]})

    def do_POST(self) -> None:
        """A token for a name."""
        length = int(self.headers.get("Content-Length", "0"))
        form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
        user = self.users.get(form.get("username", ""))
        if user is None:
            return self._say(401, {"error_description": "no such user"})
        told = claims(user, self.issuer, time.time())
        signed = jwt.encode(told, self.key, "RS256", headers={"kid": KID})
        return self._say(200, {"access_token": signed})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def main() -> None:
    """Serve until a signal."""
    Door.issuer = sys.argv[2]
    ThreadingHTTPServer((LOOPBACK, int(sys.argv[1])), Door).serve_forever()


if __name__ == "__main__":
    main()
