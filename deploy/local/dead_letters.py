"""`make dead-letters`: what was set aside. All of it, one with its payload, or one to give up.

It asks the routes of the services as a user with the role `ops`: locally `otto.ops`; elsewhere with
the address in `KC_GATEWAY_URL` and an access token in `KC_TOKEN`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from deploy.local.client import Client, RefusedError
from deploy.local.ports import SERVICES
from deploy.local.replay import OPERATOR, letters
from deploy.local.settings import Settings

COLUMNS = ("id", "service", "topic", "key", "reason", "buried_at", "state", "detail")


def show_all(ops: Client, given: argparse.Namespace) -> int:
    """A line for each message that fits; 0 also where there is none."""
    table = Table(*COLUMNS[:-1], Column("detail", no_wrap=True), box=None)
    wanted = {"topic": given.topic, "reason": given.why, "key": given.key, "state": given.state}
    for service in [given.service] if given.service else SERVICES:
        for letter in letters(ops, f"/api/{service}/dead-letters", **wanted):
            shown = {"buried_at": letter["buried_at"][:19], "detail": letter["detail"][:40]}
            row = {**letter, **shown, "service": service}
            table.add_row(*(str(row[name]) for name in COLUMNS))
    if table.row_count:
        Console(width=None if sys.stdout.isatty() else 240).print(table)
    else:
        print("Nothing is set aside.")
    return 0


def show_one(ops: Client, letter_id: str) -> int:
    """One message with its payload, what is wrong with it, what waits behind it, what was done."""
    service, letter = _find(ops, letter_id)
    payload = letter.pop("payload")
    waiting = [(other["offset"], other["reason"], other["id"]) for other in letter.pop("waiting")]
    print(json.dumps({"service": service, **letter}, indent=2, ensure_ascii=False))
    print(f"payload ({letter['schema'] or 'no schema'}):\n{payload}")
    for error in letter["errors"]:
        print(f"  {error['pointer'] or '/'}: {error['code']} ({error['detail']})")
    print("of this key, in order:")
    for place in waiting:
        print("  offset {} {} {}".format(*place))
    return 0


def discard(ops: Client, letter_id: str, reason: str) -> int:
    """Give one up for good."""
    service, _ = _find(ops, letter_id)
    ops.post(f"/api/{service}/dead-letters/{letter_id}/discard", {"reason": reason})
    print(f"{service}: {letter_id} is given up. What waited behind it has to be replayed.")
    return 0


def _find(ops: Client, letter_id: str) -> tuple[str, dict[str, Any]]:
    """The service that set it aside. LookupError if none did."""
    for service in SERVICES:
        answer = ops.ask("GET", f"/api/{service}/dead-letters/{letter_id}")
        if answer.is_success:
            return service, answer.json()
        if answer.status_code not in (404, 422):
            raise RefusedError(answer)
    raise LookupError(f"No service has set {letter_id} aside.")


def main(arguments: Sequence[str], settings: Settings | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="dead-letters", description=__doc__)
    parser.add_argument("--service", choices=["", *SERVICES], default="")
    for name in ("topic", "why", "key", "reason", "id"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--state", default="dead")
    parser.add_argument("--discard", action="store_true")
    given = parser.parse_args(arguments)
    if given.discard and not (given.id and given.reason):
        print('Which one, and why? make dead-letters id=ID discard=1 reason="…"', file=sys.stderr)
        return 1
    with Client(settings or Settings.from_env(), OPERATOR) as ops:
        if given.discard:
            return discard(ops, given.id, given.reason)
        return show_one(ops, given.id) if given.id else show_all(ops, given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
