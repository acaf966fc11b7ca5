"""The end of a session is said in time, and takes nothing that was typed with it.

The page's clock goes forward, and so does what the portal remembers of the session.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import asyncpg
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.person import PHONE, Person, beside
from tests.browser.test_pages import WIDTH
from tests.browser.world import World

Seat = Callable[..., Person]
BAR = ".kc-session"
COVERING = """() => [...document.querySelectorAll('main *')].filter(each =>
    each.closest('[data-session]') && ['fixed', 'sticky'].includes(getComputedStyle(each).position)
).map(each => each.className)"""
"""What of the warning lies over the page."""
AGE = "UPDATE session SET seen_at = seen_at - make_interval(mins => $2) WHERE id_hash = $1"


def let_pass(world: World, person: Person, minutes: int) -> None:
    """Let time pass for the session and for all windows, in which nothing is done."""
    (cookie,) = [each for each in person.context.cookies() if each["name"] == "kc_sitzung"]
    url = world.platform.stack.database_url("portal", admin=True).replace("+asyncpg", "")

    async def age() -> str:
        connection = await asyncpg.connect(url)
        try:
            id_hash = hashlib.sha256(cookie["value"].encode()).digest()
            return str(await connection.execute(AGE, id_hash, minutes))
        finally:
            await connection.close()

    assert beside(lambda: asyncio.run(age())) == "UPDATE 1"
    person.context.clock.fast_forward(minutes * 60_000)


def sit_down(seat: Seat, path: str) -> Person:
    """Anna in a session of her own, with a clock that can be moved."""
    anna = seat()
    anna.sign_in("anna.employee")
    anna.context.clock.install()
    anna.go(path)
    return anna


def bar(page: Page) -> str:
    """What the warning says."""
    return page.locator(BAR).inner_text()


def test_a_warning_comes_before_the_end_and_staying_takes_it_away(seat: Seat, world: World) -> None:
    anna = sit_down(seat, "/einstellungen")
    assert anna.page.locator(BAR).count() == 0
    let_pass(world, anna, 57)
    anna.page.locator(BAR).wait_for()
    assert "abgemeldet, weil Sie längere Zeit nichts aufgerufen haben" in bar(anna.page)
    assert anna.page.locator("main [data-session]").get_attribute("role") == "alert"
    assert anna.page.evaluate(COVERING) == []
    assert axe.violations(anna.page) == []
    anna.shoot("de-session-soon-desktop-light")
    anna.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert anna.page.evaluate(WIDTH) <= 0
    anna.shoot("de-session-soon-phone-light")
    anna.page.get_by_role("button", name="Angemeldet bleiben").press("Enter")
    anna.page.locator(BAR).wait_for(state="detached")
    assert anna.page.locator("[data-session]").inner_text() == "Sie bleiben angemeldet."
    let_pass(world, anna, 40)
    assert anna.go("/einstellungen") == 200
    assert "/einstellungen" in anna.page.url
    assert anna.said == []


def test_what_was_typed_outlives_the_session_and_can_be_sent_after_a_new_sign_in(
    seat: Seat, world: World
) -> None:
    anna = sit_down(seat, "/einstellungen")
    before = anna.page.locator("main input[name=_csrf]").first.input_value()
    anna.page.fill("#ruhe_von", "21:15")
    anna.page.fill("#ruhe_bis", "06:45")
    let_pass(world, anna, 75)
    anna.page.locator(BAR).wait_for()
    assert "Ihre Sitzung ist zu Ende." in bar(anna.page)
    anna.press("Speichern")  # would lead to the sign-in, and lose what was typed
    assert anna.page.evaluate("document.activeElement.textContent").startswith("Neu anmelden")
    assert anna.page.input_value("#ruhe_von") == "21:15"
    with anna.context.expect_page() as opened:
        anna.page.keyboard.press("Enter")
    opened.value.wait_for_url("**/hilfe")  # the identity provider still knows her
    anna.page.locator(BAR).wait_for(state="detached")
    assert anna.page.locator("main input[name=_csrf]").first.input_value() != before
    anna.press("Speichern")
    anna.page.locator(".kern-alert--success").wait_for()
    assert anna.page.input_value("#ruhe_von") == "21:15"
    anna.page.fill("#ruhe_von", "")  # others read her mails, at any hour
    anna.page.fill("#ruhe_bis", "")
    with anna.page.expect_navigation():
        anna.press("Speichern")
    anna.page.locator(".kern-alert--success").wait_for()
    assert anna.page.input_value("#ruhe_von") == ""


def test_many_windows_ask_once_and_all_hear_the_answer(seat: Seat, world: World) -> None:
    anna = sit_down(seat, "/hilfe")
    windows = [anna.page]
    for path in ("/einstellungen", "/posteingang", "/hilfe"):
        page = anna.context.new_page()
        page.goto(f"{anna.base}{path}")
        windows.append(page)
    asked: list[str] = []
    anna.context.on("request", lambda r: asked.append(r.url) if "/sitzung" in r.url else None)
    let_pass(world, anna, 57)
    for page in windows:
        page.locator(BAR).wait_for()
    assert len(asked) == 1
    windows[2].get_by_role("button", name="Angemeldet bleiben").click()
    for page in windows:
        page.locator(BAR).wait_for(state="detached")
    assert len(asked) == 2
