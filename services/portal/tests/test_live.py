"""What is told to whom, and how a stream is taken up again."""

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from aiokafka import ConsumerRecord
from chassis.auth import Actor
from chassis.brokers import Brokers
from portal.live import KEPT, OVERLAP_MS, REFRESH, Live, events_of

ORGANISATION, OTHER = uuid4(), uuid4()
ANNA, RUN, ENROLMENT = uuid4(), uuid4(), uuid4()


def record(topic: str, at: int = 1000, **body: object) -> ConsumerRecord:
    value = json.dumps({name: str(each) for name, each in body.items()}).encode()
    return ConsumerRecord(topic, 0, 0, at, 1, b"k", value, 0, 1, len(value), ())


def seat(at: int = 1000) -> ConsumerRecord:
    return record(
        "enrolment.seats",
        at,
        enrolment_id=ENROLMENT,
        run_id=RUN,
        organisation_id=ORGANISATION,
        person_ref=ANNA,
    )


def actor(ref: UUID | None = None, org: UUID | None = None, *roles: str, **more: str) -> Actor:
    return Actor(ref or uuid4(), org, frozenset(roles), more.get("provider"))


def names(record: ConsumerRecord, who: Actor | None) -> list[str]:
    return [event.name for event in events_of(record) if event.concerns(who)]


def test_seats_are_for_everybody_an_enrolment_is_for_those_concerned() -> None:
    assert names(seat(), None) == ["seats"]
    assert names(seat(), actor(ANNA, ORGANISATION, "employee")) == ["seats", "enrolment"]
    assert names(seat(), actor(None, ORGANISATION, "coordinator")) == ["seats", "enrolment"]
    assert names(seat(), actor(None, ORGANISATION, "employee")) == ["seats"]
    assert names(seat(), actor(None, OTHER, "coordinator")) == ["seats"]


def test_notices_and_verdicts_are_for_their_own() -> None:
    notice = record("notifications.notices", notice_id=uuid4(), recipient_ref=ANNA)
    assert names(notice, actor(ANNA)) == ["notice"]
    assert names(notice, actor()) == []
    verdict = record("catalog.verdicts", submission_id=uuid4(), provider_id="hs")
    assert names(verdict, actor(None, None, "provider", provider="hs")) == ["verdict"]
    assert names(verdict, actor(None, None, "provider", provider="other")) == []
    assert names(verdict, actor(None, None, "office")) == ["verdict"]


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"null", b'{"run_id": 3}', b"\xff"])
def test_what_cannot_be_read_means_nothing(value: bytes) -> None:
    broken = ConsumerRecord("enrolment.enrolments", 0, 0, 1, 1, None, value, 0, 0, len(value), ())
    assert list(events_of(broken)) == []


async def first(stream: AsyncIterator[bytes], count: int) -> list[bytes]:
    got = [await anext(stream) for _ in range(count)]
    await stream.aclose()  # type: ignore[attr-defined]
    return got[1:]  # the first says how soon to come back


async def test_who_comes_back_gets_what_was_missed_and_nothing_much_older() -> None:
    live = Live(Brokers("nowhere:1"))
    live._since_ms = 500
    told = (1000, 7000, 7000 + OVERLAP_MS, 8000 + OVERLAP_MS)
    for at in told:
        live._tell(seat(at))
    got = await first(live.stream(None, str(told[2])), 4)
    assert [each.split(b"\n")[0] for each in got] == [f"id: {at}".encode() for at in told[1:]]


async def test_what_came_a_little_late_from_another_partition_is_told_too() -> None:
    """The newest id that a client knows may be of an event that was read before an older one."""
    live = Live(Brokers("nowhere:1"))
    live._since_ms = 0
    live._tell(seat(9000))
    stream = live.stream(None, "")
    for _ in range(2):
        await anext(stream)
    live._tell(seat(8990))
    await stream.aclose()  # type: ignore[attr-defined]  # cut before it was read
    ids = {each.split(b"\n")[0] for each in await first(live.stream(None, "9000"), 3)}
    assert ids == {b"id: 8990", b"id: 9000"}


async def test_who_heard_nothing_yet_knows_from_when_on_to_come_back() -> None:
    live = Live(Brokers("nowhere:1"))
    assert await first(live.stream(None, ""), 2) == [b"event: beat\ndata: {}\n\n"]
    live._read_ms = 9000
    assert await first(live.stream(None, ""), 2) == [b"id: 9000\nevent: beat\ndata: {}\n\n"]


async def test_who_was_away_too_long_is_told_to_read_anew() -> None:
    live = Live(Brokers("nowhere:1"))
    live._since_ms = 500
    assert await first(live.stream(None, "400"), 2) == [REFRESH]
    for at in range(10_000, 10_000 + KEPT):
        live._tell(seat(at))
    assert await first(live.stream(None, "9000"), 2) == [REFRESH]


async def test_a_client_that_does_not_keep_up_is_told_to_read_anew() -> None:
    live = Live(Brokers("nowhere:1"))
    stream = live.stream(None, "")
    for _ in range(2):
        await anext(stream)  # it is there now, and reads nothing
    waiting = anext(stream)
    live._tell(seat(1))
    assert b"seats" in await waiting
    for at in range(2, 2000):
        live._tell(seat(at))
    assert await anext(stream) == REFRESH
    await stream.aclose()  # type: ignore[attr-defined]
    assert live._clients == set()
