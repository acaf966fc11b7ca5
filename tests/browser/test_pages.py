"""Every page, in both languages, desktop and phone, light and dark: nothing hinders anybody."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from portal.pages import routes
from starlette.routing import Route

from tests.browser import axe
from tests.browser.person import DESKTOP, PHONE, Person
from tests.browser.places import FILES_AND_PIECES, ON_THE_WAY, cases, filled
from tests.browser.world import World

Seat = Callable[..., Person]
THEME = "theme => document.documentElement.dataset.kernTheme = theme"
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SQUEEZED = """() => [...document.querySelectorAll('.kern-btn')].filter(button => {
    const outer = button.getBoundingClientRect(), label = button.querySelector('.kern-label');
    const inner = label && outer.width ? label.getBoundingClientRect() : outer;
    const out = Math.max(outer.left - inner.left, inner.right - outer.right);
    return out > 1 || button.scrollWidth - outer.width > 1;
}).map(button => button.textContent.trim())"""
"""Buttons that are narrower than what they say."""
LOW = """() => [...document.querySelectorAll(
    'a[href], button, summary, select, textarea, input:not([type=hidden])'
)].filter(target => {
    const labels = [...(target.labels || []), target.closest('label')].filter(Boolean);
    const heights = [target, ...labels].map(each => each.getBoundingClientRect().height);
    const words = [...target.parentElement.childNodes].some(
        each => each.nodeType === Node.TEXT_NODE && each.textContent.trim());
    return target.checkVisibility() && !target.closest('.kern-sr-only') && Math.max(...heights) > 0
        && Math.max(...heights) < 43.5 && !(target.matches('a') && words);
}).map(target => (target.getAttribute('aria-label') || target.textContent || target.id).trim())"""
"""What can be pressed and is lower than 44 pixels; links in running text may be."""
EXPECTED_404 = "/gibt-es-nicht"


def look(person: Person, name: str | None) -> None:
    """The page that is open, in both sizes and themes; with a name, pictures are kept."""
    for size, width in (("desktop", DESKTOP), ("phone", PHONE)):
        person.page.set_viewport_size({"width": width[0], "height": width[1]})
        assert person.page.evaluate(SQUEEZED) == [], size
        assert person.page.evaluate(LOW) == [], size
        for theme, rules in (("light", axe.EVERYTHING), ("dark", axe.COLOURS)):
            person.page.evaluate(THEME, theme)
            found = axe.violations(person.page, rules)
            assert found == [], (size, theme)
            assert person.page.evaluate(WIDTH) <= 0, f"{size}: scrolls sideways"
            if name:
                person.shoot(f"{name}-{size}-{theme}")


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize(("user", "path"), cases())
def test_nothing_hinders_anybody(
    seat: Seat, world: World, user: str | None, path: str, lang: str
) -> None:
    person = seat(user)
    address = filled(path, world)
    status = person.go(f"/en{address}".removesuffix("/") if lang == "en" else address)
    assert status == (404 if path == EXPECTED_404 else 200)
    assert person.page.locator("html").get_attribute("lang") == lang
    name = re.sub(r"[^a-z0-9]+", "-", f"{lang}-{user or 'visitor'}{path}".lower()).strip("-")
    look(person, name if lang == "de" else None)
    heard = [line for line in person.said if not (path == EXPECTED_404 and "404" in line)]
    assert heard == []


def test_every_page_is_looked_at() -> None:
    id_ = re.compile(r"\{[^}]*\}")
    seen = {id_.sub("{}", path.partition("?")[0]) for _, path in cases()}
    seen |= {*FILES_AND_PIECES, *ON_THE_WAY}
    there = {
        id_.sub("{}", route.path)
        for route in routes()
        if isinstance(route, Route) and "GET" in (route.methods or ())
    }
    # an address with two parts (service and id) is written as one in the places
    assert {path.replace("{}/{}", "{}") for path in there} - seen == set()


def test_the_narrowest_screen_does_not_scroll_sideways(seat: Seat, world: World) -> None:
    person = seat("anna.employee", size=(320, 700))
    for path in ("/", "/kurse", "/kurse/{offer_id}", "/meine-kurse", "/einstellungen"):
        person.go(filled(path, world))
        assert person.page.evaluate(WIDTH) <= 0, path


def test_control_axe_and_the_console_tell_of_a_page_that_hinders(seat: Seat) -> None:
    person = seat()
    person.go("/hilfe")
    assert axe.violations(person.page) == []
    person.page.evaluate(
        """() => { const bad = document.createElement('img'); bad.src = '/static/none.png';
        document.querySelector('main').append(bad);
        const wide = document.createElement('p'); wide.textContent = 'x'.repeat(900);
        document.querySelector('main').append(wide) }"""
    )
    person.page.wait_for_timeout(500)
    assert "image-alt" in {rule for rule, *_ in axe.violations(person.page)}
    assert any("404" in line for line in person.said)
    assert person.page.evaluate(WIDTH) > 0


def test_control_a_button_that_is_narrower_than_its_words_is_found(seat: Seat) -> None:
    person = seat()
    person.go("/kurse")
    assert person.page.evaluate(SQUEEZED) == []
    person.page.evaluate("document.querySelector('.kern-btn').style.width = '20px'")
    assert person.page.evaluate(SQUEEZED) == ["Suchen"]


def test_control_a_target_that_is_too_low_is_found_and_a_link_in_a_sentence_is_none(
    seat: Seat,
) -> None:
    person = seat()
    person.go("/kurse")
    assert person.page.evaluate(LOW) == []
    person.page.evaluate(
        """() => document.querySelector('main').insertAdjacentHTML('beforeend',
        '<p><a href="#a">Allein</a></p><p>Im Satz <a href="#b">steht einer</a>.</p>')"""
    )
    person.page.evaluate("document.querySelector('.kern-btn').style.height = '30px'")
    person.page.evaluate("document.querySelector('.kern-btn').style.minHeight = '0'")
    assert {"Allein", "Suchen"} <= set(person.page.evaluate(LOW))
    assert "steht einer" not in person.page.evaluate(LOW)


def test_control_the_rules_of_the_dark_view_find_a_colour_that_cannot_be_read(seat: Seat) -> None:
    person = seat()
    person.go("/hilfe")
    person.page.evaluate(THEME, "dark")
    assert axe.violations(person.page, axe.COLOURS) == []
    person.page.evaluate("document.querySelector('h1').style.color = '#333'")
    assert "color-contrast" in {rule for rule, *_ in axe.violations(person.page, axe.COLOURS)}
