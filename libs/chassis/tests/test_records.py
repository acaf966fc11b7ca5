"""Reading records: whatever a stranger writes, it is read or found unreadable, never an error."""

from uuid import UUID, uuid4

import pytest
from chassis.records import Delivery, Poison, RawRecord, Record, read
from chassis.testing import TestApp
from contracts.base import Event
from contracts.catalog import RunCancelled

from libs.chassis.tests.conftest import a_cancelled_run, times_heard

BEYOND = -(10**17)  # milliseconds; no calendar reaches there


def a_record(event: RunCancelled, timestamp: int = 0, **headers: str) -> Record:
    """The event as it lies on its topic."""
    ours = {"ce_id": str(uuid4()), "ce_type": event.type, **headers}
    listed = [(name, value.encode()) for name, value in ours.items()]
    key, value = event.key.encode(), event.model_dump_json().encode()
    return Record(
        "catalog.runs", 0, 7, timestamp, 0, key, value, None, len(key), len(value), listed
    )


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("timestamp", [BEYOND, 2**62, -1])
def test_a_time_beyond_the_calendar_is_read(raw: bool, timestamp: int) -> None:
    content = read(a_record(a_cancelled_run(), timestamp), raw).content
    assert isinstance(content, Event | RawRecord)


@pytest.mark.parametrize("version", ["9" * 5000, "9" * 30, "\u0663", "-1", ""])
def test_a_version_that_is_no_number_of_ours_is_no_version(version: str) -> None:
    content = read(a_record(a_cancelled_run(), ce_aggregateversion=version), raw=False).content
    assert isinstance(content, Event)
    assert content.meta.version is None


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("odd", ["petra.m@kreis.example", "x" * 70_000, "short", "a b c d e f", ""])
def test_a_thread_that_has_not_its_form_goes_no_further(raw: bool, odd: str) -> None:
    names = ("ce_correlationid", "ce_causationid", "traceparent")
    delivery = read(a_record(a_cancelled_run(), 0, **dict.fromkeys(names, odd)), raw)
    assert isinstance(delivery.content, Event | RawRecord)
    cause = delivery.content.cause
    assert cause is not None
    assert odd not in (cause.correlation_id, cause.causation_id, cause.traceparent)
    assert UUID(cause.correlation_id)
    assert delivery.correlation_id == cause.correlation_id


@pytest.mark.parametrize("raw", [True, False])
def test_a_thread_in_its_form_goes_on(raw: bool) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"ce_correlationid": "one-thread", "traceparent": trace}
    content = read(a_record(a_cancelled_run(), 0, **headers), raw).content
    assert isinstance(content, Event | RawRecord)
    assert content.cause is not None
    assert (content.cause.correlation_id, content.cause.traceparent) == ("one-thread", trace)


def test_what_breaks_the_reader_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Delivery:
        raise RecursionError

    monkeypatch.setattr("chassis.records._read", broken)
    delivery = read(a_record(a_cancelled_run()), raw=False)
    assert delivery.content == Poison("unreadable", "RecursionError")


async def test_a_record_with_an_odd_version_does_not_stop_its_topic(app: TestApp) -> None:
    odd, good = a_cancelled_run(), a_cancelled_run()
    for event, version in ((odd, b"9" * 5000), (good, b"1")):
        headers = [
            ("ce_id", str(uuid4()).encode()),
            ("ce_type", event.type.encode()),
            ("ce_aggregateversion", version),
        ]
        value = event.model_dump_json().encode()
        await app.send_raw(("catalog.runs", event.key.encode(), value, headers))
    await app.settled()
    assert await times_heard(app, odd.run_id) == 1
    assert await times_heard(app, good.run_id) == 1
