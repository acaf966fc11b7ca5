"""Many rows at once: ticked in the list, repeated on a page, done for each."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Response

from tests.browser.person import DESKTOP, PHONE, Person, beside
from tests.browser.test_deeds import a_request, state
from tests.browser.test_pages import look
from tests.browser.world import BOOK, World

Seat = Callable[..., Person]


def test_two_requests_are_approved_and_then_called_off(seat: Seat, world: World) -> None:
    name = f"Zwei {uuid4().hex[:6]}"
    ids = beside(lambda: [a_request(world, f"{name} {letter}") for letter in "AB"])
    paul, carla = seat("paul.approver"), seat("carla.coordinator")
    paul.go(f"/freigaben?q={name.replace(' ', '+')}")
    for id_ in ids:
        paul.page.check(f"#w-{id_}")
    paul.reads("2 ausgewählt")
    paul.page.locator("#mehrere button[value=freigeben]").click()
    paul.press("2 Anfragen freigeben, 706,00 €")
    paul.reads("2 Anfragen sind freigegeben.")
    assert beside(lambda: {state(world, id_) for id_ in ids}) == {"confirmed"}
    carla.go(f"/buchungen?q={name.replace(' ', '+')}")
    carla.page.check("[data-pick-all] input")
    carla.reads("2 ausgewählt")
    carla.page.locator("#mehrere button[value=absagen]").click()
    assert carla.heading() == "Buchungen absagen"
    carla.shoot("mehrere-absagen")
    carla.page.get_by_role("button", name="2 Buchungen absagen").click()
    carla.reads("2 Buchungen sind abgesagt.")
    assert beside(lambda: {state(world, id_) for id_ in ids}) == {"cancelled"}


def booked(world: World, title: str, count: int, **codes: str) -> list[str]:
    """Carla books so many people into a course of this name; the ids of the bookings."""
    run_id = world.platform.a_run(capacity=count, title=title)
    with world.platform.as_user("carla.coordinator") as carla:
        wishes = [{"run_id": run_id, "person_ref": str(uuid4()), **codes} for _ in range(count)]
        return [str(carla.post(BOOK, wish, wait=10)["enrolment_id"]) for wish in wishes]


def codes_of(world: World, ids: list[str]) -> list[tuple[str | None, str | None]]:
    """Where the costs of bookings are booked."""
    with world.platform.as_user("carla.coordinator") as carla:
        seen = [carla.get(f"{BOOK}/{id_}") for id_ in ids]
    return [(each.get("cost_centre"), each.get("order_reference")) for each in seen]


def walk_to(person: Person, selector: str) -> None:
    """By the Tab key."""
    there = f"document.activeElement.matches({selector!r})"
    for _ in range(60):
        person.page.keyboard.press("Tab")
        if person.page.evaluate(there):
            return
    raise AssertionError(f"the Tab key does not lead to {selector}")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_two_bookings_get_another_cost_centre_by_keyboard_only(
    seat: Seat, world: World, size: tuple[int, int]
) -> None:
    title = f"Kosten {uuid4().hex[:6]}"
    known = {"cost_centre": "11201", "order_reference": "B-7"}
    ids = beside(lambda: booked(world, title, 2, **known))
    carla = seat("carla.coordinator", size=size)
    carla.go(f"/buchungen?q={title.replace(' ', '+')}")
    keys = carla.page.keyboard
    for box in ("[data-pick-all] input", "#mehrere button[value=kostenstelle]"):
        walk_to(carla, box)
        keys.press("Space" if box.endswith("input") else "Enter")
    carla.page.wait_for_url("**/buchungen/mehrere?*")
    assert carla.heading() == "Kostenstelle ändern"
    assert carla.page.get_by_text("11201").count() == 2
    walk_to(carla, "#kostenstelle")
    keys.type("für alle")
    keys.press("Enter")
    carla.reads("Bitte prüfen Sie eine Angabe")
    wrong = carla.page.locator("#kostenstelle[aria-invalid=true]")
    assert wrong.input_value() == "für alle"
    look(carla, f"mehrere-kostenstelle-{size[0]}")
    carla.page.set_viewport_size({"width": size[0], "height": size[1]})
    walk_to(carla, "#kostenstelle")
    keys.type("52100")  # a field that is walked to has its text selected
    walk_to(carla, "#bestellnummer-weg")
    keys.press("Space")
    walk_to(carla, "form .kern-btn--primary")
    keys.press("Enter")
    carla.reads("2 Buchungen sind geändert.")
    assert carla.page.get_by_text("52100").count() == 2
    assert beside(lambda: codes_of(world, ids)) == [("52100", None)] * 2


def test_without_a_tick_the_list_says_what_to_do(seat: Seat) -> None:
    carla = seat("carla.coordinator")
    carla.go("/buchungen")
    carla.page.locator("#mehrere button[value=absagen]").click()
    carla.reads("Bitte wählen Sie zuerst mindestens eine Zeile aus.")


def _is_a_row(answer: Response) -> bool:
    return answer.url.endswith("/zeile")


def test_a_tick_survives_when_its_row_is_fetched_again(seat: Seat) -> None:
    carla = seat("carla.coordinator")
    carla.go("/buchungen")
    box = carla.page.locator("tbody .kc-tick").first
    box.check()
    with carla.page.expect_response(_is_a_row):
        box.evaluate("box => window.htmx.trigger(box.closest('tr'), 'live')")
    carla.page.wait_for_timeout(200)
    assert carla.page.locator("tbody .kc-tick").first.is_checked()
    carla.reads("1 ausgewählt")
