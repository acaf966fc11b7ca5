"""The pages of providers and of operations: each service takes only its own part with it."""

import json
from typing import Any

import httpx
from portal.figures import Figures
from portal.pages.dead_letters import SERVICES, annotated
from portal.pages.own_offers import filled

from services.portal.tests.stand_in import PERSON, Browser, Services

LETTER = {
    "id": "24cbf356-d707-41fc-ac5e-ecf6efa036df", "topic": "catalog.runs", "partition": 2,
    "offset": 4, "reason": "invalid", "detail": "/cancelled_at: datetime_parsing", "attempts": 1,
    "state": "dead", "key": "9cc2b806", "buried_at": "2027-01-15T08:00:00Z", "settled_at": None,
}  # fmt: skip
NONE: dict[str, Any] = {"items": [], "open": {}, "next_cursor": None}


def letters(**by_service: Any) -> Services:
    known = {
        ("GET", f"/api/{name}/dead-letters"): by_service.get(name, NONE)
        for name in SERVICES
        if by_service.get(name, NONE) is not None
    }
    return Services(known)


async def test_a_service_that_is_down_takes_only_its_own_messages_with_it() -> None:
    found = {"items": [LETTER], "open": {"catalog.runs": 1}, "next_cursor": None}
    known = letters(enrolment=found, catalog=None)
    answer = await Browser(known, "ops").get("/betrieb/nachrichten")
    assert answer.status_code == 200
    assert "Der Dienst catalog antwortet nicht." in answer.text
    assert "Eine Nachricht ist zurückgestellt." in answer.text
    assert f"/betrieb/nachrichten/enrolment/{LETTER['id']}" in answer.text


async def test_what_is_not_a_service_is_a_missing_page() -> None:
    known = letters()
    answer = await Browser(known, "ops").get(f"/betrieb/nachrichten/konto/{LETTER['id']}")
    assert answer.status_code == 404
    assert known.sent("/api/konto/dead-letters") == []


async def test_messages_are_filtered_by_reason_and_key_also_on_the_next_page() -> None:
    found = {"items": [LETTER] * 25, "open": {"catalog.runs": 26}, "next_cursor": 7}
    known = letters(enrolment=found)
    address = "/betrieb/nachrichten?dienst=enrolment&grund=invalid&schluessel=9cc2b806"
    answer = await Browser(known, "ops").get(address)
    (asked,) = known.sent("/api/enrolment/dead-letters")
    assert (asked.url.params["reason"], asked.url.params["key"]) == ("invalid", "9cc2b806")
    assert '<option value="invalid" selected>' in answer.text
    assert 'name="schluessel" type="text" value="9cc2b806"' in answer.text
    assert "grund=invalid&amp;schluessel=9cc2b806&amp;zeilen=50#neu" in answer.text


async def test_a_message_tells_who_did_what_with_it_and_why() -> None:
    other = "7e452cf9-2d9c-43fa-bd55-347b4e79f005"
    act = {"act": "replay", "error": "KeyError", "at": "2027-01-15T08:10:00Z"}
    acts = [
        {**act, "actor": other, "reason": "Version 1.4 ist da"},
        {**act, "actor": str(PERSON), "reason": "Noch ein Versuch"},
    ]
    path = f"/api/enrolment/dead-letters/{LETTER['id']}"
    whole = {
        **LETTER, "payload": "{}", "headers": {}, "schema": None, "errors": [], "followers": 1,
        "waiting": [], "acts": acts,
    }  # fmt: skip
    known = Services({("GET", path): whole})
    answer = await Browser(known, "ops").get(f"/betrieb/nachrichten/enrolment/{LETTER['id']}")
    assert f"Einspielen durch <code>{other}</code>: gescheitert" in answer.text
    assert "Begründung: Version 1.4 ist da" in answer.text
    assert "Einspielen durch Sie: gescheitert" in answer.text
    assert str(PERSON) not in answer.text


async def test_nothing_is_discarded_without_a_reason() -> None:
    path = f"/api/enrolment/dead-letters/{LETTER['id']}"
    whole = {**LETTER, "payload": "{}", "followers": 1, "waiting": [], "acts": []}
    known = Services({("GET", path): whole, ("POST", f"{path}/discard"): {"state": "discarded"}})
    browser = Browser(known, "ops")
    page = f"/betrieb/nachrichten/enrolment/{LETTER['id']}/verwerfen"
    assert (await browser.post(page, begruendung=" ")).status_code == 422
    assert known.sent(f"{path}/discard") == []
    assert (await browser.post(page, begruendung="Testnachricht")).status_code == 303
    (sent,) = known.sent(f"{path}/discard")
    assert json.loads(sent.content) == {"reason": "Testnachricht"}


def test_each_line_of_a_message_tells_what_is_wrong_with_it() -> None:
    text = '{\n  "run_id": "x",\n  "cancelled_at": "3.5."\n}'
    errors = [
        {"pointer": "/cancelled_at", "detail": "muss ein Zeitpunkt sein"},
        {"pointer": "/offer_id", "detail": "fehlt"},
    ]
    shown = annotated(text, errors)
    assert shown[2] == ('  "cancelled_at": "3.5."', ["muss ein Zeitpunkt sein"])
    assert shown[0] == ("{", ["offer_id fehlt"])


async def test_without_prometheus_the_page_says_how_to_start_it_and_what_services_say() -> None:
    known = letters(membership=None, enrolment={**NONE, "open": {"catalog.runs": 3}})
    answer = await Browser(known, "ops").get("/betrieb")
    assert answer.status_code == 200
    assert "make up dashboards=1" in answer.text
    assert "Der Dienst membership antwortet nicht." in answer.text
    assert "Antwortet nicht" in answer.text


def prometheus(request: httpx.Request) -> httpx.Response:
    kind = request.url.path.rpartition("/")[2]
    firing = {
        "labels": {"alertname": "OutboxOld", "severity": "page", "service": "catalog"},
        "annotations": {"summary": "<b>", "runbook": "docs/runbooks/OutboxOld.md"},
        "state": "firing", "activeAt": "2027-01-15T08:55:00.123456789Z",
    }  # fmt: skip
    value = {"metric": {"service": "catalog", "job": "catalog"}}
    answers: dict[str, dict[str, Any]] = {
        "alerts": {"alerts": [firing, {**firing, "labels": {"alertname": "OfTomorrow"}}]},
        "query": {"result": [{**value, "value": [1_800_000_000, "0.5"]}]},
        "query_range": {"result": [{**value, "values": [[1_800_003_000, "2"]]}]},
    }
    return httpx.Response(200, json={"status": "success", "data": answers[kind]})


async def test_what_fires_stands_first_and_figures_and_charts_below() -> None:
    figures = Figures("http://prometheus", httpx.MockTransport(prometheus))
    browser = Browser(letters(), "ops", figures=figures)
    answer = await browser.get("/betrieb?tabelle=aelteste-nachricht-im-ausgang")
    assert answer.status_code == 200
    text = answer.text
    assert text.index("Ereignisse werden nicht weitergegeben: catalog") < text.index("kc-kpis")
    assert "OfTomorrow" in text
    assert "&lt;b&gt;" in text
    assert text.count('role="img"') == 4
    assert 'hx-trigger="every 10s"' in text
    assert "Tabelle ausblenden" in text


async def test_one_question_without_an_answer_takes_only_its_own_figure_with_it() -> None:
    def but_one(request: httpx.Request) -> httpx.Response:
        of_outbox = "outbox" in request.url.params.get("query", "")
        return httpx.Response(400, json={"status": "error"}) if of_outbox else prometheus(request)

    figures = Figures("http://prometheus", httpx.MockTransport(but_one))
    answer = await Browser(letters(), "ops", figures=figures).get("/betrieb")
    assert answer.text.count('role="img"') == 3
    assert answer.text.count("Diese Werte sind gerade nicht abrufbar.") == 1
    assert "Prometheus antwortet nicht." not in answer.text
    assert "Ereignisse werden nicht weitergegeben" in answer.text


async def test_alerts_that_cannot_be_asked_for_are_not_told_as_none() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/alerts"):
            return httpx.Response(503)
        return prometheus(request)

    figures = Figures("http://prometheus", httpx.MockTransport(silent))
    answer = await Browser(letters(), "ops", figures=figures).get("/betrieb")
    assert "Ob Warnungen vorliegen, ist gerade nicht abrufbar." in answer.text
    assert answer.text.count('role="img"') == 4


async def test_prometheus_that_is_down_takes_only_its_own_part_with_it() -> None:
    def nobody(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody is there")

    figures = Figures("http://prometheus", httpx.MockTransport(nobody))
    answer = await Browser(letters(), "ops", figures=figures).get("/betrieb")
    assert answer.status_code == 200
    assert "Prometheus antwortet nicht." in answer.text
    assert "Bereit" in answer.text


CHECK = "/api/catalog/offers/check"


async def test_wrong_json_is_explained_with_its_place_and_sent_to_nobody() -> None:
    known = Services()
    answer = await Browser(known, "provider").post("/anbieter/pruefen", angebot='{"a": 1,\n}')
    assert answer.status_code == 422
    assert "Zeile 2, Zeichen 1" in answer.text
    assert "{&#34;a&#34;: 1,\n}" in answer.text
    assert known.asked[0].url.path != CHECK
    assert known.sent(CHECK) == []


async def test_the_verdict_of_the_checker_stands_beside_the_text_with_its_lines() -> None:
    error = {"pointer": "/price/member_cents", "code": "member-above-standard", "detail": "no"}
    verdict = {
        "verdict": "rejected", "errors": [error], "warnings": [], "preview": None,
        "calculation": None,
    }  # fmt: skip
    known = Services({("POST", CHECK): verdict})
    offer = '{"price": {\n"member_cents": 29900}}'
    answer = await Browser(known, "provider").post("/anbieter/pruefen", angebot=offer)
    assert answer.status_code == 200
    assert "würde abgelehnt" in answer.text
    assert "in Zeile 2" in answer.text
    assert "Der Mitgliedspreis ist höher als der Normalpreis." in answer.text
    assert [json.loads(each.content) for each in known.sent(CHECK)] == [json.loads(offer)]


def test_a_run_is_filled_by_what_enrolment_counts_and_misses_what_its_minimum_asks() -> None:
    run = {
        "run_id": "r", "capacity": 16, "taken": 9, "held": 0, "waiting": 0, "min_participants": 8,
    }  # fmt: skip
    own = {"r": {"capacity": 16, "taken": 7, "held": 2, "waiting": 1}}
    assert filled(run, own)["missing"] == 3
    assert filled(run, own)["free"] == 9
    assert filled(run, {})["missing"] == 0
