"""The page of a course while one chooses, and what was sent when the session was over."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable

import asyncpg

from tests.browser import axe
from tests.browser.person import Person, beside
from tests.browser.test_deeds import without
from tests.browser.world import BOOK, World
from tests.platform import an_offer

Seat = Callable[..., Person]


def end_session(world: World, person: Person) -> None:
    """The portal forgets a session; the window does not know."""
    (cookie,) = [each for each in person.context.cookies() if each["name"] == "kc_sitzung"]
    url = world.platform.stack.database_url("portal", admin=True).replace("+asyncpg", "")
    id_hash = hashlib.sha256(cookie["value"].encode()).digest()

    async def forget() -> str:
        connection = await asyncpg.connect(url)
        try:
            done = await connection.execute("DELETE FROM session WHERE id_hash = $1", id_hash)
            return str(done)
        finally:
            await connection.close()

    assert beside(lambda: asyncio.run(forget())) == "DELETE 1"


def two_dates(world: World, title: str) -> tuple[str, str]:
    """A course with a date in April and one in June; the ids of the course and of April."""
    april = an_offer("", 1)["runs"][0]
    june = {
        **april,
        "run_ref": "b",
        "capacity": 5,
        "starts_at": "2027-06-14T07:00:00Z",
        "ends_at": "2027-06-14T14:00:00Z",
        "booking_closes_at": "2027-06-01T21:59:59Z",
        "cancellation_policy": [
            {"days_before": 30, "percent": 0},
            {"days_before": 0, "percent": 50},
        ],
    }
    run_id = beside(lambda: world.platform.a_run(1, title=title, runs=[april, june]))
    with world.platform.as_user("anna.employee") as anna:
        offer_id = beside(lambda: anna.get(f"/api/catalog/runs/{run_id}"))["offer_id"]
    return offer_id, run_id


def test_choosing_another_date_changes_all_that_depends_on_it(seat: Seat, world: World) -> None:
    offer_id, april = two_dates(world, "Zwei Termine")
    anna = seat("anna.employee")
    anna.go(f"/kurse/{offer_id}?termin={april}")
    box, rules = anna.page.locator("#gewaehlt"), anna.page.locator("#absagen")
    assert "5. April 2027" in box.inner_text()
    assert "22. März 2027" in rules.inner_text()
    june = anna.page.locator(f'input[name=termin]:not([value="{april}"])')
    june.focus()
    june.check()
    box.get_by_text("14. Juni 2027").wait_for()
    rules.get_by_text("15. Mai 2027").wait_for()
    assert "statt 441" in box.inner_text(), "the price of a member, in a piece too"
    chosen = june.get_attribute("value")
    assert anna.page.url.endswith(f"?termin={chosen}")
    assert anna.page.evaluate("document.activeElement.value") == chosen
    anna.page.reload()
    assert june.is_checked()
    assert anna.said == []


def test_the_button_changes_when_the_last_seat_goes(seat: Seat, world: World) -> None:
    offer_id, april = two_dates(world, "Der letzte Platz")
    anna = seat("anna.employee")
    anna.go(f"/kurse/{offer_id}?termin={april}")
    anna.page.get_by_role("button", name="Platz anfragen").wait_for()
    late = seat("anna.employee", java_script_enabled=False)  # nothing changes in this window
    late.go(f"/kurse/{offer_id}?termin={april}")
    body = {"run_id": april, "person_ref": "00000000-0000-4000-8000-000000000002"}
    with world.platform.as_user("carla.coordinator") as carla:
        beside(lambda: carla.post(BOOK, body, wait=10))
    anna.page.get_by_role("button", name="Auf die Warteliste").wait_for()
    late.press("Platz anfragen")
    late.page.wait_for_url(re.compile("/warteliste$"))
    assert late.heading() == "Der letzte Platz ist gerade vergeben worden"
    late.reads("Es wurde nichts gebucht.")
    late.press("Warteliste verlassen")
    late.press("Warteliste verlassen")
    late.page.wait_for_url("**/meine-kurse")


def test_a_part_comes_back_by_itself(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    with without(world, "enrolment"):
        anna.go(f"/kurse/{world.seen.offer_id}?termin={world.seen.free_run}")
        anna.reads("Anfragen ist gerade nicht möglich. Wir merken uns Ihre Auswahl.")
        assert anna.page.get_by_role("button", name="Platz anfragen").count() == 0
        anna.page.get_by_text("Wir versuchen es von selbst wieder.").wait_for(state="visible")
    anna.page.get_by_role("button", name="Platz anfragen").wait_for()
    assert anna.page.locator(f'input[value="{world.seen.free_run}"]').is_checked()


def test_without_a_script_what_was_sent_too_late_is_sent_once_more(
    seat: Seat, world: World
) -> None:
    anna = seat(java_script_enabled=False)
    anna.sign_in("anna.employee")
    anna.go("/einstellungen")
    anna.page.fill("#ruhe_von", "21:15")
    anna.page.fill("#ruhe_bis", "06:45")
    end_session(world, anna)
    anna.press("Speichern")  # the identity provider still knows her
    anna.page.wait_for_url("**/noch-einmal/*")
    assert anna.heading() == "Ihre Eingaben sind gespeichert"
    anna.press("Noch einmal senden")
    anna.page.locator(".kern-alert--success").wait_for()
    assert anna.page.input_value("#ruhe_von") == "21:15"
    anna.page.fill("#ruhe_von", "")
    anna.page.fill("#ruhe_bis", "")
    anna.press("Speichern")
    anna.page.locator(".kern-alert--success").wait_for()


def test_the_pages_on_the_way_hinder_nobody(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    anna.go("/einstellungen")
    anna.page.evaluate(
        """() => { const secret = document.querySelector('main input[name=_csrf]');
        secret.value = secret.value.slice(0, 16) + '0'.repeat(40) }"""
    )
    anna.press("Speichern")
    anna.reads("Ihre Eingaben sind gespeichert")
    assert axe.violations(anna.page) == []
    anna.shoot("de-once-more-desktop-light")
