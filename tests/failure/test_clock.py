"""The wall clock of the services jumps: an hour back, a day on, into the change to summer time.

libfaketime moves the clock of running processes (the monotonic one stays). Nothing is ordered by
it, what was answered once stays answered, deadlines follow the clock as they are documented, and
the day of a price is the one in Berlin.

Controls: each jump is seen in the answers of the service before the test goes on; the times that
were written down are not in the order of the line; a key that is old enough only after the jump
is forgotten by it.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from deploy.local.client import until
from tests.failure.bookers import BOOK
from tests.failure.servers import sql
from tests.failure.stand import Stand, StandClient

BERLIN = ZoneInfo("Europe/Berlin")
FAR = {"starts_at": "2028-09-04T07:00:00Z", "ends_at": "2028-09-04T14:00:00Z"}
FAR_RUN = {**FAR, "booking_closes_at": "2028-08-28T07:00:00Z"}
MOVED = ("membership", "enrolment")
AGED = """
    INSERT INTO idempotency (scope, key, fingerprint, created_at)
    VALUES ('test', $1, '', now() - $2::interval)
"""


@dataclass(frozen=True)
class Clock:
    """The one that enrolment and membership see."""

    stand: Stand
    file: Path

    def jump(self, by: timedelta | None = None, **hours_or_days: float) -> None:
        """So far from the true time, and wait until it is felt."""
        by = by or timedelta(**hours_or_days)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{by.total_seconds():+.0f}\n")
        os.replace(fresh, self.file)  # noqa: PTH105 - the processes read it all the time
        until(lambda: self._is_felt(by), 60, "the jump")

    def restart(self, service: str) -> None:
        """The service anew, with this clock."""
        self.stand.restart(
            service,
            LD_PRELOAD=str(_library()),
            FAKETIME_TIMESTAMP_FILE=str(self.file),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            NO_FAKE_STAT="1",  # compiled modules are told by the times of their files
        )

    def _is_felt(self, by: timedelta) -> bool:
        with self.stand.as_user() as carla:
            shown = carla.ask("GET", f"{BOOK}/{uuid4()}").headers["date"]
        return abs(parsedate_to_datetime(shown) - datetime.now(UTC) - by) < timedelta(seconds=30)


def _library() -> Path:
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None:
        pytest.fail("Only on Linux (x86_64) can the clock of a process be moved: no libfaketime.")
    return Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"


@pytest.fixture(scope="module")
def clock(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    """The clock of enrolment and membership; they end with the right time again."""
    made = Clock(stand, tmp_path_factory.mktemp("clock") / "offset")
    made.file.write_text("+0\n")
    now = datetime.now(UTC)
    stand.claims = {"iat": now - timedelta(days=900), "exp": now + timedelta(days=900)}
    for service in MOVED:
        made.restart(service)
    yield made
    stand.claims = {}
    for service in MOVED:
        stand.restart(service)


def book(carla: StandClient, run_id: str, key: str | None = None) -> dict[str, Any]:
    """A seat for somebody new."""
    found: dict[str, Any] = carla.post(
        BOOK, {"run_id": run_id, "person_ref": str(uuid4())}, key=key
    )
    return found


def shown(carla: StandClient, asked: dict[str, Any]) -> dict[str, Any]:
    """An enrolment now."""
    found: dict[str, Any] = carla.get(f"{BOOK}/{asked['enrolment_id']}")
    return found


def requested_at(stand: Stand, asked: dict[str, Any]) -> datetime:
    """When it says that it was asked for."""
    return datetime.fromisoformat(_event(stand, "enrolment.enrolments", asked)["requested_at"])


def _event(stand: Stand, topic: str, asked: dict[str, Any]) -> dict[str, Any]:
    def first() -> dict[str, Any] | None:
        told = stand.told(topic).values()
        mine = [b for b in told if b.get("enrolment_id") == asked["enrolment_id"]]
        return mine[0] if mine else None

    return until(first, 60, f"an event on {topic}")


def test_the_line_keeps_its_order_when_the_clock_jumps(stand: Stand, clock: Clock) -> None:
    run_id = stand.a_run(1, **FAR_RUN)
    asked = []
    with stand.as_user() as carla:
        for hours in (0, 24, -1, 3, -1, 0):
            clock.jump(hours=hours)
            asked.append(book(carla, run_id))
        until(lambda: shown(carla, asked[0])["state"] == "confirmed", 60, "the first seat")
        assert [shown(carla, one).get("place") for one in asked[1:]] == [1, 2, 3, 4, 5]
        times = [requested_at(stand, one) for one in asked]
        assert times != sorted(times)  # who orders by them gets another line
        carla.post(f"{BOOK}/{asked[0]['enrolment_id']}/cancellation")
        until(lambda: shown(carla, asked[1])["state"] == "offered", 60, "the offer to the first")
        assert {shown(carla, one)["state"] for one in asked[2:]} == {"waitlisted"}


def test_holds_and_offers_end_by_the_clock_and_do_not_come_back_with_it(
    stand: Stand, clock: Clock
) -> None:
    run_id = stand.a_run(1, **FAR_RUN)
    clock.jump(hours=0)
    with stand.as_user("anna", "employee") as anna, stand.as_user() as carla:
        held = anna.post(BOOK, {"run_id": run_id})
        until(lambda: shown(anna, held)["state"] == "awaiting_approval", 60, "the hold")
        behind = book(carla, run_id)
        clock.jump(hours=-1)
        assert shown(anna, held)["state"] == "awaiting_approval"
        clock.jump(days=8)  # beyond 48 office hours, whatever the day
        until(lambda: shown(anna, held)["state"] == "expired", 60, "the end of the hold")
        until(lambda: shown(carla, behind)["state"] == "offered", 60, "the offer to the next")
        clock.jump(hours=0)
        assert shown(anna, held)["state"] == "expired"
        assert shown(carla, behind)["state"] == "offered"
        clock.jump(days=18)
        until(lambda: shown(carla, behind)["state"] == "expired", 60, "the end of the offer")


def aged_key(stand: Stand, **age: float) -> str:
    """An idempotency key of so long ago, by the true time."""
    key = uuid4().hex
    sql(stand, AGED, key, timedelta(**age), database="enrolment")
    return key


def kept_keys(stand: Stand) -> set[str]:
    """The idempotency keys that enrolment knows."""
    return {row["key"] for row in sql(stand, "SELECT key FROM idempotency", database="enrolment")}


def marks(stand: Stand) -> set[UUID]:
    """What enrolment says that it has heard."""
    rows = sql(stand, "SELECT message_id FROM inbox", database="enrolment")
    return {row["message_id"] for row in rows}


@pytest.mark.parametrize(("hours", "younger_is_kept"), [(24, False), (-1, True)])
def test_housekeeping_forgets_nothing_young(
    stand: Stand, clock: Clock, hours: int, younger_is_kept: bool
) -> None:
    body = {"run_id": stand.a_run(3, **FAR_RUN), "person_ref": str(uuid4())}
    headers = {"Idempotency-Key": str(uuid4())}
    clock.jump(hours=0)
    with stand.as_user() as carla:
        first = carla.ask("POST", BOOK, body, headers)
        assert first.status_code == 202
        until(lambda: shown(carla, first.json())["state"] == "confirmed", 60, "the seat")
        heard = marks(stand)
        old, younger = aged_key(stand, days=8), aged_key(stand, days=6.5)
        clock.jump(hours=hours)
        clock.restart("enrolment")  # it keeps house at its start
        until(lambda: old not in kept_keys(stand), 60, "the end of an old key")
        assert (younger in kept_keys(stand)) == younger_is_kept  # seven days, by the moved clock
        assert marks(stand) >= heard != set()
        for back in (hours, 0):
            clock.jump(hours=back)
            again = carla.ask("POST", BOOK, body, headers)
            assert again.headers["Idempotency-Replayed"] == "true"
            assert again.content == first.content


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2027-03-28T00:58:00+00:00", "2027-03-28"),  # 1:58, two minutes before summer time
        ("2027-03-28T01:02:00+00:00", "2027-03-28"),  # 3:02, after it
        ("2027-03-27T23:30:00+00:00", "2027-03-28"),  # 0:30 in Berlin, still Saturday in UTC
        ("2027-03-28T22:30:00+00:00", "2027-03-29"),  # 0:30 in summer time
        ("2027-10-31T00:30:00+00:00", "2027-10-31"),  # 2:30 for the first time
        ("2027-10-31T01:30:00+00:00", "2027-10-31"),  # 2:30 for the second time
        ("2027-12-31T23:30:00+00:00", "2028-01-01"),
    ],
)
def test_the_day_of_the_price_is_the_one_in_berlin(
    stand: Stand, clock: Clock, moment: str, day: str
) -> None:
    run_id = stand.a_run(1, **FAR_RUN)
    clock.jump(datetime.fromisoformat(moment) - datetime.now(UTC))
    with stand.as_user() as carla:
        asked = book(carla, run_id)
    at = requested_at(stand, asked)
    assert abs(at - datetime.fromisoformat(moment)) < timedelta(seconds=90)
    quote = _event(stand, "membership.quotes", asked)
    assert quote["priced_for_on"] == day == at.astimezone(BERLIN).date().isoformat()
