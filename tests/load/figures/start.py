"""How long `make up` takes until all is ready: with an empty state folder, and again.

Downloads are in the cache and the Python environment is there, as after the first `make setup`;
a cold cache adds the download of some 230 MB and the build of the identity provider.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from deploy.local.settings import ROOT, Settings
from deploy.local.stack import Stack
from tests.load.bench import Bench
from tests.load.figure import Figure


def measure(bench: Bench) -> list[Figure]:
    """On a second copy, beside the measured one."""
    settings = Settings.for_tests("start", KC_DURABLE="1")
    try:
        first = _seconds(settings, "up")
        _seconds(settings, "down")
        again = _seconds(settings, "up")
        running = _seconds(settings, "up")
    finally:
        Stack(settings).clean()
    note = "downloads in the cache; beside the measured, idle copy"
    return [
        Figure("make up, empty state folder", first, "s", at_most=90, note=note),
        Figure("make up, again after make down", again, "s", at_most=20, note=note),
        Figure("make up, all of it running", running, "s"),
    ]


def _seconds(settings: Settings, command: str) -> float:
    given = {name: text for name, text in settings.extra.items() if name.startswith("KC_")}
    environment = {**os.environ, **given, "PYTHON": str(Path(ROOT / ".venv/bin/python"))}
    began = time.monotonic()
    done = subprocess.run(
        ["make", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"make {command} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - began
