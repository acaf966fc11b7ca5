"""The office's pages: forms that repeat before they do, and the list of members as a file."""

import re
from typing import Any

import httpx
import pytest

from services.portal.tests.stand_in import Browser, Services, problem

ID = "8e5c8400-489e-4ec3-b54a-b898b405bfe5"
ORGANISATION: dict[str, Any] = {
    "organisation_id": ID, "code": "stadt", "name": "Stadt Außerhalb", "kind": "town",
    "street": None, "postcode": None, "city": None, "country": "DE", "employees": 612,
    "state": "admitted", "member_today": True, "application_id": None, "tier": 4,
    "tier_shares": 4, "tier_assumed": False, "share_cents": 100_000, "shares": 4,
    "mandatory_shares": 4, "voluntary_shares": 0, "subscribed_cents": 400_000,
    "balance_cents": 100_000, "outstanding_cents": 300_000, "tasks": [],
    "registered_at": "2026-01-01T00:00:00Z", "version": 7,
    "membership": {
        "member_number": 2, "member_since_on": "2026-02-01", "ends_on": None,
        "notice_received_at": None, "state": "admitted", "tier": 4,
    },
}  # fmt: skip
ONE = f"/api/membership/organisations/{ID}"
HERE = f"/genossenschaft/organisationen/{ID}"
PAYMENT = {"betrag": "1.000,00", "eingang": "2027-01-14", "schluessel": "k", "fassung": "7"}


def services(**more: Any) -> Services:
    return Services({("GET", ONE): ORGANISATION, **more.get("also", {})})


async def test_a_payment_is_repeated_in_words_before_anything_is_booked() -> None:
    known = services()
    answer = await Browser(known, "office").post(f"{HERE}/zahlung", **PAYMENT)
    assert answer.status_code == 200
    assert "1.000,00\N{NO-BREAK SPACE}€ buchen" in answer.text
    assert "Danach sind noch 2.000,00\N{NO-BREAK SPACE}€ offen." in answer.text
    assert known.sent(f"{ONE}/payments") == []


async def test_the_second_step_books_what_was_repeated_on_the_version_that_was_seen() -> None:
    known = services(also={("POST", f"{ONE}/payments"): {"version": 8}})
    answer = await Browser(known, "office").post(f"{HERE}/zahlung", **PAYMENT, schritt="ausfuehren")
    assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    (sent,) = known.sent(f"{ONE}/payments")
    assert sent.headers["if-match"] == '"7"'
    assert sent.headers["idempotency-key"] == "k"
    assert b'"amount_cents":100000' in sent.content


async def test_what_somebody_else_changed_is_shown_and_what_was_typed_stays() -> None:
    refused = problem(412, "changed-meanwhile", "Inzwischen geändert.")
    known = services(also={("POST", f"{ONE}/payments"): refused})
    answer = await Browser(known, "office").post(f"{HERE}/zahlung", **PAYMENT, schritt="ausfuehren")
    assert answer.status_code == 409
    assert "inzwischen geändert" in answer.text
    assert "3.000,00" in answer.text
    assert 'value="1.000,00"' in answer.text


async def test_what_changed_is_shown_with_what_it_was_when_it_was_looked_at() -> None:
    refused = problem(412, "changed-meanwhile", "Inzwischen geändert.")
    known = services(also={("POST", f"{ONE}/payments"): refused})
    browser = Browser(known, "office")
    seen = re.search(r'name="gesehen" value="([^"]+)"', (await browser.get(f"{HERE}/zahlung")).text)
    assert seen is not None
    paid = {**ORGANISATION, "balance_cents": 150_000, "outstanding_cents": 250_000, "version": 8}
    known.answers["GET", ONE] = paid
    typed = {**PAYMENT, "schritt": "ausfuehren", "gesehen": seen[1]}
    answer = await browser.post(f"{HERE}/zahlung", **typed)
    assert answer.status_code == 409
    assert "1.500,00\N{NO-BREAK SPACE}€ statt 1.000,00\N{NO-BREAK SPACE}€" in answer.text
    assert "2.500,00\N{NO-BREAK SPACE}€ statt 3.000,00\N{NO-BREAK SPACE}€" in answer.text
    assert "4 statt" not in answer.text
    assert 'name="fassung" value="8"' in answer.text, "whoever sends it again has seen it"


async def test_what_was_typed_and_its_key_stay_while_the_service_is_down() -> None:
    nobody = Services()
    answer = await Browser(nobody, "office").post(f"{HERE}/zahlung", **PAYMENT)
    assert answer.status_code == 503
    assert "es wurde nichts geändert" in answer.text
    assert 'value="1.000,00"' in answer.text
    assert 'name="schluessel" value="k"' in answer.text
    assert 'name="fassung" value="7"' in answer.text


@pytest.mark.parametrize(
    ("status", "code", "known"),
    [
        (500, "internal", False),
        (503, "unavailable", False),  # the answer to the COMMIT may be what is missing
        (503, "overloaded", True),
        (503, "too-late", True),
        (429, "too-many-requests", True),
    ],
)
async def test_a_write_of_which_nobody_knows_is_sent_again_with_the_same_key(
    status: int, code: str, known: bool
) -> None:
    no = problem(status, code, "Gerade nicht möglich.")
    typed = {**PAYMENT, "schritt": "ausfuehren"}
    browser = Browser(services(also={("POST", f"{ONE}/payments"): no}), "office")
    answer = await browser.post(f"{HERE}/zahlung", **typed)
    assert answer.status_code == 503
    assert ("Wir wissen noch nicht" in answer.text) is not known
    assert ("es wurde nichts geändert" in answer.text) is known
    assert 'name="schluessel" value="k"' in answer.text


def payment(cents: int, on: str, reference: str | None, number: int = 2) -> dict[str, Any]:
    return {
        "payment_id": ID, "member_number": number, "amount_cents": cents, "received_on": on,
        "reference": reference, "recorded_at": "2027-01-14T09:00:00Z",
    }  # fmt: skip


async def test_an_organisation_shows_what_it_has_paid_in_the_order_of_the_service() -> None:
    between = [payment(10_000, "2026-06-01", None)] * 23
    paid = [
        payment(25_050, "2027-01-14", "Einlage"),
        *between,
        payment(100_000, "2026-02-03", None, 1),
    ]
    listed = {"items": paid, "next_cursor": ID}
    known = services(also={("GET", f"{ONE}/payments"): listed})
    answer = await Browser(known, "office").get(f"{HERE}?ab={ID}")
    assert answer.status_code == 200
    newest, oldest = answer.text.index("250,50\N{NO-BREAK SPACE}€"), answer.text.index("03.02.2026")
    assert newest < oldest
    assert "Einlage" in answer.text
    assert "Mitgliedsnummer 0001" in answer.text
    assert f'href="{HERE}?ab={ID}&amp;zeilen=50#neu"' in answer.text
    assert f'href="{HERE}">Zum Anfang der Liste' in answer.text
    (asked,) = known.sent(f"{ONE}/payments")
    assert dict(asked.url.params) == {"cursor": ID, "limit": "25"}


async def test_an_organisation_is_shown_without_payments_too() -> None:
    nothing: dict[tuple[str, str], Any] = {
        ("GET", f"{ONE}/payments"): {"items": [], "next_cursor": None}
    }
    none_yet = await Browser(services(also=nothing), "office").get(HERE)
    assert "Noch keine Zahlung eingetragen." in none_yet.text
    failing = await Browser(services(), "office").get(HERE)
    assert "Die Zahlungen sind gerade nicht abrufbar." in failing.text
    assert "Mitgliedsnummer 0002" in failing.text
    never = {("GET", ONE): {**ORGANISATION, "state": "registered", "membership": None}}
    stranger = await Browser(services(also=never), "office").get(HERE)
    assert "Zahlungen" not in stranger.text


async def test_more_than_what_is_open_is_said_before_the_page_that_repeats() -> None:
    known = services()
    typed = {**PAYMENT, "betrag": "9.000"}
    answer = await Browser(known, "office").post(f"{HERE}/zahlung", **typed)
    assert answer.status_code == 422
    assert "Offen sind nur noch 3.000,00" in answer.text
    assert "<title>Fehler: " in answer.text
    assert 'aria-invalid="true"' in answer.text


async def test_a_no_of_the_service_stands_at_the_field_that_it_is_about() -> None:
    refused = problem(422, "in-the-future", "Das liegt in der Zukunft.", "/received_on")
    known = services(also={("POST", f"{ONE}/payments"): refused})
    answer = await Browser(known, "office").post(f"{HERE}/zahlung", **PAYMENT, schritt="ausfuehren")
    assert answer.status_code == 422
    assert '<a class="kern-link kern-link--small" href="#eingang">' in answer.text
    assert 'id="eingang-e"' in answer.text


MEMBERS = "/api/membership/members"
LOOK = "am=2026-12-31&anlass=jahresabschluss"


@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        (
            "datei",
            "text/csv",
            "\N{ZERO WIDTH NO-BREAK SPACE}Name;Anteile\r\n'=Stadt;4\r\n".encode(),
        ),
        ("pdf", "application/pdf", b"%PDF-1.7 \xff\x00"),
    ],
)
async def test_the_file_of_the_members_is_passed_on_as_it_is_with_the_reason_of_the_look(
    path: str, kind: str, content: bytes
) -> None:
    headers = {
        "content-type": kind,
        "content-disposition": 'attachment; filename="mitgliederliste-2026-12-31"',
    }
    known = Services({("GET", MEMBERS): httpx.Response(200, content=content, headers=headers)})
    answer = await Browser(known, "auditor").get(f"/genossenschaft/mitglieder/{path}?{LOOK}")
    assert answer.content == content
    assert answer.headers["content-type"] == headers["content-type"]
    assert answer.headers["content-disposition"] == headers["content-disposition"]
    (asked,) = known.sent(MEMBERS)
    assert asked.headers["accept"] == kind
    assert dict(asked.url.params) == {"on": "2026-12-31", "reason": "Jahresabschluss"}


@pytest.mark.parametrize("query", ["", "?am=2026-12-31", "?am=x&anlass=pruefung", "?anlass=egal"])
async def test_nobody_looks_at_the_members_without_a_day_and_a_reason(query: str) -> None:
    known = Services()
    browser = Browser(known, "office")
    page = await browser.get(f"/genossenschaft/mitglieder{query}")
    files = [await browser.get(f"/genossenschaft/mitglieder/{p}{query}") for p in ("datei", "pdf")]
    assert page.status_code == (422 if query else 200)
    assert [file.status_code for file in files] == [303, 303]
    assert known.sent(MEMBERS) == []


@pytest.mark.parametrize("roles", [("auditor",), ("provider",), ("employee",)])
async def test_only_the_office_enters_anything(roles: tuple[str, ...]) -> None:
    known = services()
    answer = await Browser(known, *roles).post(f"{HERE}/zahlung", **PAYMENT, schritt="ausfuehren")
    assert answer.status_code == 403
    assert known.sent(f"{ONE}/payments") == []
