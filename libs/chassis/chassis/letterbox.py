"""What this process put into the outbox, as the relay needs it: in memory, in order.

The relay may send from memory only what nobody else can have something older of. Numbers of the
outbox tell: if every number up to ours was drawn by this process, no other replica has put
anything there before. Where a number is missing (another replica, a failed statement), the table
is read instead; the same holds at the start and after a failure.
"""

from collections.abc import Callable, Sequence

from chassis.outbox import Posted


class Letterbox:
    """The committed letters of this process that are not sent yet."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._drawn: set[int] = set()  # numbers of transactions that run
        self._early: set[int] = set()  # of those, what was read from the table before we knew
        self._waiting: list[Posted] = []
        self._floor: int | None = None  # up to here it is known what stands in the table

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def drawn(self, posted: Sequence[Posted]) -> None:
        """A transaction has put these there, and will commit or be abandoned."""
        self._drawn.update(one.seq for one in posted)

    def abandoned(self, posted: Sequence[Posted]) -> None:
        """It failed, or nobody knows: the answer to its COMMIT may be lost.

        From now on these numbers are missing, so that the table is asked before anything newer is
        sent: whoever tells of the same key next had to wait for the end of that transaction.
        """
        numbers = {one.seq for one in posted}
        self._drawn -= numbers
        self._early -= numbers

    def committed(self, posted: Sequence[Posted]) -> None:
        """It has committed."""
        for one in posted:
            self._drawn.discard(one.seq)
            if one.seq in self._early:
                self._early.discard(one.seq)
            else:
                self._waiting.append(one)
        if posted:
            self._wake()

    def forget(self) -> None:
        """Whatever waits is in the table; begin anew with that."""
        self._waiting.clear()
        self._early.clear()
        self._floor = None

    def take(self) -> list[Posted] | None:
        """All that waits, in order; None where the table has to be asked."""
        mine = sorted(self._waiting, key=lambda one: one.seq)
        if self._floor is None:
            return None
        if mine:
            known = {one.seq for one in mine} | self._drawn
            last = mine[-1].seq
            if not all(number in known for number in range(self._floor + 1, last + 1)):
                return None
            self._floor = max(self._floor, last)
            self._waiting.clear()
        return mine

    def found(self, rows: Sequence[Posted], complete: bool) -> None:
        """The table held these. `complete`: and nothing more."""
        numbers = {row.seq for row in rows}
        last = max(numbers, default=self._floor or 0)
        self._early |= numbers & self._drawn
        self._waiting = [one for one in self._waiting if one.seq not in numbers]
        self._floor = max(self._floor or 0, last) if complete else None
