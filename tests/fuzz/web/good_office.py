"""Good requests to the pages of the office, of providers and of operations."""

from __future__ import annotations

import json

from tests.fuzz.bodies import OFFER
from tests.fuzz.good import WORDS
from tests.fuzz.web.sending import EN, KEY, Fields, brought, seen, sent

HOUSE = "/genossenschaft"
APPLICATION = f"{HOUSE}/antraege/{{application_id}}"
ORGANISATION = f"{HOUSE}/organisationen/{{organisation_id}}"
OPEN, MEMBER, TODAY = "@@membership.application@@", "@@membership.member@@", "@@today@@"
DO = {"schritt": "ausfuehren", **KEY}
DEEDS: tuple[tuple[str, str, Fields], ...] = (
    (
        "antrag",
        "@@membership.plain-org@@",
        {
            "wer": "Wilhelmine @@canary@@",
            "funktion": "Landrätin",
            "mail": "w.@@canary@@@rathaus.example",
            "satzung": "5.1.2026 9:00",
            "erklaert": "2026-01-06T09:00",
            "unbedingt": "ja",
            "pflicht": "ja",
        },
    ),
    ("zahlung", MEMBER, {"betrag": "1,00", "eingang": TODAY, "zweck": "Rate @@canary@@"}),
    ("anteile", "@@membership.paid@@", {"anteile": "1", "art": "voluntary", "erklaert": TODAY}),
    ("mitarbeitende", MEMBER, {"mitarbeitende": "900", "gesehen": "1/2/3/4"}),
    ("kuendigung", "@@membership.leaving@@", {"eingang": TODAY}),
)
DECISIONS: tuple[tuple[str, Fields], ...] = (
    ("nachweis", {"nachweis": "Beschluss @@canary@@", "punkt": "", "hinweis": "Bitte bald."}),
    ("ablehnen", {"grund": "requirements-not-met"}),
    ("zulassen", {"tag": TODAY}),
)
NEW_ORGANISATION = {
    "name": "Stadt @@canary@@",
    "kuerzel": "stadt-@@word@@",
    "art": "town",
    "mitarbeitende": "1.284",
    "strasse": "Markt 1",
    "plz": "64625",
    "ort": "Bensheim",
}
OFFICE = [
    seen(f"GET {HOUSE}/antraege", "office", "zeilen=50"),
    seen(f"GET {APPLICATION}", "office", application_id=OPEN),
    *(seen(f"GET {APPLICATION}/{name}", "office", application_id=OPEN) for name, _ in DECISIONS),
    *(
        sent(f"POST {APPLICATION}/{name}", "office", {**form, **DO}, application_id=OPEN)
        for name, form in DECISIONS
    ),
    *(
        seen(f"GET {HOUSE}/mitglieder{file}", who, "am=30.11.2026&anlass=pruefung")
        for file, who in (("", "office"), ("/datei", "office"), ("/pdf", "office"))
    ),
    seen(f"GET {HOUSE}/organisationen", "office", "q=stadt&zeilen=50"),
    seen(f"GET {HOUSE}/organisationen", "office", "q=@@canary@@", EN),
    seen(f"GET {ORGANISATION}", "office", organisation_id=MEMBER),
    seen(f"GET {HOUSE}/organisationen/neu", "office"),
    sent(f"POST {HOUSE}/organisationen/neu", "office", {**NEW_ORGANISATION, **KEY}, EN),
    sent(f"POST {HOUSE}/organisationen/neu", "office", {**NEW_ORGANISATION, **DO}),
    *(seen(f"GET {ORGANISATION}/{name}", "office", organisation_id=id_) for name, id_, _ in DEEDS),
    *(
        sent(f"POST {ORGANISATION}/{name}", "office", {**form, **more}, lang, organisation_id=id_)
        for name, id_, form in DEEDS
        for more, lang in ((DO, ""), (KEY, EN))
    ),
    seen(f"GET {HOUSE}/anbieter", "office"),
]

SUBMISSION, LETTER = "/anbieter/einreichungen/{submission_id}", "@@enrolment.letter@@"
TEXT = json.dumps(OFFER, ensure_ascii=False, indent=1)
MESSAGE = "/betrieb/nachrichten/{service}/{letter_id}"
ALL = "/betrieb/nachrichten/einspielen"
REASON = {"begruendung": WORDS, **KEY}
OTHERS = [
    seen("GET /anbieter/angebote", "provider"),
    seen("GET /anbieter/einreichungen", "provider", "ergebnis=abgelehnt&zeilen=50"),
    seen("GET /anbieter/einreichungen", "provider", "ergebnis=unveraendert", lang=EN),
    seen(f"GET {SUBMISSION}", "provider", submission_id="@@catalog.submission@@"),
    seen(f"GET {SUBMISSION}", "office", submission_id="@@catalog.odd@@"),
    seen("GET /anbieter/pruefen", "provider", "einreichung=@@catalog.submission@@"),
    seen("GET /anbieter/pruefen", "provider", "einreichung=@@catalog.odd@@", EN),
    *(
        brought("POST /anbieter/pruefen", "provider", {"angebot": text}, file, lang)
        for text, file, lang in (
            (TEXT, ("", b""), ""),
            ("", ("angebot.json", TEXT.encode()), EN),
            (TEXT.replace('"hybrid"', '"by mail"'), ("", b""), EN),
        )
    ),
    seen("GET /betrieb", "ops", "zeitraum=24h"),
    seen("GET /betrieb/kennzahlen", "ops", "bereich=services&zeitraum=7t", EN),
    seen("GET /betrieb/nachrichten", "ops", "dienst=enrolment&grund=invalid&schluessel=@@canary@@"),
    seen("GET /betrieb/nachrichten", "ops", "stand=verworfen&zeilen=50", EN),
    seen(f"GET {ALL}", "ops", "dienst=enrolment&grund=invalid&schluessel=@@canary@@"),
    sent(f"POST {ALL}", "ops", {"nachrichten": "@@letters@@", **KEY}, EN),
    sent(f"POST {ALL}", "ops", {"nachrichten": "@@letters@@", "tun": "einspielen", **REASON}),
    seen(f"GET {MESSAGE}", "ops", service="enrolment", letter_id=LETTER),
    seen(f"GET {MESSAGE}", "ops", lang=EN, service="enrolment", letter_id="@@enrolment.odd@@"),
    sent(f"POST {MESSAGE}/probelauf", "ops", {}, service="enrolment", letter_id=LETTER),
    *(
        seen(f"GET {MESSAGE}/{name}", "ops", service="enrolment", letter_id=LETTER)
        for name in ("einspielen", "verwerfen")
    ),
    *(
        sent(f"POST {MESSAGE}/{name}", "ops", REASON, service="enrolment", letter_id=LETTER)
        for name in ("einspielen", "verwerfen")
    ),
]
