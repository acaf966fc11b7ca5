"""The copy that is measured: one of its own, which can be kept for the next measurement.

PostgreSQL counts its statements here (`pg_stat_statements`); limits of the gateway are out of the
way. A kept copy starts only those services anew whose code has changed.
"""

from __future__ import annotations

import dataclasses

from deploy.local import testports
from deploy.local.client import RefusedError, until
from deploy.local.seed import seed
from deploy.local.settings import ROOT, Settings
from deploy.local.stack import NotReadyError, Stack
from tests.load.bench import PATIENCE

RUN = ROOT / ".run" / "bench"
STATEMENTS = (
    "-c",
    "shared_preload_libraries=pg_stat_statements",
    "-c",
    "pg_stat_statements.max=2000",
)


def the_copy() -> Stack:
    """The copy, not started."""
    RUN.mkdir(parents=True, exist_ok=True)
    kept = RUN / "port-offset"
    if not kept.exists():
        kept.write_text(str(testports.reserve()), encoding="utf-8")
    environment = {
        "KC_RUN": str(RUN),
        "KC_PORT_OFFSET": kept.read_text(encoding="utf-8"),
        "KC_DURABLE": "1",
        "KC_RATE_AVERAGE": "100000",
        "KC_RATE_BURST": "100000",
        "KC_IN_FLIGHT": "100000",
    }
    stack = Stack(Settings.for_tests("bench", **environment))
    postgres = stack.parts["postgres"]
    counting = [*postgres.command, *STATEMENTS]
    stack.parts["postgres"] = dataclasses.replace(postgres, command=counting)
    return stack


def start(stack: Stack) -> None:
    """Up, with its demo users. What a busy machine keeps waiting is given time before a second try.

    A second `up` would end what does not answer, and it would begin anew.
    """
    try:
        stack.up()
    except NotReadyError:
        until(lambda: all(part.ready() for part in stack.parts.values()), PATIENCE, "all parts")
        stack.up()
    until(lambda: _seeded(stack), PATIENCE, "the demo users")


def _seeded(stack: Stack) -> bool:
    """Whether the seed went through; sent away by a service that is busy, it comes again."""
    try:
        seed(stack.settings)
    except RefusedError as refused:
        if refused.status != 503:
            raise
        return False
    return True
