"""What is sent and what comes back: one input, one answer, and how an input is kept in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAME = re.compile(rb"@@([a-z_.-]+)@@")
"""A place in an input that is filled when it is sent: an id of the running world."""
SIGN_IN = re.compile(rb"(/en)?/anmelden\?weiter=")


@dataclass(frozen=True, slots=True)
class Input:
    """One HTTP request. Names between `@@` stand for ids that the world gives at sending time.

    `token` is a name of `tokens.Tokens`, or `raw:` and the text of an Authorization header.
    `made_by` are the names of the mutations; none means that the request is good.
    """

    route: str
    path: str
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    token: str = "all"
    canary: str = ""
    made_by: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """The method of the route."""
        return self.route.partition(" ")[0]

    def header(self, name: bytes) -> bytes | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key == name), None)

    def packed(self) -> dict[str, Any]:
        """As JSON; bytes as Latin-1."""
        return {
            "route": self.route,
            "path": self.path,
            "query": self.query.decode("latin-1"),
            "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in self.headers],
            "body": self.body.decode("latin-1"),
            "token": self.token,
            "canary": self.canary,
            "made_by": list(self.made_by),
        }

    @classmethod
    def unpacked(cls, kept: Mapping[str, Any]) -> Input:
        """The way back from `packed`."""
        return cls(
            route=kept["route"],
            path=kept["path"],
            query=kept["query"].encode("latin-1"),
            headers=tuple((k.encode("latin-1"), v.encode("latin-1")) for k, v in kept["headers"]),
            body=kept["body"].encode("latin-1"),
            token=kept["token"],
            canary=kept["canary"],
            made_by=tuple(kept["made_by"]),
        )


@dataclass(frozen=True, slots=True)
class RecordInput:
    """One record for a topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    canary: str = ""
    made_by: tuple[str, ...] = ()

    def packed(self) -> dict[str, Any]:
        """As JSON; bytes as Latin-1."""
        return {
            "topic": self.topic,
            "key": _text(self.key),
            "value": _text(self.value),
            "headers": [[name, _text(value)] for name, value in self.headers],
            "canary": self.canary,
            "made_by": list(self.made_by),
        }

    @classmethod
    def unpacked(cls, kept: Mapping[str, Any]) -> RecordInput:
        """The way back from `packed`."""
        return cls(
            topic=kept["topic"],
            key=_bytes(kept["key"]),
            value=_bytes(kept["value"]),
            headers=tuple((name, _bytes(value)) for name, value in kept["headers"]),
            canary=kept["canary"],
            made_by=tuple(kept["made_by"]),
        )


@dataclass(slots=True)
class Answer:
    """What came back. `error` says why nothing came, or what was raised after the start."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    error: str = ""

    def header(self, name: bytes) -> bytes | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def outcome(self) -> str:
        """The status; `sign-in` where the portal sends somebody there instead of an answer."""
        leads = self.header(b"location") or b""
        return "sign-in" if SIGN_IN.match(leads) else str(self.status)

    @property
    def kind(self) -> str:
        """The media type without parameters."""
        given = self.header(b"content-type") or b""
        return given.decode("latin-1").partition(";")[0].strip().lower()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("latin-1")


def as_line(given: Input | RecordInput, why: str) -> str:
    """One line of a file of inputs that failed."""
    return json.dumps({"why": why, **given.packed()}, ensure_ascii=True, sort_keys=True)
