"""Bugs in the rebuilt relay and consumer: what is forgotten, skipped or heard twice."""

import pytest

from services.enrolment.tests.model.mutants.planting import mutant
from services.enrolment.tests.model.wires import Consumer, Inbox, Outbox, Relay


@mutant("wires", "I14")
def forgotten_before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    """The relay deletes first: what is in its hand when it dies is lost."""

    def take(self: Relay, box: Outbox) -> tuple[Outbox, tuple[int, ...]]:
        return Outbox(box.rows[1:], (box.rows[0],)), ()

    def send(self: Relay, box: Outbox) -> tuple[Outbox, tuple[int, ...]]:
        return Outbox(box.rows), box.hand

    patch.setattr(Relay, "can_send", lambda self, box: bool(box.rows) and not box.hand)
    patch.setattr(Relay, "send", take)
    patch.setattr(Relay, "forget", send)


@mutant("wires", "I14")
def acknowledged_before_it_is_handled(patch: pytest.MonkeyPatch) -> None:
    """The offset is committed first: a crash skips the record (`handled` is -1 in between)."""

    def handle(self: Consumer, box: Inbox, count: int = 1) -> tuple[Inbox, tuple[int, ...]]:
        fresh = self.admit(box, box.queue[:1])
        return Inbox(box.queue[1:], 0, box.seen | set(fresh), box.owed), fresh

    patch.setattr(Consumer, "can_commit", lambda self, box: bool(box.queue) and not box.handled)
    patch.setattr(Consumer, "commit", lambda self, box: box._replace(handled=-1))
    patch.setattr(Consumer, "can_handle", lambda self, box: box.handled == -1)
    patch.setattr(Consumer, "handle", handle)
    patch.setattr(Consumer, "crash", lambda self, box: Inbox(box.queue[1:], 0, box.seen, box.owed))


@mutant("wires", "I17")
def no_inbox(patch: pytest.MonkeyPatch) -> None:
    """Everything that comes is new."""
    patch.setattr(Consumer, "admit", lambda self, box, batch: batch)
