"""Which state of the code a figure or a report belongs to."""

import subprocess

from deploy.local.settings import ROOT


def commit() -> str:
    """The short id of the commit, with a `+` when files differ from it; `unknown` without git."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*", "--abbrev=10"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"
