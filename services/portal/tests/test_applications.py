"""The office's page of an application: what is asked for, and what can be done next."""

import json
import re
from typing import Any

import pytest

from services.portal.tests.stand_in import Browser, Services, as_read
from services.portal.tests.test_office_pages import ID, ONE, ORGANISATION

APPLICATION: dict[str, Any] = {
    "application_id": ID, "organisation_id": ID, "organisation_code": "stadt",
    "organisation_name": "Stadt Außerhalb", "state": "applied", "shares": 4,
    "filed_at": "2027-01-10T09:00:00Z", "declared_at": "2027-01-09T09:00:00Z",
    "decided_on": None, "reason_code": None, "checks": [],
    "signatory": {"name": "Maria Muster", "mail": "rat@stadt.example", "function": "Landrätin"},
    "requests": [
        {
            "request_id": ID, "application_id": ID, "check": "unconditional", "note": "Als <PDF>",
            "document": "Beschluss des Rates", "requested_at": "2027-01-12T09:00:00Z",
        },
        {
            "request_id": ID, "application_id": ID, "check": "text-form", "note": None,
            "document": None, "requested_at": "2027-01-13T09:00:00Z",
        },
    ],
}  # fmt: skip
ONE_APPLICATION = f"/api/membership/applications/{ID}"
ASK = f"/genossenschaft/antraege/{ID}/nachweis"


def one_application(**more: Any) -> Services:
    listed: dict[str, Any] = {"items": [], "next_cursor": None}
    return Services(
        {
            ("GET", ONE_APPLICATION): APPLICATION,
            ("GET", "/api/membership/applications"): listed,
            ("GET", ONE): ORGANISATION,
            **more.get("also", {}),
        }
    )


async def test_the_documents_that_were_asked_for_stand_with_their_day_in_the_application() -> None:
    answer = await Browser(one_application(), "office").get(f"/genossenschaft/antraege/{ID}")
    assert "Beschluss des Rates" in answer.text
    assert "zu: Unbedingte Erklärung" in answer.text
    assert "Als &lt;PDF&gt;" in answer.text
    assert "angefordert am 12." in as_read(answer.text)
    assert "Textform der Erklärung" in answer.text
    assert f'href="{ASK}"' in answer.text


async def test_asking_for_a_document_sends_what_was_typed_and_says_that_no_mail_goes_out() -> None:
    known = one_application(also={("POST", f"{ONE_APPLICATION}/document-request"): APPLICATION})
    browser = Browser(known, "office")
    form = await browser.get(ASK)
    assert "keine E-Mail. Bitte schreiben Sie an Maria Muster, rat@stadt.example." in form.text
    typed = {"nachweis": "Satzung", "hinweis": "Mit Siegel\r\nBitte", "schluessel": "k"}
    answer = await browser.post(ASK, **typed)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/genossenschaft/antraege/{ID}",
    )
    (sent,) = known.sent(f"{ONE_APPLICATION}/document-request")
    assert json.loads(sent.content) == {"document": "Satzung", "note": "Mit Siegel\r\nBitte"}
    assert sent.headers["idempotency-key"] == "k"


@pytest.mark.parametrize("fulfilled", [True, False])
async def test_the_leading_button_is_what_can_be_done_next(fulfilled: bool) -> None:
    check = {"code": "text-form", "note": "Textform", "law": "§ 15 GenG", "fulfilled": fulfilled}
    known = one_application()
    known.answers["GET", ONE_APPLICATION] = {**APPLICATION, "checks": [check]}
    text = (await Browser(known, "office").get(f"/genossenschaft/antraege/{ID}")).text
    (leading,) = re.findall(r'kern-btn--primary"[^>]*><span class="kern-label">([^<]+)', text)
    assert leading == ("Zulassen" if fulfilled else "Nachweis anfordern")


async def test_a_request_without_a_document_is_not_sent() -> None:
    known = one_application()
    answer = await Browser(known, "office").post(ASK, hinweis="Bitte bald")
    assert answer.status_code == 422
    assert "Bitte füllen Sie „Welcher Nachweis fehlt?“ aus." in answer.text
    assert "Bitte bald</textarea>" in answer.text
    assert known.sent(f"{ONE_APPLICATION}/document-request") == []
