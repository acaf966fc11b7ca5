"""Many rows at once: ticked in the list, repeated on a page, done for each."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Response

from tests.browser.person import Person, beside
from tests.browser.test_deeds import a_request, state
from tests.browser.world import World

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
