"""Ids of our own stand in the order of their time, and none comes twice."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122

from chassis.ids import ordered_id, ordered_ids

AT = datetime(2026, 11, 26, 8, 0, 0, 123_000, tzinfo=UTC)


def test_they_say_version_variant_and_millisecond() -> None:
    for one in ordered_ids(50, AT):
        assert (one.version, one.variant) == (7, RFC_4122)
        assert one.int >> 80 == int(AT.timestamp() * 1000)


def test_later_ones_are_greater_and_all_differ() -> None:
    moments = [AT + timedelta(milliseconds=n) for n in range(20)]
    found = [ordered_ids(100, at) for at in moments]
    for earlier, later in pairwise(found):
        assert max(earlier) < min(later)
    every = [one for some in found for one in some]
    assert len(set(every)) == len(every)
    assert ordered_ids(0, AT) == []


def test_an_id_of_now_is_between_its_neighbours() -> None:
    before, one, after = datetime.now(UTC), ordered_id(), datetime.now(UTC)
    assert int(before.timestamp() * 1000) <= one.int >> 80 <= int(after.timestamp() * 1000)
