"""Relay and consumer as the chassis has them: two steps each, and a crash may fall between.

`chassis.relay` sends and then forgets; `chassis.delivery` handles (inbox, handler, commit) and then
commits the offset. The real ones are killed at the same points in `tests/failure`.
"""

from typing import NamedTuple

Records = tuple[int, ...]


class Outbox(NamedTuple):
    """What waits to be sent. `hand` is in memory only: what was sent and not yet forgotten."""

    rows: Records = ()
    hand: Records = ()


class Inbox(NamedTuple):
    """A consumer of a topic: records behind the committed offset, and what it remembers.

    `handled` is in memory only. `seen` is the inbox, as far as its ids can come again. `owed` is
    the promise: what was told and has had no effect yet.
    """

    queue: Records = ()
    handled: int = 0
    seen: frozenset[int] = frozenset()
    owed: frozenset[int] = frozenset()


class Relay:
    """Sends what stands in the outbox, in order, and then forgets it."""

    def can_send(self, box: Outbox) -> bool:
        """Something waits."""
        return len(box.hand) < len(box.rows)

    def can_forget(self, box: Outbox) -> bool:
        """Something was sent."""
        return bool(box.hand)

    def send(self, box: Outbox) -> tuple[Outbox, Records]:
        """Send the next row."""
        following = box.rows[len(box.hand)]
        return box._replace(hand=(*box.hand, following)), (following,)

    def forget(self, box: Outbox) -> tuple[Outbox, Records]:
        """Delete what was sent."""
        return Outbox(box.rows[len(box.hand) :]), ()

    def crash(self, box: Outbox) -> Outbox:
        """The process dies."""
        return Outbox(box.rows)


class Consumer:
    """Handles records in order, each once, and commits how far it came."""

    def can_handle(self, box: Inbox) -> bool:
        """A record is there."""
        return box.handled < len(box.queue)

    def can_commit(self, box: Inbox) -> bool:
        """Something was handled."""
        return box.handled > 0

    def handle(self, box: Inbox, count: int = 1) -> tuple[Inbox, Records]:
        """Handle the next records as one batch; which of them have an effect."""
        batch = box.queue[box.handled : box.handled + count]
        fresh = self.admit(box, batch)
        return box._replace(handled=box.handled + count, seen=box.seen | set(batch)), fresh

    def admit(self, box: Inbox, batch: Records) -> Records:
        """Those that the inbox does not know, each once."""
        return tuple(record for record in dict.fromkeys(batch) if record not in box.seen)

    def commit(self, box: Inbox) -> Inbox:
        """Commit the offset behind the last handled record."""
        return box._replace(queue=box.queue[box.handled :], handled=0)

    def crash(self, box: Inbox) -> Inbox:
        """The process dies: the next one begins at the committed offset."""
        return box._replace(handled=0)
