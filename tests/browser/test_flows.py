"""The main things people do, by keyboard and without a script too."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import httpx
import pytest

from deploy.local.token import PASSWORD
from tests.browser.person import Person, beside
from tests.browser.world import BOOK, World

Seat = Callable[..., Person]


def test_an_employee_finds_a_course_and_asks_for_a_seat_by_keyboard_only(
    seat: Seat, world: World
) -> None:
    anna = seat("anna.employee")
    anna.go("/kurse")
    keys = anna.page.keyboard
    anna.page.locator("#q").focus()
    keys.type("Digitale Akte einführen")
    keys.press("Enter")
    anna.page.wait_for_url("**/kurse?q=*")
    link = anna.page.get_by_role("link", name="Digitale Akte einführen").first
    link.focus()
    keys.press("Enter")
    anna.page.wait_for_url("**/kurse/*")
    for _ in range(40):  # to the button, by the Tab key
        keys.press("Tab")
        focused = anna.page.evaluate("document.activeElement.textContent.trim()")
        if focused == "Platz anfragen":
            break
    assert focused == "Platz anfragen"
    keys.press("Enter")
    anna.page.wait_for_url("**/meine-kurse")
    anna.reads("Digitale Akte einführen")
    assert anna.page.locator(".kern-alert--success[role=status]").count() == 1


def test_an_offered_seat_is_accepted_and_the_other_window_sees_it(seat: Seat, world: World) -> None:
    watching, acting = seat("anna.employee"), seat("anna.employee")
    watching.go("/meine-kurse")
    mine = watching.page.locator(f'a[href="/platz/{world.seen.to_accept}"]')
    mine.wait_for()
    acting.go(f"/platz/{world.seen.to_accept}")
    acting.press("Platz annehmen")
    acting.page.wait_for_url("**/meine-kurse")
    acting.reads("Gebucht ist er, sobald Ihre Kommune ihn freigibt.")
    mine.wait_for(state="detached")


def test_a_seat_is_called_off_after_its_cost_was_shown(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    anna.go(f"/meine-kurse/{world.seen.to_call_off}/absagen")
    anna.reads("Es entstehen keine Kosten.")
    anna.press("Platz absagen")
    anna.page.wait_for_url("**/meine-kurse")
    anna.reads("Der Platz ist abgesagt.")


def test_free_seats_change_while_somebody_looks(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    run_id = beside(lambda: world.platform.a_run(capacity=7, title="Live zu sehen"))
    with world.platform.as_user("carla.coordinator") as carla:
        offer_id = beside(lambda: carla.get(f"/api/catalog/runs/{run_id}"))["offer_id"]
        anna.go(f"/kurse/{offer_id}")
        anna.reads("7 von 7 Plätzen frei")
        body = {"run_id": run_id, "person_ref": "00000000-0000-4000-8000-000000000001"}
        beside(lambda: carla.post(BOOK, body, wait=10))
    anna.reads("6 von 7 Plätzen frei")


def test_without_a_script_everything_but_live_updates_works(seat: Seat, world: World) -> None:
    anna = seat("anna.employee", java_script_enabled=False)
    run_id = beside(lambda: world.platform.a_run(capacity=3, title="Ohne Skript"))
    with world.platform.as_user("anna.employee") as client:
        offer_id = beside(lambda: client.get(f"/api/catalog/runs/{run_id}"))["offer_id"]
    anna.go(f"/kurse/{offer_id}?termin={run_id}")
    anna.press("Platz anfragen")
    anna.page.wait_for_url("**/meine-kurse")
    anna.reads("Ohne Skript")
    anna.go("/einstellungen")
    anna.page.fill("#ruhe_von", "20:00")
    anna.press("Speichern")
    anna.reads("Bitte prüfen Sie eine Angabe")
    assert anna.page.title().startswith("Fehler: ")
    assert anna.page.input_value("#ruhe_von") == "20:00"


def test_a_form_sent_twice_has_its_effect_once(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    run_id = beside(lambda: world.platform.a_run(capacity=3, title="Zweimal geklickt"))
    with world.platform.as_user("anna.employee") as client:
        offer_id = beside(lambda: client.get(f"/api/catalog/runs/{run_id}"))["offer_id"]
    anna.go(f"/kurse/{offer_id}")
    form = anna.page.evaluate(
        "Object.fromEntries(new FormData(document.querySelector('main form')))"
    )
    first, second = (
        anna.context.request.post(f"{anna.base}/kurse/{offer_id}", form=form) for _ in range(2)
    )
    assert (first.status, second.status) == (200, 200)
    assert first.url.endswith("/meine-kurse")
    assert second.url.endswith("/meine-kurse")
    with world.platform.as_user("carla.coordinator") as carla:
        seats = beside(lambda: carla.get(f"/api/enrolment/runs/{run_id}/seats"))
    assert seats["taken"] == 1


@pytest.mark.parametrize("path", ["/meine-kurse", "/einstellungen", "/posteingang"])
def test_who_is_not_signed_in_signs_in_and_comes_back(seat: Seat, path: str) -> None:
    visitor = seat()
    answer = visitor.context.request.get(f"{visitor.base}{path}", max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (
        303,
        f"/anmelden?weiter=%2F{path[1:]}",
    )


@pytest.mark.parametrize(("state", "status"), [("of-somebody-else", 303), ("", 200)])
def test_who_comes_back_with_the_state_of_somebody_else_is_not_signed_in(
    seat: Seat, state: str, status: int
) -> None:
    """Else a stranger's link could sign people in as the stranger. Control: nothing is changed."""
    visitor = seat()
    ask = visitor.context.request
    left = ask.get(f"{visitor.base}/anmelden?weiter=/", max_redirects=0)
    page = ask.get(left.headers["location"]).text()
    action = re.search(r'<form[^>]* action="([^"]+)"', page)
    assert action is not None
    form: dict[str, str | float | bool] = {"username": "anna.employee", "password": PASSWORD}
    signed = ask.post(html.unescape(action[1]), form=form, max_redirects=0)
    back = httpx.URL(signed.headers["location"])
    ask.get(str(back.copy_set_param("state", state) if state else back), max_redirects=0)
    assert ask.get(f"{visitor.base}/meine-kurse", max_redirects=0).status == status


def test_a_form_of_another_page_is_refused(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    anna.go("/einstellungen")
    secret = anna.page.locator("input[name=_csrf]").first.input_value()
    good: dict[str, str | float | bool] = {
        "_csrf": secret,
        "sprache": "de",
        "weg": "mail",
        "fassung": "1",
    }
    bad: list[tuple[dict[str, str | float | bool], dict[str, str]]] = [
        ({**good, "_csrf": "0" * 40}, {}),
        ({name: value for name, value in good.items() if name != "_csrf"}, {}),
        (good, {"Sec-Fetch-Site": "cross-site"}),
        (good, {"Origin": "https://evil.example"}),
    ]
    for form, headers in bad:
        answer = anna.context.request.post(f"{anna.base}/einstellungen", form=form, headers=headers)
        assert answer.status == 403, headers


def test_signing_out_ends_every_window_and_the_sign_in_itself(seat: Seat, world: World) -> None:
    first, second = seat(), seat()
    for window in (first, second):
        window.sign_in("nils.employee")
        assert window.go("/meine-kurse") == 200
    first.page.locator("summary.kern-dropdown__header").click()
    first.press("Überall abmelden")
    first.page.wait_for_url("**/kurse")
    second.page.goto(f"{second.base}/meine-kurse")
    second.page.locator("#username").wait_for()  # asked to sign in again, with a password


def test_pages_carry_their_security_headers_and_cookies_cannot_be_read(seat: Seat) -> None:
    anna = seat("anna.employee")
    anna.go("/kurse")
    answer = anna.context.request.get(f"{anna.base}/kurse")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    (cookie,) = [c for c in anna.context.cookies() if "sitzung" in c["name"]]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert anna.page.evaluate("document.cookie") == ""


def test_static_files_are_compressed_and_kept_for_ever(seat: Seat, world: World) -> None:
    base = world.platform.stack.url("gateway")
    with httpx.Client(trust_env=False) as client:
        page = client.get(f"{base}/kurse").text
        address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        style = client.get(f"{base}{address}", headers={"Accept-Encoding": "br"})
    assert style.headers["content-encoding"] == "br"
    assert "immutable" in style.headers["cache-control"]
