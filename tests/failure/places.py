"""Arms places of the running services' code (`chassis.faults`) and tells who was hit there."""

from __future__ import annotations

import signal
from pathlib import Path

from deploy.local.client import until
from tests.platform import Platform

ALL = ("catalog", "enrolment", "membership", "notifications")
PLACES = {
    "commands.after_commit": ALL,  # a request took effect, its client knows nothing yet
    "delivery.before_mark": ALL,  # a batch was handled, nothing of it is committed
    "delivery.after_handle": ALL,  # it is committed, the batch is not over
    "delivery.before_offset_commit": ALL,  # its offsets are not committed
    "relay.after_publish": ALL,  # Kafka has the events, the outbox has not forgotten them
    "mail.after_answer": ("notifications",),  # the server took a mail, nobody wrote that down
}


class Place:
    """One place in one service."""

    def __init__(self, platform: Platform, service: str, name: str) -> None:
        self._stack, self.service, self.name = platform.stack, service, name
        folder = Path(platform.stack.settings.extra["KC_FAULTS_DIR"])
        self._armed = folder / f"{service}.{name}"

    def arm(self, number: int = signal.SIGKILL) -> int:
        """Whoever comes by first gets this signal. The pid that the service has now."""
        for old in self._armed.parent.glob(f"{self._armed.name}*"):
            old.unlink()
        pid = self._stack.pid(self.service)
        draft = self._armed.with_name("draft")
        draft.write_text(str(int(number)))
        draft.rename(self._armed)
        return pid

    def hit(self, seconds: float = 90) -> int:
        """Wait until somebody was hit there; the pid."""
        name = self._armed.name

        def pids() -> list[int]:
            return [int(p.name.rpartition(".")[2]) for p in self._armed.parent.glob(f"{name}.*")]

        return until(pids, seconds, f"{self.service} at {self.name}")[0]

    def disarm(self) -> None:
        """Whatever happened: nobody is hit from now on."""
        self._armed.unlink(missing_ok=True)
