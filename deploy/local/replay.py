"""`make replay topic=NAME`: put set-aside messages of a topic back, in order per key."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from deploy.local.client import Client, RefusedError
from deploy.local.settings import Settings

SERVICES = ("catalog", "enrolment", "membership", "notifications")


def replay(settings: Settings, topic: str) -> int:
    """Replay in every service that set something of the topic aside; 0 when all went through."""
    failed = 0
    with Client(settings, "otto.ops") as ops:
        for service in SERVICES:
            base = f"/api/{service}/dead-letters"
            for letter in _heads(ops, base, topic):
                done = ops.post(f"{base}/{letter['id']}/replay")
                again = f"not handled again ({letter['reason']}: {letter['detail']})"
                word = again if done["error"] else "handled"
                print(f"{service}: {done['found']} of key {letter['key']}: {word}")
                failed += done["error"] is not None
    print("Nothing more is set aside." if not failed else f"{failed} keys are still set aside.")
    return 1 if failed else 0


def _heads(ops: Client, base: str, topic: str) -> list[dict[str, Any]]:
    """The first message of every key; what waits behind it goes along."""
    first: dict[str, dict[str, Any]] = {}
    for letter in ops.get(f"{base}?topic={topic}&limit=100")["items"]:
        first.setdefault(letter["key"], letter)
    return list(first.values())


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    if len(arguments) != 1 or not arguments[0]:
        print("Which topic? For example: make replay topic=catalog.runs", file=sys.stderr)
        return 1
    try:
        return replay(Settings.from_env(), arguments[0])
    except (RefusedError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
