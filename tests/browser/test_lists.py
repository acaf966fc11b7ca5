"""A list with more rows than one page: the next ones come behind, and it goes on at the first."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from tests.browser.person import Person, beside
from tests.browser.test_pages import look
from tests.browser.world import BOOK, World

Seat = Callable[..., Person]
ROWS = "#liste tbody tr"


def _booked(world: World, count: int) -> str:
    """A run on which so many people are booked."""
    run_id = world.platform.a_run(capacity=count, title=f"Viele {uuid4().hex[:6]}")
    with world.platform.as_user("carla.coordinator") as carla:
        people = [{"person_ref": str(uuid4())} for _ in range(count)]
        carla.post(f"{BOOK}/bulk", {"run_id": run_id, "people": people}, wait=10)
    return run_id


def test_more_rows_come_behind_the_others_and_the_first_of_them_has_the_focus(
    seat: Seat, world: World
) -> None:
    run_id = beside(lambda: _booked(world, 30))
    carla = seat("carla.coordinator")
    carla.go(f"/buchungen?termin={run_id}")
    assert carla.page.locator(ROWS).count() == 25
    carla.page.locator("tbody .kc-tick").first.check()
    carla.press("Weitere Buchungen anzeigen")
    carla.page.locator(ROWS).nth(29).wait_for()
    carla.page.locator(ROWS).nth(25).locator("th:focus").wait_for()
    carla.reads("1 ausgewählt")
    assert carla.page.url.endswith(f"termin={run_id}&zeilen=50")
    look(carla, None)
    carla.page.reload()
    assert carla.page.locator(ROWS).count() == 30
    assert carla.said == []


def test_without_a_script_the_link_leads_to_the_first_new_row(seat: Seat, world: World) -> None:
    run_id = beside(lambda: _booked(world, 30))
    carla = seat("carla.coordinator", java_script_enabled=False)
    carla.go(f"/buchungen?termin={run_id}")
    carla.press("Weitere Buchungen anzeigen")
    carla.page.wait_for_url("**#neu")
    assert carla.page.locator(ROWS).count() == 30
    assert carla.page.locator(ROWS).nth(25).locator("#neu").count() == 1
