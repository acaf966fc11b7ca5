"""Named places where a test lets the process die. In production nothing happens here.

`KC_FAULT=relay.after_publish` ends the process (like kill -9) the first time the place is passed;
`KC_FAULT=relay.after_publish:5` the fifth time.

`KC_FAULTS_DIR` names a folder for processes that run already. Where `<service>.<place>` stands in
it, the first one to come by gets the signal whose number is written there (9 if none is). It takes
the file away first, so that whoever is started in its place lives; `<service>.<place>.<pid>` is
left and says who was hit.
"""

import os
import signal
from pathlib import Path

_NAME, _, _COUNT = os.environ.get("KC_FAULT", "").partition(":")
_FOLDER = os.environ.get("KC_FAULTS_DIR", "")
_SERVICE = os.environ.get("KC_SERVICE", "")
_left = int(_COUNT or "1")


def point(name: str) -> None:
    """Die here if the environment says so."""
    global _left  # noqa: PLW0603 - one process, one countdown
    if name == _NAME:
        _left -= 1
        if _left <= 0:
            os._exit(137)
    if _FOLDER:
        _claim(Path(_FOLDER, f"{_SERVICE}.{name}"))


def _claim(armed: Path) -> None:
    """Get the signal that waits here, if nobody else was faster."""
    mine = armed.with_name(f"{armed.name}.{os.getpid()}")
    try:
        armed.rename(mine)
    except FileNotFoundError:
        return
    os.kill(os.getpid(), int(mine.read_text() or signal.SIGKILL))
