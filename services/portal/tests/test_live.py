"""What is told to whom, and how a stream is taken up again."""

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from aiokafka import ConsumerRecord
from chassis.auth import Actor
from chassis.brokers import Brokers
from portal.live import KEPT, REFRESH, Live, events_of

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


async def test_who_comes_back_gets_what_was_missed_and_nothing_twice_as_old() -> None:
    live = Live(Brokers("nowhere:1"))
    live._since_ms = 500
    for at in (1000, 2000, 3000):
        live._tell(seat(at))
    got = await first(live.stream(None, "2000"), 3)
    assert [each.split(b"\n")[0] for each in got] == [b"id: 2000", b"id: 3000"]


async def test_who_was_away_too_long_is_told_to_read_anew() -> None:
    live = Live(Brokers("nowhere:1"))
    live._since_ms = 500
    assert await first(live.stream(None, "400"), 2) == [REFRESH]
    for at in range(1000, 1000 + KEPT):
        live._tell(seat(at))
    assert await first(live.stream(None, "600"), 2) == [REFRESH]


async def test_a_client_that_does_not_keep_up_is_told_to_read_anew() -> None:
    live = Live(Brokers("nowhere:1"))
    stream = live.stream(None, "")
    await anext(stream)  # it is there now, and reads nothing
    waiting = anext(stream)
    live._tell(seat(1))
    assert b"seats" in await waiting
    for at in range(2, 2000):
        live._tell(seat(at))
    assert await anext(stream) == REFRESH
    await stream.aclose()  # type: ignore[attr-defined]
    assert live._clients == set()
