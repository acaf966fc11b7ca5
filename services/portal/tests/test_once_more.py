"""What was sent and not carried out: nothing is lost, and nothing is sent again by itself."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from portal import pages
from portal.sessions import Sealer, csrf_of, marked
from starlette.applications import Starlette
from starlette.routing import Route

from .stand_in import HOME, KEY, PERSON, Browser, Services

PREFERENCES = "/api/notifications/preferences"
TYPED = {"sprache": "de", "weg": "mail", "ruhe_von": "21:15", "ruhe_bis": "6:45", "fassung": "1"}
ID = str(uuid4())
SEALER_KEY = Sealer(KEY).key


class Drafts:
    """What the portal keeps, in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[UUID, str], dict[str, Any]] = {}
        self.days: int | None = None

    async def keep_draft(
        self, ref: UUID, name: str, body: dict[str, Any], days: int | None = None
    ) -> None:
        self.kept[ref, name], self.days = body, days

    async def draft(self, ref: UUID, name: str) -> dict[str, Any] | None:
        return self.kept.get((ref, name))


def program(browser: Browser) -> Starlette:
    """The portal that a browser looks at."""
    transport = browser._client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, Starlette)
    return transport.app


@contextmanager
def signed_out(browser: Browser) -> Iterator[None]:
    """The session that the browser still names is over."""

    async def nobody(_id: str, **_more: object) -> None:
        return None

    async def visitor() -> str:
        return "visitor"

    state = program(browser).state
    before = state.issuer
    state.issuer = SimpleNamespace(session=nobody, visitor=visitor)
    yield
    state.issuer = before


async def from_page(
    browser: Browser, path: str, headers: dict[str, str], **fields: str
) -> httpx.Response:
    """A form of a page of ours, with what a browser says of where it stood."""
    data = {"_csrf": csrf_of("s", marked(SEALER_KEY, PERSON), SEALER_KEY), **fields}
    return await browser._client.post(path, data=data, headers=headers)


def goes_on(answer: httpx.Response) -> str:
    """Where the sign-in leads back to."""
    assert answer.status_code == 303
    to = urlsplit(answer.headers["location"])
    assert to.path.removeprefix("/en") == "/anmelden"
    return parse_qs(to.query)["weiter"][0]


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the form that sends once more, without its secret."""
    form = re.search(r'<form class="kc-actions" method="post".*?</form>', text, re.DOTALL)
    assert form is not None
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[0])
    return {name: html.unescape(value) for name, value in found if name != "_csrf"}


async def test_what_was_sent_without_a_session_is_there_after_the_sign_in() -> None:
    services, drafts = Services({("PUT", PREFERENCES): {}}), Drafts()
    browser = Browser(services, "employee", sessions=drafts)
    with signed_out(browser):
        back = goes_on(await browser.post("/en/einstellungen", **TYPED, freude="„Ja“ & <b>"))
    assert back.startswith("/en/noch-einmal/")
    assert drafts.days == 1
    shown = (await browser.get(back)).text
    assert "Nothing has been changed yet." in shown
    assert 'action="/en/einstellungen"' in shown
    assert hidden(shown) == {**TYPED, "freude": "„Ja“ & <b>"}
    assert services.sent(PREFERENCES) == []
    answer = await browser.post("/en/einstellungen", **hidden(shown))
    assert answer.headers["location"] == "/en/einstellungen"
    assert len(services.sent(PREFERENCES)) == 1


async def test_somebody_else_who_signs_in_does_not_see_it() -> None:
    drafts = Drafts()
    browser = Browser(Services(), "employee", sessions=drafts)
    with signed_out(browser):
        back = goes_on(await browser.post("/einstellungen", **TYPED))
    assert "21:15" in (await browser.get(back)).text
    (kept,) = drafts.kept.values()
    kept["who"] = marked(SEALER_KEY, uuid4())
    answer = await browser.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get(f"/noch-einmal/{uuid4()}")).headers["location"] == "/"


@pytest.mark.parametrize(
    "changed",
    [
        {"_csrf": "x"},
        {"_csrf": csrf_of("another", marked(SEALER_KEY, PERSON), SEALER_KEY)},
        {"liste": "x" * 100_001},
    ],
)
async def test_what_is_not_ours_or_too_long_is_not_kept(changed: dict[str, str]) -> None:
    drafts = Drafts()
    browser = Browser(Services(), "employee", sessions=drafts)
    with signed_out(browser):
        answer = await browser.post("/einstellungen", **{**TYPED, **changed})
    assert goes_on(answer) == "/einstellungen"
    assert drafts.kept == {}


async def test_another_site_can_leave_nothing_to_be_sent() -> None:
    drafts = Drafts()
    browser = Browser(Services(), "employee", sessions=drafts)
    headers = {"Sec-Fetch-Site": "cross-site", "Referer": "https://evil.example/einstellungen?x"}
    with signed_out(browser):
        answer = await from_page(browser, "/einstellungen/kalender", headers, a="b")
    assert goes_on(answer) == "/einstellungen"
    assert drafts.kept == {}


async def test_the_sign_in_leads_back_to_where_the_form_stood() -> None:
    browser = Browser(Services(), "employee", sessions=Drafts())
    with signed_out(browser):
        read, decided = f"/posteingang/{ID}/gelesen", f"/freigaben/{ID}"
        referer = {"Referer": f"{HOME}/en/posteingang?ab=3"}
        assert goes_on(await from_page(browser, read, referer)) == "/en/posteingang?ab=3"
        assert goes_on(await browser.post(decided)) == "/freigaben"
        # the page of the form was itself the answer to one: nothing to look at there
        referer = {"Referer": f"{HOME}{decided}"}
        assert goes_on(await from_page(browser, decided, referer)) == "/freigaben"


async def test_asking_for_a_seat_after_the_session_is_no_other_task() -> None:
    browser = Browser(Services(), "employee", sessions=Drafts())
    with signed_out(browser):
        back = goes_on(await browser.post(f"/kurse/{ID}", termin="r", schluessel="k"))
    shown = (await browser.get(back)).text
    assert hidden(shown) == {"termin": "r", "schluessel": "k"}
    assert "Es ging um „Kurse“." in shown


def only_forms() -> list[str]:
    """Every address that takes forms and shows nothing."""
    routes = [route for route in pages.routes() if isinstance(route, Route)]
    shown = {route.path for route in routes if "GET" in (route.methods or ())}
    return sorted({route.path for route in routes} - shown)


@pytest.mark.parametrize("path", only_forms())
async def test_an_address_that_only_takes_forms_leads_to_the_page_above(path: str) -> None:
    asked = re.sub(r"\{[^}]*uuid\}", ID, path).replace("{service}", "catalog")
    answer = await Browser(Services(), "coordinator").get(asked)
    assert answer.status_code == 303
    to = answer.headers["location"]
    assert asked.startswith(to)
    matching = [route for route in pages.routes() if isinstance(route, Route)]
    shown = [route for route in matching if route.path_regex.match(to)]
    assert any("GET" in (route.methods or ()) for route in shown)


def test_there_are_such_addresses() -> None:
    assert {"/freigaben/{enrolment_id:uuid}", "/einstellungen/kalender"} <= set(only_forms())


async def test_a_service_that_is_away_takes_nothing_of_what_was_typed() -> None:
    path, browser = f"/freigaben/{ID}/ablehnen", Browser(Services(), "approver")
    referer = {"Referer": f"{HOME}/freigaben"}
    answer = await from_page(browser, path, referer, grund="Doppelt", schluessel="k")
    assert answer.status_code == 503
    assert "Es wurde nichts geändert, und Ihre Eingaben sind noch da." in answer.text
    assert f'action="/freigaben/{ID}/ablehnen"' in answer.text
    assert hidden(answer.text) == {"grund": "Doppelt", "schluessel": "k"}
    assert 'href="/freigaben"><span class="kern-label">Zurück, ohne zu senden' in answer.text


@pytest.mark.parametrize(
    ("role", "path", "place"),
    [
        ("employee", f"/kurse/{ID}", "Meine Kurse"),
        ("employee", f"/meine-kurse/{ID}/absagen", "Meine Kurse"),
        ("coordinator", f"/meine-kurse/{ID}/absagen", "Buchungen"),
        ("approver", f"/freigaben/{ID}", "Freigaben"),
        ("employee", "/einstellungen/kalender", "Einstellungen"),
        ("ops", f"/betrieb/nachrichten/catalog/{ID}/einspielen", "Zurückgestellte Nachrichten"),
    ],
)
async def test_the_place_to_look_is_that_of_the_deed(role: str, path: str, place: str) -> None:
    services = Services()
    services.answers = _Broken()
    form = {"termin": "r", "schluessel": "k", "begruendung": "b"}
    answer = await Browser(services, role).post(path, **form)
    assert answer.status_code == 503
    assert f"unter „{place}“ nach." in answer.text


class _Broken(dict[tuple[str, str], Any]):
    """Every write breaks off; nothing else answers."""

    def get(self, key: Any, default: Any = None) -> Any:
        if key[0] != "GET":
            raise httpx.ReadError("broken off")
        return default


async def test_what_may_have_arrived_is_sent_again_under_its_key_or_not_at_all() -> None:
    services = Services()
    services.answers = _Broken()
    browser = Browser(services, "employee")
    shown = (await browser.post(f"/kurse/{ID}", termin="r", schluessel="k")).text
    assert hidden(shown)["schluessel"] == "k"
    shown = (await browser.post("/einstellungen/kalender")).text
    assert "Noch einmal senden" not in shown


async def test_our_fault_loses_nothing_and_promises_nothing() -> None:
    services = Services()
    browser = Browser(services, "employee")
    transport = browser._client._transport
    assert isinstance(transport, httpx.ASGITransport)
    transport.raise_app_exceptions = False
    services.answers = {("POST", "/api/enrolment/enrolments"): {"state": "confirmed"}}  # no title
    answer = await browser.post(f"/kurse/{ID}", termin="r", schluessel="k")
    assert answer.status_code == 500
    assert "unter „Meine Kurse“ nach." in answer.text
    assert "nichts geändert" not in answer.text
    assert hidden(answer.text) == {"termin": "r", "schluessel": "k"}


async def test_a_form_from_before_the_last_sign_in_is_sent_again_by_its_person() -> None:
    services = Services({("PUT", PREFERENCES): {}})
    browser = Browser(services, "employee")
    old = csrf_of("an earlier one", marked(SEALER_KEY, PERSON), SEALER_KEY)
    answer = await browser.post("/einstellungen", **{**TYPED, "_csrf": old})
    assert answer.status_code == 409
    assert hidden(answer.text) == TYPED
    foreign = csrf_of("an earlier one", marked(SEALER_KEY, uuid4()), SEALER_KEY)
    for secret in (foreign, "", "x" * 56):
        answer = await browser.post("/einstellungen", **{**TYPED, "_csrf": secret})
        assert answer.status_code == 403
        assert "Es wurde nichts geändert." in answer.text
        assert "21:15" not in answer.text
    assert services.sent(PREFERENCES) == []


async def test_who_may_not_reads_who_can() -> None:
    answer = await Browser(Services(), "employee").get("/freigaben")
    assert answer.status_code == 403
    said = "Dafür zuständig: Fortbildungskoordination, Personen, die Anfragen freigeben."
    assert said in answer.text
    answer = await Browser(Services(), "office").get("/en/meine-kurse")
    assert "Responsible: employees of a municipality." in answer.text
