"""The frame of a page is asked for together with the page's own data, and never in its way."""

import asyncio
from typing import Any

import httpx

from services.portal.tests.stand_in import PERSON, Browser, Services, problem
from services.portal.tests.test_search_page import FOUND, OFFERS

CONTACT = "/api/notifications/contacts/me"
PAGE: dict[tuple[str, str], Any] = {("GET", OFFERS): FOUND}


class Together(Services):
    """The contact is told only once the page's own data was asked for."""

    def __init__(self) -> None:
        super().__init__({**PAGE, ("GET", CONTACT): {"given_name": "Anna"}})
        self.met = asyncio.Event()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """What the transport calls."""
        if request.url.path == OFFERS:
            self.met.set()
        if request.url.path == CONTACT:
            await asyncio.wait_for(self.met.wait(), 5)
        return self(request)


async def test_both_are_asked_for_at_the_same_time() -> None:
    page = await Browser(Together().answer, "employee").get("/kurse")
    assert page.status_code == 200
    assert "Anna" in page.text


async def test_a_page_works_without_its_frame() -> None:
    page = await Browser(Services(PAGE), "employee").get("/kurse")
    assert page.status_code == 200


async def test_who_is_not_accepted_any_more_signs_in_also_when_only_the_frame_says_so() -> None:
    services = Services({**PAGE, ("GET", CONTACT): problem(401, "token-invalid", "")})
    page = await Browser(services, "employee").get("/kurse")
    assert page.status_code == 303
    assert "/anmelden?weiter=" in page.headers["location"]


async def test_a_page_about_an_error_does_not_fail_by_its_frame() -> None:
    services = Services({("GET", CONTACT): problem(401, "token-invalid", "")})
    page = await Browser(services, "employee").get("/genossenschaft/mitglieder")
    assert page.status_code == 403
    assert page.text.count("<h1") == 1


async def test_a_form_that_leads_elsewhere_asks_for_no_frame() -> None:
    services = Services({("POST", f"/api/notifications/notices/{PERSON}/read"): {}})
    answer = await Browser(services, "employee").post(f"/posteingang/{PERSON}/gelesen")
    assert answer.status_code == 303
    assert services.sent(CONTACT) == []
