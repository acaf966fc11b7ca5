"""Named places where a test lets the process die. In production nothing happens here.

`KC_FAULT=relay.after_publish` ends the process (like kill -9) the first time the place is passed;
`KC_FAULT=relay.after_publish:5` the fifth time.
"""

import os

_NAME, _, _COUNT = os.environ.get("KC_FAULT", "").partition(":")
_left = int(_COUNT or "1")


def point(name: str) -> None:
    """Die here if the environment says so."""
    global _left  # noqa: PLW0603 - one process, one countdown
    if name == _NAME:
        _left -= 1
        if _left <= 0:
            os._exit(137)
