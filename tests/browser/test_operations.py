"""The pages of operations with figures of a real Prometheus: alerts, charts, tables, times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from portal import panels
from portal.drawn import SPANS

from deploy.local.stack import Stack
from tests.browser import axe, measured
from tests.browser.measured import Measured
from tests.browser.person import PHONE, Person
from tests.browser.test_pages import WIDTH, look
from tests.browser.world import World

Seat = Callable[..., Person]
SECTIONS = [section.name for section in panels.sections()]
NOTHING = {"de": "keine Werte", "en": "no values"}


@pytest.fixture(scope="module")
def prometheus(world: World) -> Iterator[Measured]:
    """The portal is told of it, and forgets it at the end."""
    stack = world.platform.stack
    with measured.running(stack.settings) as found:
        told = {**stack.settings.extra, "KC_PROMETHEUS_URL": found.url}
        Stack(replace(stack.settings, extra=told)).up()
        try:
            yield found
        finally:
            stack.up()


def see(otto: Person, path: str, name: str, lang: str = "de") -> None:
    """Open a page of operations, find something in every panel, and look at it."""
    assert otto.go(f"/en{path}" if lang == "en" else path) == 200
    assert otto.page.get_by_text(NOTHING[lang]).count() == 0
    assert otto.page.locator(".kc-down").count() == 0
    look(otto, f"{lang}-{name}")
    assert otto.said == []


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("alarmed", [True, False])
def test_what_fires_stands_first_and_hinders_nobody(
    seat: Seat, prometheus: Measured, lang: str, alarmed: bool
) -> None:
    prometheus.alarm(alarmed)
    otto = seat("otto.ops")
    see(otto, "/betrieb", f"figures-alarm-{'on' if alarmed else 'off'}", lang)
    assert otto.page.locator(".kern-alert").count() == 2 * alarmed
    assert otto.page.locator("svg[role=img]").count() == 4


@pytest.mark.parametrize("span", SPANS)
def test_every_time_of_the_overview_with_a_table(
    seat: Seat, prometheus: Measured, span: str
) -> None:
    prometheus.alarm(False)
    otto = seat("otto.ops")
    table = panels.slug("Consumers behind")
    see(otto, f"/betrieb?zeitraum={span}&tabelle={table}", f"figures-table-{span}")
    assert otto.page.locator(f"#{table} tbody tr").count() > 5


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(("lang", "span"), [*(("de", span) for span in SPANS), ("en", "24h")])
def test_every_panel_of_the_dashboards_is_drawn(
    seat: Seat, prometheus: Measured, section: str, lang: str, span: str
) -> None:
    prometheus.alarm(False)
    otto = seat("otto.ops")
    path = f"/betrieb/kennzahlen?bereich={section}&zeitraum={span}"
    see(otto, path, f"figures-{section}-{span}", lang)
    shown = otto.page.locator("figure.kc-chart, .kc-kpi").count()
    assert shown == next(len(s.panels) for s in panels.sections() if s.name == section)


def test_sections_times_and_tables_by_keyboard_and_the_focus_stays(
    seat: Seat, prometheus: Measured
) -> None:
    prometheus.alarm(False)
    otto = seat("otto.ops")
    page = otto.page
    otto.go("/betrieb")
    page.locator("#zeit-24h").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/betrieb?zeitraum=24h")
    assert page.locator("#zeit-24h").get_attribute("aria-current") == "page"
    otto.go("/betrieb/kennzahlen")
    page.locator(f"#bereich-{SECTIONS[0]}").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**bereich={SECTIONS[1]}*")
    name = panels.slug("Age of the outbox")
    page.locator(f"#{name}-t").focus()
    page.keyboard.press("Enter")
    page.locator(f"#{name} table").wait_for()
    page.locator(f"#{name}-t").focus()
    before = page.locator(".kc-live").inner_text()
    page.wait_for_function("was => document.querySelector('.kc-live').innerText != was", arg=before)
    assert page.evaluate("document.activeElement.id") == f"{name}-t"
    assert axe.violations(page) == []


def test_the_narrowest_screen_holds_charts_and_tables(seat: Seat, prometheus: Measured) -> None:
    prometheus.alarm(True)
    otto = seat("otto.ops", size=(320, PHONE[1]))
    open_table = f"tabelle={panels.slug('Consumers behind')}"
    paths = [f"/betrieb/kennzahlen?bereich={section}&{open_table}" for section in SECTIONS]
    for path in (f"/betrieb?{open_table}", *paths):
        otto.go(path)
        assert otto.page.evaluate(WIDTH) <= 0, path
