"""The browser that the tests of the portal look through: `python -m deploy.browser`.

`KC_BROWSER` names one; else Chromium or Chrome of the machine is taken. Where there is none and the
machine is Debian and we are root (CI), it is installed; for others a sentence says how to get one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
HOW = (
    "There is no browser. Install Chromium (Debian: 'apt-get install chromium', macOS: "
    "'brew install --cask chromium') or name one in KC_BROWSER=/path/to/chrome."
)


def find() -> str | None:
    """The path of a browser, if there is one."""
    named = os.environ.get("KC_BROWSER")
    if named:
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _apt(*words: str) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = subprocess.DEVNULL
    return subprocess.run(
        ["apt-get", *words], env=environment, stdout=quiet, check=False
    ).returncode


def main() -> int:
    """See that there is a browser. 0 if so; the tests that need one say so themselves."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("  installing a browser for the tests of the portal")
        install = ["install", "--yes", "--no-install-recommends", "chromium"]
        if _apt(*install):
            _apt("update")
            _apt(*install)
    if find() is None:
        print(HOW, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
