"""Gather the facts of a running platform, once it has come to rest."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from deploy.local.identity import realm_file
from deploy.local.parts import answers
from deploy.local.ports import SERVICES
from deploy.local.settings import Settings
from tests.failure.facts import broker, databases
from tests.failure.facts.model import Facts, Mail, Row
from tests.failure.facts.subscriptions import subscriptions
from tests.failure.history import History
from tests.platform import Platform

CONVERGENCE_SECONDS = 60.0
NAME_LETTERS = 3  # shorter names stand in any text
TROUBLES = (KafkaError, OSError, TimeoutError, asyncpg.PostgresError, httpx.HTTPError)
T = TypeVar("T")
LOGGED = (*SERVICES, "gateway", "mailsink")


def collect(
    platform: Platform,
    history: History | None = None,
    seconds: float = CONVERGENCE_SECONDS,
    since: float | None = None,
) -> Facts:
    """Everything there is to know, after at most `seconds` of waiting for rest (I40).

    Both counts begin at `since` (of `time.monotonic`), by default now.
    """
    converged_after = converge(platform, seconds, since)
    settings = platform.stack.settings
    hears = subscriptions()
    tables = patiently(lambda: asyncio.run(databases.dump(platform.stack)))
    users = json.loads(realm_file(settings).read_text(encoding="utf-8"))["users"]
    return Facts(
        history=history.operations if history else (),
        tables=tables,
        records=patiently(lambda: broker.records(platform)),
        mails=tuple(_mails(settings.run / "mail" / "mails.jsonl")),
        hears=hears,
        places=patiently(lambda: asyncio.run(broker.places(settings.address("kafka"), hears))),
        logs=_logs(settings.logs),
        metrics={name: patiently(partial(_metrics, settings, name)) for name in SERVICES},
        ready={name: _is_ready(settings, name) for name in SERVICES},
        canaries=tuple(sorted(set(_canaries(users, tables)))),
        tenants={
            user["username"]: org
            for user in users
            for org in user.get("attributes", {}).get("org", [])
        },
        taken_at=datetime.now(UTC),
        converged_after=converged_after,
    )


def patiently(read: Callable[[], T], seconds: float = 60.0) -> T:
    """Read something of a platform on a busy machine: what did not answer is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return read()
        except TROUBLES:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def converge(
    platform: Platform, seconds: float = CONVERGENCE_SECONDS, since: float | None = None
) -> float | None:
    """Wait until nothing is left to be done; how long that took, None if it did not end."""
    began = time.monotonic() if since is None else since
    while what_is_open(platform):
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.3)
    return time.monotonic() - began


def what_is_open(platform: Platform) -> dict[str, int]:
    """What is still to be done: rows, lag, what does not answer."""
    try:
        return _open_now(platform)
    except TROUBLES as error:
        return {f"no answer: {type(error).__name__}": 1}


def _open_now(platform: Platform) -> dict[str, int]:
    settings = platform.stack.settings
    asleep = [name for name in SERVICES if not _is_ready(settings, name)]
    if asleep:
        return {f"{name} is not ready": 1 for name in asleep}
    left = asyncio.run(databases.still_open(platform.stack))
    for place in asyncio.run(broker.places(settings.address("kafka"), subscriptions())):
        if lag := place.end - place.committed:
            name = f"lag of {place.group}"
            left[name] = left.get(name, 0) + lag
    return left


def _is_ready(settings: Settings, service: str) -> bool:
    return answers(f"{settings.url(service)}/health/ready", timeout=10)


def _metrics(settings: Settings, service: str) -> str:
    return httpx.get(f"{settings.url(service)}/metrics", timeout=60, trust_env=False).text


def _mails(path: Path) -> Iterator[Mail]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            mail = json.loads(line)
            ids = [v for n, v in mail["headers"].items() if n.lower() == "message-id"]
            yield Mail(ids[0].strip() if ids else "", tuple(mail["to"]))


def _logs(folder: Path) -> dict[str, str]:
    """The logs, also what was rotated away as long as it is kept."""
    return {
        path.name: path.read_text(encoding="utf-8", errors="replace")
        for name in LOGGED
        for path in sorted(folder.glob(f"{name}*.log*"))
    }


def _canaries(
    users: list[dict[str, str]], tables: Mapping[str, Mapping[str, tuple[Row, ...]]]
) -> Iterator[str]:
    """Names and addresses that may stand in `notifications` (and a declaration) alone."""
    for user in users:
        yield from _of_person(user.get("firstName"), user.get("lastName"), user.get("email"))
    for row in tables.get("notifications", {}).get("person", ()):
        yield from _of_person(row["given_name"], row["family_name"], row["mail"])
    for row in tables.get("membership", {}).get("declaration", ()):
        yield row["signatory_name"]
        yield row["signatory_mail"]


def _of_person(given: str | None, family: str | None, mail: str | None) -> Iterator[str]:
    if mail and "@" in mail.strip("@"):
        yield mail
    if given and family and min(len(given), len(family)) >= NAME_LETTERS:
        yield f"{given} {family}"
