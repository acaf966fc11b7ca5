"""`make demo`: start everything, run the main job on real input, show each step."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from deploy.local import __main__ as local
from deploy.local.client import RefusedError
from deploy.local.demo import story
from deploy.local.demo.screen import complain
from deploy.local.settings import Settings


def main(_: Sequence[str] = ()) -> int:
    """0 when every step did what it says."""
    code = local.main(["up"])
    if code:
        return code
    try:
        story.tell(Settings.from_env())
    except (RefusedError, TimeoutError, OSError) as error:
        complain(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
