"""How a process leaves: it first tells, then goes on answering for a moment, and then ends.

Whoever distributes requests (gateway, Kubernetes) looks every half second or so at
`/health/serving`. Between SIGTERM and its next look requests still arrive here. They are answered
as always, each with `Connection: close`, so that no kept connection is met while it is closed.
"""

import contextlib
import sys
from collections.abc import Callable
from time import monotonic

import uvicorn

NOT_STARTED = 3


class Server(uvicorn.Server):
    """A server that stays for `seconds` after it was asked to end."""

    def __init__(self, config: uvicorn.Config, leave: Callable[[], None], seconds: float) -> None:
        super().__init__(config)
        self._leave, self._seconds = leave, seconds
        self._left_at: float | None = None

    async def on_tick(self, counter: int) -> bool:
        """Asked ten times a second whether it is time to end."""
        if not await super().on_tick(counter):
            return False
        if self._left_at is None:
            self._left_at = monotonic()
            self._leave()
        return self.force_exit or monotonic() - self._left_at >= self._seconds

    def serve_until_asked_to_end(self) -> None:
        """Serve; SystemExit when it cannot even begin."""
        with contextlib.suppress(KeyboardInterrupt):  # raised again after all has ended well
            self.run()
        if not self.started:
            sys.exit(NOT_STARTED)
