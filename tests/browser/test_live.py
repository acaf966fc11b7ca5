"""Live pages for people: in many tabs, by keyboard, by ear, and while there is no stream."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from playwright.sync_api import Page, Route, expect

from tests.browser.person import PATIENCE, Person, beside
from tests.browser.test_deeds import a_request
from tests.browser.world import BOOK, World

expect.set_options(timeout=PATIENCE)

Seat = Callable[..., Person]
NOTE = "[data-live-off]"
REGION = "[data-news]"
MARK = "id => { document.getElementById(id).marked = true }"
SWAPPED = "id => !document.getElementById(id).marked"
FOCUSED = """() => document.activeElement.getAttribute('aria-label') || document.activeElement.id"""


def approve(world: World, enrolment_id: str) -> None:
    """Somebody else decides."""
    with world.platform.as_user("paul.approver") as paul:
        path = f"{BOOK}/{enrolment_id}/approval"
        beside(lambda: paul.post(path, {"decision": "approve"}))


def cut(route: Route) -> None:
    """No stream comes through."""
    route.abort()


def test_every_tab_tells_of_an_interruption_and_looks_by_itself(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    anna.context.route("**/live*", cut)
    anna.go("/meine-kurse")
    second = anna.context.new_page()
    second.goto(f"{anna.base}/posteingang")
    for page in (anna.page, second):
        page.locator(NOTE).wait_for()
        assert re.search(r"Stand von \d\d:\d\d\.", page.locator(NOTE).inner_text())
        expect(page.locator(REGION)).to_have_text("Live-Anzeige unterbrochen")
    before = second.locator("[data-live-time]").get_attribute("datetime")
    with second.expect_response(lambda answer: answer.url.endswith("/posteingang")):
        pass  # without anybody doing anything
    expect(second.locator("[data-live-time]")).not_to_have_attribute("datetime", before or "")
    anna.context.unroute("**/live*", cut)
    for page in (anna.page, second):
        page.locator(NOTE).wait_for(state="hidden")


def test_a_new_message_is_counted_in_the_frame_of_every_page(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    id_ = beside(lambda: a_request(world, f"Gezählt {uuid4().hex[:6]}"))
    anna.go("/hilfe")
    count = anna.page.locator(".kc-inbox__count")
    before = int(count.inner_text())
    approve(world, id_)
    expect(count).not_to_have_text(str(before))
    assert int(count.inner_text()) > before


def test_what_concerns_the_person_is_said_and_not_too_often(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    names = [f"Gesagt {uuid4().hex[:6]}" for _ in range(2)]
    ids = beside(lambda: [a_request(world, name) for name in names])
    anna.go("/meine-kurse")
    region = anna.page.locator(REGION)
    assert region.get_attribute("role") == "status"
    approve(world, ids[0])
    expect(region).to_contain_text(f"{names[0]}: Bestätigt")
    approve(world, ids[1])
    anna.page.locator(f"[data-say='{names[1]}: Bestätigt']").wait_for(state="attached")
    anna.page.wait_for_timeout(1000)
    assert names[1] not in region.inner_text()
    expect(region).to_contain_text(f"{names[1]}: Bestätigt")


def test_a_deadline_is_said_an_hour_before_its_end_and_at_its_end(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    anna.context.clock.install()
    anna.go(f"/platz/{world.seen.offered}")
    timer, region = anna.page.get_by_role("timer"), anna.page.locator(REGION)
    until = datetime.fromisoformat(timer.get_attribute("data-until") or "")
    left = int((until - datetime.now(UTC)).total_seconds())
    clock = anna.context.clock
    clock.fast_forward((left - 2 * 3600) * 1000)
    expect(timer).to_have_text(re.compile("noch . Stunden?"))
    assert region.inner_text() == ""
    clock.fast_forward(3700 * 1000)
    clock.run_for(1000)
    expect(region).to_have_text(re.compile("die ersten 100 Tage: noch 1 Stunde$"))
    clock.fast_forward(3700 * 1000)
    clock.run_for(1000)
    expect(region).to_have_text(re.compile("die ersten 100 Tage: Die Frist ist abgelaufen$"))
    expect(timer).to_have_text("Die Frist ist abgelaufen")


def marked(page: Page) -> None:
    """So that a swap can be told."""
    page.evaluate(MARK, "freigaben")


def swapped(page: Page) -> None:
    """Wait until the part was fetched again, and what belongs to it is done."""
    page.wait_for_function(SWAPPED, arg="freigaben")
    page.wait_for_timeout(200)


def test_a_swap_keeps_the_focus_and_never_moves_it_to_another_button(
    seat: Seat, world: World
) -> None:
    name = f"Im Blick {uuid4().hex[:6]}"
    first, second = beside(lambda: [a_request(world, f"{name} {letter}") for letter in "AB"])
    paul = seat("paul.approver")
    paul.go(f"/freigaben?q={name.replace(' ', '+')}")
    button = paul.page.locator(f"#f-{first} form button")
    button.focus()
    label = button.get_attribute("aria-label")
    third = beside(lambda: a_request(world, f"{name} C"))
    paul.page.locator(f"#f-{third}").wait_for()
    paul.page.wait_for_timeout(200)
    assert paul.page.evaluate(FOCUSED) == label
    for id_, focused in ((first, f"f-{second}"), (second, f"f-{third}"), (third, "freigaben")):
        approve(world, id_)
        paul.page.locator(f"#f-{id_}").wait_for(state="detached")
        paul.page.wait_for_timeout(200)
        assert paul.page.evaluate(FOCUSED) == focused  # the next row, not its button


def test_a_swap_waits_while_somebody_types_and_keeps_what_was_typed(
    seat: Seat, world: World
) -> None:
    name = f"Getippt {uuid4().hex[:6]}"
    beside(lambda: a_request(world, f"{name} A"))
    paul = seat("paul.approver")
    paul.go(f"/freigaben?q={name.replace(' ', '+')}")
    marked(paul.page)
    paul.page.locator("#q").press("End")
    paul.page.keyboard.type(" und")
    beside(lambda: a_request(world, f"{name} B"))
    paul.page.wait_for_timeout(2000)
    assert not paul.page.evaluate(SWAPPED, "freigaben")
    paul.page.keyboard.type(" mehr")
    typed = paul.page.input_value("#q")
    assert typed.endswith("und mehr")
    paul.page.keyboard.press("Tab")
    swapped(paul.page)
    paul.reads(f"{name} B")
    assert paul.page.input_value("#q") == typed


def test_without_a_script_a_live_page_says_how_to_look_again(seat: Seat) -> None:
    anna = seat("anna.employee", java_script_enabled=False)
    anna.go("/meine-kurse")
    anna.press("Aktualisieren")
    assert anna.heading() == "Meine Kurse"
    with_script = seat("anna.employee")
    with_script.go("/meine-kurse")
    assert with_script.page.get_by_role("link", name="Aktualisieren").count() == 0
