"""What is let in, what is refused, and how the limit follows the measured time.

Without the limit (`max_in_flight=0`) everything is let in: seen in the control at the end.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from time import monotonic, time
from typing import Any

import pytest
from chassis import admission
from chassis.admission import Admission, Limit, Priority, priority_of
from chassis.settings import ServiceSettings

ID = "018f5b1e-7c3a-4c1d-9d9e-0123456789ab"
BOOK = "/api/enrolment/enrolments"
Handler = Callable[[], Awaitable[None]]


class Door:
    """An admission in front of a handler that the test holds open."""

    def __init__(self, handler: Handler | None = None, **settings: Any) -> None:
        self.leaving, self.begun, self.go = False, 0, asyncio.Event()
        self._handler = handler or self.go.wait
        made = ServiceSettings(database_url="x", issuer="x", jwks_url="x", **settings)
        self.admission = Admission(self._work, "test", made, lambda: self.leaving)

    async def _work(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.begun += 1
        await self._handler()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def ask(
        self, method: str = "POST", path: str = BOOK, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request, through the door."""
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        async def receive() -> Any:
            raise AssertionError("the body was asked for")

        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": named}
        await self.admission(scope, receive, send)
        shown = {k.decode().lower(): v.decode() for k, v in told[0]["headers"]}
        return told[0]["status"], shown, told[1]["body"]


async def at_once(door: Door, count: int, *asked: str) -> list[int]:
    """So many requests at the same time; their states, after the door was opened."""
    tasks = [asyncio.create_task(door.ask(*asked)) for _ in range(count)]
    await asyncio.sleep(0)
    door.go.set()
    return [status for status, _, _ in await asyncio.gather(*tasks)]


async def test_no_more_than_the_limit_are_at_work_and_the_rest_is_refused_at_once() -> None:
    door = Door(max_in_flight=10, min_in_flight=10)
    statuses = await at_once(door, 30, "POST", f"{BOOK}/{ID}/cancellation")
    assert (statuses.count(200), statuses.count(503), door.begun) == (10, 20, 10)
    assert door.admission.in_flight == 0


async def test_a_refusal_is_a_problem_with_retry_after_in_the_readers_language() -> None:
    door = Door(max_in_flight=1, min_in_flight=1)
    first = asyncio.create_task(door.ask())
    await asyncio.sleep(0)
    seconds = set()
    for _ in range(50):
        status, headers, body = await door.ask(
            accept_language="de", x_correlation_id="of-the-client-1"
        )
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        seconds.add(int(headers["retry-after"]))
    told = json.loads(body)
    assert told["code"] == "overloaded"
    assert told["instance"] == "urn:correlation:of-the-client-1"
    assert headers["x-correlation-id"] == "of-the-client-1"
    assert "Gerade nicht" in told["detail"]
    assert len(seconds) > 1, "all would come back at the same moment"
    door.go.set()
    assert (await first)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "priority"),
    [
        ("POST", f"{BOOK}/{ID}/cancellation", Priority.FINISH),
        ("DELETE", f"/api/catalog/things/{ID}", Priority.FINISH),
        ("PUT", "/api/notifications/people/me", Priority.FINISH),
        ("POST", BOOK, Priority.ASK),
        ("GET", f"{BOOK}/{ID}", Priority.SHOW),
        ("GET", "/api/membership/organisations/me", Priority.SHOW),
        ("GET", "/api/catalog/offers", Priority.BROWSE),
        ("HEAD", "/api/catalog/menu", Priority.BROWSE),
    ],
)
def test_the_priority_follows_from_what_is_asked(
    method: str, path: str, priority: Priority
) -> None:
    assert priority_of(method, path) is priority


async def test_browsing_is_given_up_first_and_decisions_last() -> None:
    door = Door(max_in_flight=10, min_in_flight=10)
    asked = [
        ("GET", "/api/catalog/offers"),
        ("GET", f"{BOOK}/{ID}"),
        ("POST", BOOK),
        ("POST", f"{BOOK}/{ID}/cancellation"),
    ]
    let_in = []
    tasks: list[asyncio.Task[Any]] = []
    for method, path in asked:
        before = door.begun
        tasks += [asyncio.create_task(door.ask(method, path)) for _ in range(10)]
        await asyncio.sleep(0)
        let_in.append(door.begun - before)
    assert let_in == [6, 2, 1, 1]
    door.go.set()
    await asyncio.gather(*tasks)


async def test_health_and_figures_are_never_refused() -> None:
    door = Door(max_in_flight=1, min_in_flight=1)
    first = asyncio.create_task(door.ask())
    await asyncio.sleep(0)
    door.go.set()
    for path in ("/health/live", "/health/serving", "/metrics"):
        assert (await door.ask("GET", path))[0] == 200
    await first


async def test_work_after_the_clients_deadline_is_not_begun() -> None:
    door = Door()
    door.go.set()
    status, headers, body = await door.ask(x_request_deadline=str(int(time() * 1000) - 5))
    assert (status, json.loads(body)["code"], door.begun) == (503, "too-late", 0)
    assert int(headers["retry-after"]) > 0
    for sent in (str(int(time() * 1000) + 5000), "soon", "1e400", "9" * 400, "-1", ""):
        assert (await door.ask(x_request_deadline=sent))[0] == 200


async def test_a_request_knows_its_deadline_and_outside_of_one_there_is_none() -> None:
    known = []

    async def look() -> None:
        known.append(admission.deadline() - monotonic())

    door = Door(look, patience_ms=800)
    await door.ask()
    await door.ask(x_request_deadline=str(int(time() * 1000) + 300))
    assert 0 < known[0] <= 0.8
    assert 0 < known[1] <= 0.31
    assert admission.deadline() == float("inf")


async def test_who_waits_for_something_to_be_settled_takes_no_place() -> None:
    settled = asyncio.Event()
    waited = []

    async def wait() -> None:
        with admission.parked() as may:
            waited.append(may)
            if may:
                await settled.wait()

    door = Door(wait, max_in_flight=2, min_in_flight=2, max_parked=5)
    tasks = []
    for _ in range(8):
        tasks.append(asyncio.create_task(door.ask()))
        await asyncio.sleep(0)
    assert (door.admission.in_flight, door.admission.parked) == (0, 5)
    settled.set()
    assert [status for status, _, _ in await asyncio.gather(*tasks)] == [200] * 8
    assert waited == [True] * 5 + [False] * 3, "the sixth does not wait"
    assert (door.admission.in_flight, door.admission.parked) == (0, 0)


async def test_a_handler_that_breaks_gives_its_place_back() -> None:
    async def broken() -> None:
        raise ArithmeticError

    door = Door(broken)
    for _ in range(3):
        with pytest.raises(ArithmeticError):
            await door.ask()
    assert door.admission.in_flight == 0


async def test_a_process_that_leaves_answers_and_lets_go_of_the_connection() -> None:
    door = Door()
    door.go.set()
    assert "connection" not in (await door.ask())[1]
    door.leaving = True
    status, headers, _ = await door.ask()
    assert (status, headers["connection"]) == (200, "close")


class Judged:
    """A limit in a time of its own."""

    def __init__(self) -> None:
        self.limit = Limit(lowest=10, highest=1000, target=0.25)
        self._now = monotonic()

    def after(self, seconds: float, windows: int) -> float:
        """The limit after so many windows of such answers, with somebody refused in each."""
        for _ in range(windows):
            self.limit.reached()
            self._now += Limit.WINDOW
            for _ in range(20):
                self.limit.took(seconds, self._now)
        return self.limit.value


def test_the_limit_shrinks_to_its_lowest_while_slow_and_grows_to_its_highest_while_quick() -> None:
    judged = Judged()
    assert judged.limit.value == 20
    assert judged.after(1.0, 50) == 10
    assert 10 < judged.after(0.01, 3) < 20, "slowly, or it would swing"
    assert judged.after(0.01, 100) == 1000


def test_the_limit_does_not_grow_while_nobody_is_refused() -> None:
    limit = Limit(lowest=10, highest=1000, target=0.25)
    now = monotonic()
    for n in range(100):
        limit.took(0.01, now + n)
    assert limit.value == 20


async def test_a_late_event_loop_lowers_the_limit() -> None:
    async def block() -> None:
        await asyncio.sleep(0)
        end = monotonic() + 0.3
        while monotonic() < end:
            pass
        await asyncio.sleep(0.05)

    door = Door(block, target_ms=100, min_in_flight=5)
    before = door.admission.limit.value
    for _ in range(3):
        await door.ask()
    assert door.admission.limit.value < before


async def test_control_without_a_limit_everything_is_let_in() -> None:
    door = Door(max_in_flight=0)
    assert await at_once(door, 3000) == [200] * 3000
