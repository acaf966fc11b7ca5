"""What the relay may send from memory, and when it has to ask the table."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from chassis.letterbox import Letterbox
from chassis.outbox import Letter, Posted

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def posted(*numbers: int) -> list[Posted]:
    """Letters under these numbers."""
    return [Posted(n, Letter(UUID(int=n), "topic", b"key", [], b"{}", NOW)) for n in numbers]


def numbers(letters: Sequence[Posted] | None) -> list[int] | None:
    """Which letters these are; None: ask the table."""
    return None if letters is None else [one.seq for one in letters]


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.rung = 0

    def __call__(self) -> None:
        """Ring."""
        self.rung += 1


@pytest.fixture
def box() -> Letterbox:
    """One that has seen the table, which ended at 10."""
    box = Letterbox(Bell())
    box.found(posted(9, 10), complete=True)
    return box


def commit(box: Letterbox, *drawn: int) -> None:
    """One transaction puts letters there and commits."""
    box.drawn(posted(*drawn))
    box.committed(posted(*drawn))


def test_before_the_table_was_seen_nothing_is_sent_from_memory() -> None:
    box = Letterbox(Bell())
    commit(box, 11, 12)
    assert box.take() is None


def test_what_only_this_process_can_have_put_there_is_sent_from_memory(box: Letterbox) -> None:
    commit(box, 11, 12)
    assert numbers(box.take()) == [11, 12]
    assert numbers(box.take()) == []
    commit(box, 13)
    assert numbers(box.take()) == [13]


def test_a_number_of_somebody_else_sends_it_to_the_table(box: Letterbox) -> None:
    commit(box, 12)  # who has 11 may have told something older of the same key
    assert box.take() is None
    box.found(posted(11, 12), complete=True)
    assert numbers(box.take()) == []
    commit(box, 13)
    assert numbers(box.take()) == [13]


def test_a_running_transaction_of_our_own_holds_nobody_up(box: Letterbox) -> None:
    box.drawn(posted(11, 12))
    commit(box, 13)
    assert numbers(box.take()) == [13]
    box.committed(posted(11, 12))
    assert numbers(box.take()) == [11, 12]


def test_what_may_have_committed_without_an_answer_sends_the_next_one_to_the_table(
    box: Letterbox,
) -> None:
    box.drawn(posted(11))  # its COMMIT took effect, but the connection was lost before the answer
    box.abandoned(posted(11))
    commit(box, 12)  # of the same key, perhaps
    assert box.take() is None
    box.found(posted(11, 12), complete=True)
    assert numbers(box.take()) == []


def test_what_the_table_showed_of_a_lost_answer_is_not_waited_for(box: Letterbox) -> None:
    box.drawn(posted(11))
    box.found(posted(11), complete=True)
    box.abandoned(posted(11))
    commit(box, 12)
    assert numbers(box.take()) == [12]


def test_letters_of_several_transactions_go_in_the_order_of_their_numbers(box: Letterbox) -> None:
    box.drawn(posted(11))
    box.drawn(posted(12))
    box.committed(posted(12))
    box.committed(posted(11))
    assert numbers(box.take()) == [11, 12]


def test_what_the_table_showed_before_we_knew_is_not_sent_a_second_time(box: Letterbox) -> None:
    box.drawn(posted(11))
    box.found(posted(11), complete=True)  # committed there, its answer is not here yet
    box.committed(posted(11))
    assert numbers(box.take()) == []


def test_what_was_committed_after_the_table_was_read_still_waits(box: Letterbox) -> None:
    commit(box, 12)
    assert box.take() is None
    commit(box, 13)
    box.found(posted(11, 12), complete=True)
    assert numbers(box.take()) == [13]


def test_a_table_that_was_not_read_to_its_end_is_read_again(box: Letterbox) -> None:
    commit(box, 13)
    assert box.take() is None
    box.found(posted(11), complete=False)
    assert box.take() is None
    box.found(posted(12, 13), complete=True)
    assert numbers(box.take()) == []


def test_after_a_failure_all_begins_with_the_table(box: Letterbox) -> None:
    commit(box, 11)
    box.forget()
    assert not box
    assert box.take() is None


def test_only_what_committed_rings() -> None:
    bell = Bell()
    box = Letterbox(bell)
    box.drawn(posted(11))
    box.committed([])
    assert bell.rung == 0
    box.committed(posted(11))
    assert bell.rung == 1
