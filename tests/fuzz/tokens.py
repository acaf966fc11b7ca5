"""Access tokens: good ones of several people, and attacks on their verification."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from time import time
from typing import Any

import jwt
from chassis.testing_issuer import Issuer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fuzz.people import ME, ORG, OTHER, OTHER_ORG, PROVIDER

ROLES = (
    "employee",
    "approver",
    "coordinator",
    "finance",
    "provider",
    "office",
    "auditor",
    "ops",
)
GOOD: dict[str, dict[str, Any]] = {
    "all": {"sub": ME, "org": ORG, "roles": ROLES, "provider": PROVIDER},
    "employee": {"sub": OTHER, "org": ORG, "roles": ("employee",)},
    "stranger": {"sub": OTHER, "org": OTHER_ORG, "roles": ("employee", "coordinator")},
    "nobody": {"sub": OTHER, "roles": ()},
}
ODD: dict[str, dict[str, Any]] = {
    "wrong-iss": {"iss": "https://evil.example"},
    "wrong-aud": {"aud": "account"},
    "many-aud": {"aud": ["kommunalcampus", "account"]},
    "no-aud": {"aud": None},
    "no-exp": {"exp": None},
    "no-iat": {"iat": None},
    "expired": {"exp": 1},
    "not-yet": {"nbf": 4_000_000_000},
    "from-the-future": {"iat": 4_000_000_000},
    "far-exp": {"exp": 10**18},
    "exp-text": {"exp": "tomorrow"},
    "exp-huge": {"exp": 1e300},
    "id-token": {"typ": "ID"},
    "typ-list": {"typ": ["Bearer"]},
    "typ-number": {"typ": 1},
    "sub-text": {"sub": "anna"},
    "sub-number": {"sub": 5},
    "sub-nil": {"sub": "00000000-0000-0000-0000-000000000000"},
    "org-text": {"org": "kreis"},
    "org-number": {"org": 7},
    "org-list": {"org": [1]},
    "org-empty": {"org": ""},
    "roles-text": {"roles": "office"},
    "roles-odd": {"roles": [None, 1, {"a": []}, "office"]},
    "roles-map": {"roles": {"office": True}},
    "provider-odd": {"provider": ["x"], "roles": ["provider"]},
    "provider-nul": {"provider": "a\x00b", "roles": ["provider"]},
    "provider-slash": {"provider": "../x", "roles": ["provider"]},
}
FORGED = (
    "alg-none",
    "alg-none-upper",
    "hs256-public-key",
    "other-key",
    "jku",
    "jwk",
    "crit",
    "no-kid",
    "kid-number",
    "kid-path",
    "kid-unknown",
    "b64-false",
    "bad-signature",
    "no-signature",
    "payload-list",
    "payload-text",
    "payload-deep",
    "header-deep",
    "huge",
)
NAMES = ("", *GOOD, *ODD, *FORGED)
RAW = (
    "raw:",
    "raw:Bearer",
    "raw:Bearer ",
    "raw:bearer a.b.c",
    "raw:Basic YTpi",
    "raw:Bearer a.b",
    "raw:Bearer ....",
    "raw:Bearer \xff\xfe",
    "raw:Bearer eyJhbGciOiJSUzI1NiJ9..",
    "raw:Bearer " + "a" * 17_000,
    "raw:Digest x",
    "raw:Bearer a b c",
)


def coded(value: Any) -> str:
    """A part of a token."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


class Tokens:
    """Makes tokens by name and keeps them for a minute or two: signing is slow."""

    KEPT_SECONDS = 90

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._made: dict[str, tuple[str, float]] = {}

    def authorization(self, name: str) -> bytes | None:
        """The Authorization header for a token of that name; None for no header."""
        if name.startswith("raw:"):
            return name[4:].encode("latin-1")
        if not name:
            return None
        text, until = self._made.get(name, ("", 0.0))
        if until < time():
            text = f"Bearer {self._token(name)}"
            self._made[name] = (text, time() + self.KEPT_SECONDS)
        return text.encode("latin-1")

    def _token(self, name: str) -> str:
        if name in GOOD:
            return self._issuer.token(**GOOD[name])
        if name in ODD:
            return self._issuer.token(**{**GOOD["all"], **ODD[name]})
        return self._forged(name)

    def _forged(self, name: str) -> str:
        good = self._issuer.token(**GOOD["all"])
        head, body, signature = good.split(".")
        header = {"alg": "RS256", "typ": "JWT", "kid": self._issuer.kid}
        makers: dict[str, Callable[[], str]] = {
            "alg-none": lambda: f"{coded({**header, 'alg': 'none'})}.{body}.",
            "alg-none-upper": lambda: f"{coded({**header, 'alg': 'NoNe'})}.{body}.",
            "hs256-public-key": lambda: self._confused(header, body),
            "other-key": lambda: self._signed(header, body),
            "jku": lambda: self._signed({**header, "jku": "http://[::1]:9/keys"}, body),
            "jwk": lambda: self._signed({**header, "jwk": self._own_jwk(), "kid": "x"}, body),
            "crit": lambda: self._signed({**header, "crit": ["exp"]}, body),
            "no-kid": lambda: f"{coded({'alg': 'RS256'})}.{body}.{signature}",
            "kid-number": lambda: f"{coded({**header, 'kid': 1})}.{body}.{signature}",
            "kid-path": lambda: f"{coded({**header, 'kid': '../../dev/null'})}.{body}.{signature}",
            "kid-unknown": lambda: f"{coded({**header, 'kid': 'x' * 500})}.{body}.{signature}",
            "b64-false": lambda: f"{coded({**header, 'b64': False})}.{body}.{signature}",
            "bad-signature": lambda: f"{head}.{body}.{'A' * len(signature)}",
            "no-signature": lambda: f"{head}.{body}.",
            "payload-list": lambda: f"{head}.{coded([1])}.{signature}",
            "payload-text": lambda: f"{head}.{coded(bytes([255, 254]))}.{signature}",
            "payload-deep": lambda: f"{head}.{coded(b'[' * 9000)}.{signature}",
            "header-deep": lambda: f"{coded(b'[' * 9000)}.{body}.{signature}",
            "huge": lambda: f"{head}.{'A' * 1_000_000}.{signature}",
        }
        return makers[name]()

    def _confused(self, header: dict[str, Any], body: str) -> str:
        """HS256 with the public key as the secret."""
        key = jwt.PyJWK(self._issuer.jwks()["keys"][-1]).key
        public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        text = f"{coded({**header, 'alg': 'HS256'})}.{body}"
        mac = hmac.new(public, text.encode(), hashlib.sha256).digest()
        return f"{text}.{coded(mac)}"

    def _signed(self, header: dict[str, Any], body: str) -> str:
        """With a key of our own, which the issuer does not know."""
        return _sign(self._foreign, f"{coded(header)}.{body}")

    def _own_jwk(self) -> dict[str, Any]:
        numbers = self._foreign.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {"kty": "RSA", "e": "AQAB", "n": coded(numbers.n.to_bytes(size, "big"))}


def _sign(key: rsa.RSAPrivateKey, text: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return f"{text}.{coded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"
