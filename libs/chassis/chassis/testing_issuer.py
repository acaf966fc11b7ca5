"""An issuer of access tokens for tests: it signs like the identity provider does."""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa


class Issuer:
    """Signs access tokens like the identity provider, and publishes its keys over HTTP."""

    audience = "kommunalcampus"

    def __init__(self) -> None:
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self.asked = 0
        self.rotate()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith("/.well-known/openid-configuration"):
                    self._say(200, issuer.endpoints())
                    return
                issuer.asked += 1
                self._say(200, issuer.jwks())

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if b"grant_type=client_credentials" in sent:
                    token = {"access_token": issuer.token(), "token_type": "Bearer"}
                    self._say(200, {**token, "expires_in": 300})
                else:
                    self._say(400, {"error": "invalid_grant"})

            def _say(self, status: int, said: Any) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(said).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def rotate(self, keep_old: bool = True) -> str:
        """Sign with a new key from now on; the old one stays published unless told otherwise."""
        if not keep_old:
            self._keys.clear()
        self.kid = uuid4().hex
        self._keys[self.kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self.kid

    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        keys = []
        for kid, key in self._keys.items():
            public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            keys.append({**public, "kid": kid, "use": "sig", "alg": "RS256"})
        return {"keys": keys}

    def endpoints(self) -> dict[str, str]:
        """Where a client finds what it needs (OpenID Connect Discovery). Nobody signs in here:

        visitors get a token without roles, everything else is refused.
        """
        places = ("authorization", "token", "end_session")
        return {"issuer": self.url, **{f"{each}_endpoint": f"{self.url}/{each}" for each in places}}

    def token(
        self,
        sub: UUID | None = None,
        org: UUID | None = None,
        roles: Sequence[str] = (),
        provider: str | None = None,
        **claims: Any,
    ) -> str:
        """A valid access token; `claims` replace or add (None removes)."""
        now = datetime.now(UTC)
        body = {
            "iss": self.url,
            "aud": self.audience,
            "sub": str(sub or uuid4()),
            "iat": now,
            "exp": now + timedelta(minutes=5),
            "typ": "Bearer",
            "roles": list(roles),
            "org": str(org) if org else None,
            "provider": provider,
            **claims,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(body, self._keys[self.kid], "RS256", headers={"kid": self.kid})

    def close(self) -> None:
        """Stop publishing."""
        self._server.shutdown()
        self._server.server_close()
