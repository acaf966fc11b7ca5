"""What no page of ours sends: it is answered with a page, and neither breaks one nor leads away."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from chassis.brokers import Brokers
from portal import posted
from portal.live import Live
from portal.pages import signing
from portal.sessions import Sealer
from portal.signin import BACK, Issuer, SignInFailed
from starlette.exceptions import HTTPException
from starlette.requests import Request

from .stand_in import HOME, KEY, NOW, Browser, Services

NOTICE = "/posteingang/0194631e-7c1a-7d02-9a44-2f5d0c6b8e11/gelesen"
ENROLMENT = "0194631e-7c1a-7d02-9a44-2f5d0c6b8e22"
ORGANISATION = "0194631e-7c1a-7d02-9a44-2f5d0c6b8e33"
BOUNDARY = "multipart/form-data; boundary=b"


def part(name: str, value: str, file: str = "") -> str:
    """One part of a form with files."""
    filename = f'; filename="{file}"' if file else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n{value}\r\n'


async def read(body: str, kind: str = BOUNDARY) -> Any:
    """A posted form, as pages read it."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": f"{body}--b--\r\n".encode()}

    headers = [(b"content-type", kind.encode())]
    return await posted.read(Request({"type": "http", "headers": headers, "app": None}, receive))


@pytest.mark.parametrize("name", ["undefined", "idna", "unicode_escape", "utf-7"])
async def test_a_form_in_an_encoding_that_no_browser_uses_is_refused(name: str) -> None:
    with pytest.raises(HTTPException) as refused:
        await read(part("a", "xn--\\ud800+2AA-"), f"{BOUNDARY}; charset={name}")
    assert refused.value.status_code == 400


async def test_a_file_in_place_of_a_text_is_not_taken_for_one() -> None:
    form = await read(part("grund", "x", "a.txt") + part("datei", "x", "a.txt") + part("a", "b"))
    assert [name for name, _ in form.multi_items()] == ["datei", "a"]


@pytest.mark.parametrize("key", ["\u00e4", "a\nb", " a"])
async def test_a_key_that_no_header_can_hold_is_refused_before_anybody_is_asked(key: str) -> None:
    known = Services()
    browser = Browser(known, "employee")
    answer = await browser.post(f"/meine-kurse/{ENROLMENT}/absagen", schluessel=key)
    assert answer.status_code == 400
    assert "Das ging nicht" in answer.text
    assert known.sent(f"/api/enrolment/enrolments/{ENROLMENT}/cancellation") == []


async def test_what_does_not_fit_into_an_address_is_refused() -> None:
    answer = await Browser(Services(), "employee").get("/posteingang?ab=" + "a'" * 20_000)
    assert answer.status_code == 414
    assert "Das ging nicht" in answer.text


@pytest.mark.parametrize("referer", ["http://[", "//[", f"{HOME}/kurse"])
async def test_a_page_from_nowhere_is_no_way_back(referer: str) -> None:
    browser = Browser(Services(), "employee")
    answer = await browser.send("/einstellungen", data={}, headers={"Referer": referer})
    assert answer.status_code == 403
    assert "<h1" in answer.text


async def test_a_query_may_hold_any_bytes() -> None:
    scope = {
        "type": "http", "method": "GET", "path": "/hilfe", "query_string": b"q=\xff\xfe",
        "headers": [], "scheme": "http", "server": ("127.0.0.1", 80),
    }  # fmt: skip
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        told.append(message)

    app = Browser(Services(), "employee").app
    app.state.issuer.visitor = nobody
    await app(scope, receive, send)
    assert told[0]["status"] == 200


async def nobody() -> str:
    """The token of a visitor."""
    return "t"


@pytest.mark.parametrize("value", [{"next": "/"}, "text", 5])
async def test_a_cookie_of_ours_under_another_name_says_nothing(value: object) -> None:
    sealed = Sealer(KEY).seal(value).decode()
    browser = Browser(Services(), "employee")
    answer = await browser.get("/hilfe", {"Cookie": f"kc_sitzung=s; kc_meldung={sealed}"})
    assert answer.status_code == 200


async def test_who_comes_back_with_another_cookie_of_ours_begins_anew() -> None:
    sealed = Sealer(KEY).seal(["info", "a", ""]).decode()
    browser = Browser(Services(), "employee")
    came = await browser.get(f"{BACK}?code=a", {"Cookie": f"{signing.LEFT}={sealed}"})
    assert (came.status_code, came.headers["location"]) == (303, "/kurse")


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("/kurse?q=a", "/kurse?q=a"),
        ("/en/kurse", "/kurse"),
        ("/en//evil.example", "/evil.example"),
        ("//evil.example", "/posteingang"),
        ("https://evil.example", "/posteingang"),
    ],
)
async def test_a_notice_leads_to_a_page_of_ours(target: str, leads: str) -> None:
    path = "/api/notifications/notices/0194631e-7c1a-7d02-9a44-2f5d0c6b8e11/read"
    browser = Browser(Services({("POST", path): {}}), "employee")
    answer = await browser.post(NOTICE, ziel=target)
    assert (answer.status_code, answer.headers["location"]) == (303, leads)


@pytest.mark.parametrize("asked", ["../offers", "%00", "?limit=1", "x"])
async def test_only_a_submission_is_brought_to_the_check(asked: str) -> None:
    known = Services()
    answer = await Browser(known, "provider").get(f"/anbieter/pruefen?einreichung={asked}")
    assert answer.status_code == 404
    assert not [each for each in known.asked if "/api/catalog" in each.url.path]


@pytest.mark.parametrize("last", ["9" * 16, "9" * 5000])
async def test_a_place_in_the_stream_that_no_clock_will_reach_is_none(last: str) -> None:
    stream = Live(Brokers("127.0.0.1:9")).stream(None, last)
    assert b"retry" in await anext(stream)
    assert b"beat" in await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("shown", ["9" * 5000, "0/0/" + "9" * 400])
async def test_a_figure_that_never_stood_on_a_page_is_not_compared(shown: str) -> None:
    from portal.changed import since
    from portal.formats import number

    class Nobody:
        lang = "de"

    page: Any = Nobody()
    figures = [("Zahl", 1, number)] * len(shown.split("/"))
    page.say = lambda text, **values: text % values if values else text
    assert all("9" * 20 not in change for _, change in since(page, shown, figures))


async def test_a_logout_that_is_nested_without_an_end_is_no_logout() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 20_000).decode().rstrip("=")
    settings = Browser(Services(), "employee").app.state.settings
    sessions: Any = None
    issuer = Issuer(settings, sessions, lambda: NOW)
    with pytest.raises(SignInFailed):
        await issuer.ended_elsewhere(f"{deep}.e30.x")


async def test_what_a_service_says_of_a_fault_is_shown_as_it_is() -> None:
    """Not as a text of the catalogue, in which a percent sign is the begin of a place."""
    fault = {"pointer": "/a", "code": "unheard-of", "detail": "Mehr als 100 % <b>"}
    submitted = {
        "submission_id": ORGANISATION, "offer_ref": "A-1", "provider_id": "hochschule",
        "received_at": "2027-01-15T08:00:00Z", "verdict": "rejected",
        "errors": [fault], "warnings": [],
    }  # fmt: skip
    known = Services({("GET", "/api/catalog/submissions"): {"items": [submitted]}})
    answer = await Browser(known, "office").get("/genossenschaft/anbieter")
    assert answer.status_code == 200
    assert "Mehr als 100 % &lt;b&gt;" in answer.text
