"""Good requests, made by hand: one or more for every route, so that its happy path is reached.

`@@name@@` is filled with an id when a request is sent; `@@canary@@` with the canary of the input.
"""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz.bodies import APPLICATION, CONTACT, COSTS, FEED, NEW, OFFER
from tests.fuzz.inputs import Input
from tests.fuzz.people import OTHER

JSON = (b"content-type", b"application/json")
WORDS = "Grundlagen @@canary@@"
MCI = "/api/membership"
NOTE = "/api/notifications"
CAT = "/api/catalog"
ENR = "/api/enrolment"


def good(route: str, body: Any = None, *, who: str = "all", query: str = "", **more: str) -> Input:
    """A request. `more` are the gaps of the path (`id="@@run@@"`) and headers (`Prefer=`)."""
    path = route.partition(" ")[2]
    headers = () if body is None else (JSON,)
    for name, value in more.items():
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", value)
        else:
            header = name.lower().replace("_", "-").encode()
            headers = (*headers, (header, value.encode()))
    text = b"" if body is None else json.dumps(body).encode()
    return Input(route, path, query.encode(), headers, text, who)


def dead_letters(service: str) -> list[Input]:
    """The same in every service."""
    base = f"/api/{service}/dead-letters"
    one = {"letter_id": "@@letter@@"}
    return [
        good(f"GET {base}", query="limit=2"),
        good(f"GET {base}", query="topic=enrolment.seats&state=dead&limit=100&cursor=0"),
        good(f"GET {base}/{{letter_id}}", **one),
        good(f"POST {base}/replay", {"ids": ["@@letter@@", "@@letter@@"], "reason": WORDS}),
        good(f"POST {base}/{{letter_id}}/replay", query="dry_run=true", **one),
        good(f"POST {base}/{{letter_id}}/discard", {"reason": WORDS}, **one),
    ]


CATALOG = [
    good(f"GET {CAT}/offers", query="q=Akte&limit=5"),
    good(f"GET {CAT}/offers", query="ids=@@offer@@,@@offer@@&limit=1"),
    good(f"GET {CAT}/offers", query="q=@@canary@@&sort=relevance&limit=1"),
    good(
        f"GET {CAT}/offers",
        query="format=hybrid&format=presence&skill=1.3&provider=me&starts_after=2027-01-01"
        "&starts_before=2027-12-31T23:59:59Z&max_price_cents=50000&sort=price&limit=1",
    ),
    good(f"GET {CAT}/offers", query="sort=start&limit=1&cursor=@@cursor@@"),
    good(f"GET {CAT}/offers/{{offer_id}}", offer_id="@@offer@@"),
    good(f"GET {CAT}/runs", query="ids=@@run@@,@@run@@&ids=@@run@@"),
    good(f"GET {CAT}/runs/{{run_id}}", run_id="@@run@@"),
    good(
        f"GET {CAT}/submissions",
        query="verdict=accepted&unchanged=false&limit=2&cursor=999999999",
    ),
    good(f"GET {CAT}/submissions/{{submission_id}}", submission_id="@@submission@@"),
    good(f"POST {CAT}/offers/check", OFFER),
    good(f"POST {CAT}/offers/check", {**OFFER, "price": None, "costs": COSTS}),
    good(f"POST {CAT}/imports/moochub", {"source": "Feed @@word@@", "feed": FEED}),
    good(f"POST {CAT}/imports/moochub", {"source": "Feed one", "url": "http://[::1]:9/feed"}),
    good("GET /bridges/moochub/courses", query="page=1"),
    *dead_letters("catalog"),
]

REQUEST = {
    "run_id": "@@run@@",
    "person_ref": NEW,
    "cost_centre": "K-4711",
    "order_reference": "B/2027.1",
}
ONE = f"{ENR}/enrolments/{{enrolment_id}}"
ENROLMENT = [
    good(f"POST {ENR}/enrolments", REQUEST, Idempotency_Key=NEW),
    good(f"POST {ENR}/enrolments", {"run_id": "@@run@@"}, who="employee", Prefer="wait=0"),
    good(
        f"POST {ENR}/enrolments/bulk",
        {"run_id": "@@run@@", "people": [NEW, {"person_ref": NEW, "cost_centre": "A1"}]},
        Idempotency_Key=NEW,
    ),
    good(
        f"POST {ENR}/enrolments/bulk",
        {"run_id": "@@run@@", "people": [NEW, NEW], "all_or_nothing": True},
        query="dry_run=true",
    ),
    good(f"GET {ENR}/enrolments", query="state=confirmed&state=requested&limit=2"),
    good(f"GET {ENR}/enrolments", query=f"person_ref={NEW}&person_ref={OTHER}&limit=1"),
    good(
        f"GET {ENR}/enrolments",
        query="run_id=@@run@@&q=@@canary@@&from=2027-01-01&to=2027-12-31&sort=deadline&limit=1",
    ),
    good(f"GET {ENR}/enrolments", query="limit=1&cursor=@@cursor@@", who="employee"),
    good(f"GET {ONE}", enrolment_id="@@confirmed@@"),
    good(f"GET {ONE}/calendar", enrolment_id="@@confirmed@@"),
    good(f"POST {ONE}/cancellation", query="dry_run=true", enrolment_id="@@confirmed@@"),
    good(f"POST {ONE}/cancellation", {}, enrolment_id="@@confirmed@@", Idempotency_Key=NEW),
    good(f"POST {ONE}/approval", {"decision": "approve"}, enrolment_id="@@awaiting@@"),
    good(
        f"POST {ONE}/approval",
        {"decision": "reject", "reason": "Kein Geld @@canary@@"},
        enrolment_id="@@awaiting@@",
    ),
    good(f"POST {ONE}/approval/reminder", enrolment_id="@@awaiting@@"),
    good(
        f"POST {ONE}/accounting",
        {"cost_centre": "K-@@word@@", "order_reference": None},
        enrolment_id="@@confirmed@@",
        Idempotency_Key=NEW,
    ),
    good(f"GET {ENR}/jobs/{{job_id}}", job_id="@@job@@"),
    good(f"POST {ONE}/acceptance", {}, enrolment_id="@@offered@@", Prefer="wait=0"),
    good(f"POST {ONE}/decline", enrolment_id="@@offered@@"),
    good(f"GET {ENR}/runs/{{run_id}}/seats", run_id="@@run@@"),
    good(f"GET {ENR}/seats", query="run_ids=@@run@@,@@run@@&run_ids=@@run@@"),
    good(f"GET {ENR}/settings"),
    good(
        f"PUT {ENR}/settings",
        {"approval_required": True, "hold_hours": 24, "land": "HE"},
        If_Match="*",
    ),
    *dead_letters("enrolment"),
]

ORG = f"{MCI}/organisations/{{organisation_id}}"
MEMBERSHIP = [
    good(
        f"POST {MCI}/organisations",
        {
            "organisation_id": NEW,
            "code": "stadt-@@word@@",
            "name": "Stadt @@canary@@",
            "employees": 800,
            "kind": "town",
            "street": "Markt 1",
            "postcode": "64625",
            "city": "Bensheim",
            "country": "DE",
        },
    ),
    good(f"GET {MCI}/organisations", query="q=stadt&limit=2&cursor=a"),
    good(f"GET {MCI}/organisations", query="q=@@canary@@"),
    good(f"GET {MCI}/organisations/me"),
    good(f"GET {ORG}", organisation_id="@@member@@"),
    good(f"PUT {ORG}/employees", {"employees": 900}, organisation_id="@@member@@"),
    good(
        f"POST {ORG}/shares",
        {"shares": 1, "kind": "voluntary", "declared_at": "@@now@@"},
        organisation_id="@@paid@@",
    ),
    good(
        f"POST {ORG}/payments",
        {"amount_cents": 100, "received_on": "@@today@@", "reference": "Rate @@canary@@"},
        organisation_id="@@member@@",
        Idempotency_Key=NEW,
    ),
    good(f"GET {ORG}/payments", query="limit=1", organisation_id="@@member@@"),
    good(f"POST {ORG}/notice", {"received_at": "@@now@@"}, organisation_id="@@leaving@@"),
    good(f"POST {MCI}/applications", APPLICATION),
    good(f"GET {MCI}/applications", query="state=applied&limit=2"),
    good(f"GET {MCI}/applications/{{application_id}}", application_id="@@application@@"),
    good(
        f"POST {MCI}/applications/{{application_id}}/admission",
        {"admitted_on": "@@today@@"},
        application_id="@@application@@",
    ),
    good(
        f"POST {MCI}/applications/{{application_id}}/rejection",
        {"reason_code": "not-eligible"},
        application_id="@@application@@",
    ),
    good(
        f"POST {MCI}/applications/{{application_id}}/document-request",
        {"document": "Ratsbeschluss @@canary@@", "note": "Bitte bis Monatsende."},
        application_id="@@application@@",
    ),
    good(f"GET {MCI}/members", query="on=2026-11-30&reason=Wahl"),
    good(f"GET {MCI}/members", query="on=2026-11-30", Accept="text/csv"),
    *dead_letters("membership"),
]

PREFERENCES = {"language": "de", "channel": "mail", "quiet_from": "20:00:00", "quiet_to": "07:00"}
PERSON = f"{NOTE}/contacts/{{person_ref}}"
NOTIFICATIONS = [
    good(f"GET {NOTE}/contacts", query="q=an&limit=1"),
    good(f"GET {NOTE}/contacts", query="limit=1&cursor=@@cursor@@"),
    good(f"POST {NOTE}/contacts", CONTACT),
    good(f"POST {NOTE}/contacts/lookup", {"refs": ["@@person@@", NEW]}),
    good(f"POST {NOTE}/contacts/lookup", {"refs": [NEW], "deciders": True}, who="employee"),
    good(
        f"POST {NOTE}/contacts/resolve", {"mails": ["anna@kreis.example", "@@canary@@@x.example"]}
    ),
    good(f"GET {NOTE}/contacts/me"),
    good(f"GET {NOTE}/contacts/departments"),
    good(f"GET {NOTE}/contacts/departments/members", query="department=Bauamt"),
    good(f"GET {PERSON}", person_ref="@@person@@"),
    good(f"PUT {PERSON}", CONTACT, person_ref=NEW),
    good(f"PUT {PERSON}", CONTACT, person_ref=str(OTHER), who="employee", If_Match="*"),
    good(f"GET {NOTE}/notices", query="unread=true&limit=1"),
    good(f"GET {NOTE}/notices", query="limit=1&cursor=@@cursor@@"),
    good(f"POST {NOTE}/notices/{{notice_id}}/read", notice_id="@@notice@@"),
    good(f"GET {NOTE}/preferences"),
    good(f"PUT {NOTE}/preferences", PREFERENCES, If_Match="*"),
    good(f"GET {NOTE}/calendar", who="employee"),
    good(f"POST {NOTE}/calendar", who="employee"),
    good(f"DELETE {NOTE}/calendar", who="stranger"),
    good(f"GET {NOTE}/calendar/{{secret}}.ics", who="", secret="@@feed@@"),
    good(f"GET {NOTE}/stream"),
    good(f"GET {NOTE}/stream", Last_Event_ID="1-1"),
    *dead_letters("notifications"),
]

SEEDS = {
    "catalog": CATALOG,
    "enrolment": ENROLMENT,
    "membership": MEMBERSHIP,
    "notifications": NOTIFICATIONS,
}
