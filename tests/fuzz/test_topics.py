"""The topic campaign finds what it must: bad ends of records, a broken handler, a standstill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from chassis.delivery import Delivered
from chassis.outbox import pack
from chassis.records import Record
from chassis.testing import Servers
from chassis.testing_issuer import Issuer
from membership.handlers import quotes

from tests.fuzz import records
from tests.fuzz.campaign import Report, keep, kept_records
from tests.fuzz.inputs import RecordInput
from tests.fuzz.topics import Sent, TopicCampaign, _as_read, set_aside
from tests.fuzz.worker import at_work

CANARY = "kc0123456789abcd"


class Place:
    """Where Kafka put a record."""

    partition, offset, timestamp = 0, 7, 0


def a_record(marker: bool = False) -> Sent:
    """One that was sent."""
    given = records.fresh(records.good()[0], Random(1))
    return Sent(given, _as_read(given, Place()), marker)


def a_row(one: Sent, **changes: Any) -> dict[str, Any]:
    """How it is set aside as it should be, with changes."""
    row = {
        "reason": "invalid",
        "detail": "/seats: missing",
        "payload": one.given.value,
        "key": one.given.key,
        "headers": pack(one.given.headers),
    }
    return row | changes


def test_a_record_that_is_set_aside_as_it_was_is_no_finding() -> None:
    one = a_record()
    assert list(set_aside(one, a_row(one))) == []


PLANTED: list[tuple[dict[str, Any], str]] = [
    ({"payload": b"{}"}, "other bytes"),
    ({"payload": None}, "other bytes"),
    ({"key": b"other"}, "other bytes"),
    ({"headers": "[]"}, "other headers"),
    ({"reason": "handler-failed", "detail": "KeyError"}, "a handler fails: KeyError"),
    ({"reason": "handler-failed", "detail": "DataError"}, "a handler fails: DataError"),
]


@pytest.mark.parametrize(("changes", "said"), PLANTED)
def test_a_record_that_is_set_aside_badly_is_found(changes: dict[str, Any], said: str) -> None:
    one = a_record()
    assert said in "; ".join(set_aside(one, a_row(one, **changes)))


def test_a_good_record_that_is_set_aside_is_found() -> None:
    one = a_record(marker=True)
    assert "a good record was set aside" in list(set_aside(one, a_row(one)))


async def report_of_membership(
    servers: Servers, issuer: Issuer, deadline: float, kept: Sequence[RecordInput] = ()
) -> Report:
    """What a short campaign finds in one service; without mutants where records are kept."""
    report = Report()
    async with at_work("membership", servers, issuer) as app:
        campaign = TopicCampaign({"membership": app}, servers.kafka, report)
        await campaign.run(1, len(kept) or 60, deadline, kept)
    return report


async def found_in_membership(servers: Servers, issuer: Issuer, deadline: float) -> str:
    """The findings alone."""
    return "\n".join((await report_of_membership(servers, issuer, deadline)).counts)


async def test_the_service_as_it_is_has_no_findings(servers: Servers, issuer: Issuer) -> None:
    assert await found_in_membership(servers, issuer, 120) == ""


def broken(*_: object) -> None:
    """A handler with a bug."""
    raise KeyError


async def test_control_a_handler_that_fails_is_found(
    servers: Servers, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotes, "hear_bookings", broken)
    monkeypatch.setattr(Delivered, "ATTEMPTS", 1)  # patience would change nothing here
    found = await found_in_membership(servers, issuer, 120)
    assert "a handler fails: KeyError" in found
    assert "a good record was set aside" in found


async def test_a_record_that_failed_is_kept_and_sent_first_the_next_time(
    servers: Servers, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Delivered, "ATTEMPTS", 1)
    with monkeypatch.context() as broken_once:
        broken_once.setattr(quotes, "hear_bookings", broken)
        keep("topics", await report_of_membership(servers, issuer, 120), tmp_path)
    kept = kept_records("topics", tmp_path)
    assert kept
    again = await report_of_membership(servers, issuer, 120, kept)
    assert again.total == len(kept)
    assert not again.counts


async def test_control_a_partition_that_stands_still_is_found(
    servers: Servers, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Delivered.batch

    async def without_one(self: Delivered, batch: Sequence[Record], consumer: Any) -> None:
        await whole(self, [record for record in batch if record.partition != 2], consumer)

    monkeypatch.setattr(Delivered, "batch", without_one)
    found = await found_in_membership(servers, issuer, 10)
    assert "partition 2 stands still" in found
    assert "a good record is not handled on partition 2" in found
    assert "partition 1" not in found
