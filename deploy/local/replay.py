"""`make replay topic=NAME`: put set-aside messages of a topic back, in order per key."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from deploy.local.client import Client, RefusedError
from deploy.local.ports import SERVICES
from deploy.local.settings import Settings

OPERATOR = "otto.ops"
PAUSE = 2.0  # seconds, where a service says that it is too fast
PATIENCE = 60  # such pauses in a row
AT_ONCE = 50  # so many messages a service takes in one request


@dataclass(frozen=True)
class Wish:
    """Which messages to put back, how fast, and why."""

    topic: str
    reason: str
    service: str = ""
    key: str = ""
    dry_run: bool = False
    per_minute: float = 600


def replay(settings: Settings, wish: Wish) -> int:
    """Replay in every service that set something of the topic aside; 0 when all went through."""
    failed = 0
    with Client(settings, OPERATOR) as ops:
        for service in [wish.service] if wish.service else SERVICES:
            base = f"/api/{service}/dead-letters"
            heads = _heads(ops, base, wish)
            while heads:
                some = list(heads)[: max(1, min(AT_ONCE, int(wish.per_minute / 60)))]
                results = _put_back(ops, f"{base}/replay", some, wish)
                for result in results:
                    head = next(heads.pop(id_) for id_ in result["ids"] if id_ in heads)
                    print(f"{service}: {_said(head, result, wish)}")
                    failed += result["error"] is not None
                time.sleep(60 / wish.per_minute * len(results))
    if wish.dry_run:
        print(f"Nothing was changed. {failed} keys would stay set aside.")
    else:
        print(f"{failed} keys are still set aside." if failed else "Nothing more is set aside.")
    return 1 if failed else 0


def letters(ops: Client, base: str, **wanted: str) -> Iterator[dict[str, Any]]:
    """All messages set aside that fit, oldest first."""
    cursor = 0
    while cursor is not None:
        asked = {name: value for name, value in wanted.items() if value}
        page = ops.get(f"{base}?{urlencode({**asked, 'limit': 100, 'cursor': cursor})}")
        yield from page["items"]
        cursor = page["next_cursor"]


def _heads(ops: Client, base: str, wish: Wish) -> dict[str, dict[str, Any]]:
    """The first message of every key by its id; what waits behind it goes along."""
    first: dict[str, dict[str, Any]] = {}
    for letter in letters(ops, base, topic=wish.topic, key=wish.key):
        first.setdefault(letter["key"], letter)
    return {letter["id"]: letter for letter in first.values()}


def _said(letter: Mapping[str, Any], result: Mapping[str, Any], wish: Wish) -> str:
    """What became of a key, in a line."""
    handled = "would be handled" if wish.dry_run else "handled"
    words = {
        "handled": handled,
        "failed": f"not handled ({letter['reason']}: {letter['detail']}; {result['error']})",
        "replayed": "was replayed by somebody else",
        "discarded": "was given up by somebody else",
    }
    return f"{len(result['ids'])} of key {letter['key']}: {words[result['outcome']]}"


def _put_back(ops: Client, path: str, ids: Sequence[str], wish: Wish) -> list[dict[str, Any]]:
    """One go, without what was not tried; where the service is asked too much it is waited for."""
    dry = "?dry_run=true" if wish.dry_run else ""
    for _ in range(PATIENCE):
        try:
            answer = ops.post(f"{path}{dry}", {"ids": list(ids), "reason": wish.reason})
        except RefusedError as error:
            if error.status != 429:
                raise
        else:
            tried = [one for one in answer["results"] if one["outcome"] != "not-tried"]
            if tried:
                return tried
        time.sleep(PAUSE)
    raise TimeoutError(f"{path} is refused for too long (429), or its database is away")


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="replay", description=__doc__)
    parser.add_argument("topic", nargs="?", default="")
    parser.add_argument("--service", choices=["", *SERVICES], default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--reason", default="")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--per-minute", type=float, default=600, help="keys in a minute, at most")
    given = parser.parse_args(arguments)
    if not given.topic or given.per_minute <= 0:
        print("Which topic? For example: make replay topic=catalog.runs", file=sys.stderr)
        return 1
    if not given.reason and not given.dry_run:
        print('Why? It is kept: make replay topic=NAME reason="…" (or dry=1)', file=sys.stderr)
        return 1
    wish = Wish(**{**vars(given), "reason": given.reason or "dry run"})
    return replay(Settings.from_env(), wish)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
