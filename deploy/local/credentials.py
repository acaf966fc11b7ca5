"""Passwords of this copy: made once, at random, readable for its owner only."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from pathlib import Path

from deploy.local.settings import Settings


def credential(settings: Settings, name: str) -> str:
    """The secret called `name` (for example `postgres.catalog`); made at the first question."""
    settings.run.mkdir(parents=True, exist_ok=True)
    path = settings.run / "credentials.json"
    with (settings.run / ".credentials.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(24)
            _write(path, json.dumps(known, indent=1))
        return known[name]


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    new.replace(path)
