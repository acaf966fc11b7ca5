"""Good requests to the portal: one or more for every route, as somebody who may."""

from __future__ import annotations

from tests.fuzz.bodies import NEW
from tests.fuzz.good import WORDS
from tests.fuzz.inputs import Input
from tests.fuzz.people import PROVIDER
from tests.fuzz.web.good_office import OFFICE, OTHERS
from tests.fuzz.web.sending import EN, KEY, brought, seen, sent

OFFER_ID, RUN = "@@catalog.offer@@", "@@catalog.run@@"
CONFIRMED, AWAITING = "@@enrolment.confirmed@@", "@@enrolment.awaiting@@"
OFFERED, PERSON = "@@enrolment.offered@@", "@@notifications.person@@"
UUID = "12345678-1234-1234-1234-123456789abc"
MISFITS = ("POST elsewhere", "PUT elsewhere", "GET elsewhere", "HEAD elsewhere")
"""Addresses that are there, with another method."""
TEXTS = ("hilfe", "barrierefreiheit", "leichte-sprache", "datenschutz", "impressum")
FRAME = [
    *(seen("GET /", who) for who in ("", "employee", "coordinator", "office", "provider", "ops")),
    seen("GET /", "planner", lang=EN),
    *(seen(f"GET /{name}", lang=lang) for name in TEXTS for lang in ("", EN)),
    seen("GET /mitgliedschaft", "employee"),
    seen("GET /posteingang", "employee", "ungelesen=1&zeilen=50"),
    seen("GET /posteingang", "employee", "ab=@@notifications.cursor@@", EN),
    seen("GET /posteingang/anzahl", "employee", HX_Request="true"),
    sent(
        "POST /posteingang/{notice_id}/gelesen",
        "employee",
        {"ziel": "/kurse?q=@@canary@@"},
        notice_id="@@notifications.notice@@",
    ),
    seen("GET /noch-einmal/{ref}", "employee", ref=NEW),
    seen("GET /einstellungen", "employee"),
    *(
        sent(
            "POST /einstellungen",
            "employee",
            {
                "sprache": "de",
                "weg": "mail",
                "ruhe_von": "20:00",
                "ruhe_bis": "07:00",
                "fassung": version,
            },
            lang=lang,
        )
        for version, lang in (("0", ""), ("1", EN), ("2", ""))
    ),
    sent("POST /einstellungen/kalender", "employee", {}),
    sent("POST /einstellungen/kalender/ende", "employee", {}, EN),
    seen("GET /sitzung", "employee"),
    sent("POST /sitzung", "employee", {}),
    seen("GET /anmelden", query="weiter=/kurse"),
    seen("GET /anmelden/zurueck", query="code=a&state=s", Cookie="kc_anmeldung=@@left@@"),
    seen("GET /anmelden/zurueck", query="code=a&state=s", Cookie="kc_anmeldung=@@flash@@"),
    sent("POST /abmelden/rueckkanal", "", {"logout_token": "@@logout@@"}),
    *(
        sent("POST /abmelden/rueckkanal", "", {"logout_token": f"@@forged.{name}@@"})
        for name in ("header-deep", "payload-deep", "alg-none", "kid-number", "no-kid", "huge")
    ),
    sent("POST /abmelden", "leaver", {}),
    seen("GET /ansicht", query="ansicht=dark&weiter=/kurse"),
    seen("GET /live", Last_Event_ID="1"),
    seen("GET /live", "employee", "last=1800000000000"),
    *(seen(f"GET /health/{name}") for name in ("live", "ready", "serving")),
    seen("GET /metrics"),
    seen("GET /static/{name}", name="portal.css", Accept_Encoding="br, gzip"),
    Input("POST elsewhere", "/kurse", token=""),
    Input("POST elsewhere", "/en/betrieb", token="ops"),
    Input("PUT elsewhere", f"/kurse/{UUID}", token="employee"),
    Input("GET elsewhere", "/abmelden", token="employee"),
    Input("GET elsewhere", f"/en/freigaben/{UUID}", token="planner"),
    Input("HEAD elsewhere", "/kurse", token="coordinator"),
]

MINE = "/meine-kurse/{enrolment_id}"
COURSES = [
    seen("GET /kurse", query="q=Akte&sortieren=termin&ort=Heppenheim&frei=1", lang=EN),
    seen(
        "GET /kurse",
        "employee",
        f"q=@@canary@@&format=hybrid&kompetenz=1.3&anbieter={PROVIDER}&von=1.1.2027&bis=2027-12-31"
        "&sortieren=preis&zeilen=50",
    ),
    seen("GET /kurse", query="sortieren=termin&ab=@@catalog.cursor@@"),
    seen("GET /kurse/{offer_id}", query=f"termin={RUN}", offer_id=OFFER_ID),
    seen("GET /kurse/{offer_id}", "employee", HX_Target="gewaehlt", offer_id=OFFER_ID),
    seen("GET /kurse/{offer_id}", "coordinator", lang=EN, offer_id=OFFER_ID),
    sent(
        "POST /kurse/{offer_id}",
        "employee",
        {"termin": "@@enrolment.run@@", "angebot": "frei", **KEY},
        offer_id=OFFER_ID,
    ),
    sent(
        "POST /kurse/{offer_id}",
        "planner",
        {"termin": RUN, "angebot": "warteliste", **KEY},
        EN,
        offer_id=OFFER_ID,
    ),
    seen("GET /meine-kurse", "employee"),
    seen("GET /meine-kurse/vergangen", "employee", "zeilen=50", EN),
    seen(f"GET {MINE}/warteliste", "employee", enrolment_id=OFFERED),
    seen(f"GET {MINE}/kalender", "coordinator", enrolment_id=CONFIRMED),
    seen(f"GET {MINE}/absagen", "coordinator", enrolment_id=CONFIRMED),
    sent(f"POST {MINE}/absagen", "coordinator", KEY, enrolment_id=CONFIRMED),
    sent(f"POST {MINE}/erinnern", "coordinator", KEY, enrolment_id=AWAITING),
    seen("GET /platz/{enrolment_id}", "employee", enrolment_id=OFFERED),
    *(
        sent("POST /platz/{enrolment_id}", who, {"antwort": said, **KEY}, enrolment_id=OFFERED)
        for who, said in (("employee", "annehmen"), ("coordinator", "weitergeben"))
    ),
]

LIST = {
    "termin": RUN,
    "liste": "Anna Müller; anna@kreis.example\r\nB, @@canary@@; b.@@canary@@@x.example",
    "person": PERSON,
}
TABLE = "Vorname;Nachname;E-Mail;Amt\r\nJörg;@@canary@@;anna@kreis.example;Bauamt\r\n".encode()
FILTERS = (
    f"stand=zu-tun&q=@@canary@@&amt=Bauamt&person={PERSON}&termin=@@enrolment.run@@"
    "&von=1.1.2027&bis=31.12.2027&zeilen=50"
)
NEW_LIST = "/buchungen/neu"
BOOKINGS = [
    seen("GET /buchungen", "coordinator"),
    seen("GET /buchungen", "coordinator", FILTERS, EN),
    seen("GET /buchungen/export.csv", "coordinator", "stand=bestaetigt"),
    seen("GET /buchungen/{enrolment_id}/zeile", "coordinator", enrolment_id=CONFIRMED),
    seen(f"GET {NEW_LIST}/termin", "coordinator", "q=Akte"),
    seen(f"GET {NEW_LIST}/termin", "planner", f"kurs={OFFER_ID}", EN),
    seen(f"GET {NEW_LIST}/verwerfen", "planner"),
    sent(f"POST {NEW_LIST}/verwerfen", "coordinator", {}),
    seen(f"GET {NEW_LIST}/personen", "planner", f"termin={RUN}"),
    brought(f"POST {NEW_LIST}/personen", "coordinator", LIST, ("liste.csv", TABLE)),
    sent(f"POST {NEW_LIST}/personen", "coordinator", {**LIST, "tun": "suchen", "q": "Anna"}),
    sent(f"POST {NEW_LIST}/datei", "coordinator", {"zeichensatz": "cp1252", "trennzeichen": ","}),
    seen(f"GET {NEW_LIST}/pruefen", "planner"),
    *(
        sent(
            f"POST {NEW_LIST}/pruefen",
            "coordinator",
            {
                "tun": todo,
                "gezeigt": "1/0/35300",
                "modus": "alle",
                "kostenstelle": "K-4711",
                "bestellnummer": "B/2027.1",
                "name-1": "Anna @@canary@@",
                "mail-1": "anna.@@canary@@@kreis.example",
                "amt-1": "Bauamt",
                "ref-2": PERSON,
            },
        )
        for todo in ("buchen", "entfernen:2", "erfassen:1", "pruefen")
    ),
    seen(f"GET {NEW_LIST}/fehler.csv", "planner"),
    seen(f"GET {NEW_LIST}/ergebnis", "planner"),
    *(
        seen("GET /buchungen/mehrere", "coordinator", f"tun={deed}&auswahl={each}&auswahl={NEW}")
        for deed, each in (
            ("absagen", CONFIRMED),
            ("annehmen", OFFERED),
            ("erinnern", AWAITING),
            ("kostenstelle", CONFIRMED),
        )
    ),
    sent(
        "POST /buchungen/mehrere",
        "coordinator",
        {
            "tun": "kostenstelle",
            "auswahl": [CONFIRMED, AWAITING],
            "gezeigt": "2/0/0",
            "kostenstelle": "K-@@word@@",
            "bestellnummer-weg": "ja",
            "noch-einmal": "ja",
            **KEY,
        },
    ),
    sent(
        "POST /buchungen/mehrere",
        "coordinator",
        {"tun": "absagen", "auswahl": [CONFIRMED, CONFIRMED], "noch-einmal": "ja", **KEY},
    ),
    sent(
        "POST /buchungen/mehrere",
        "planner",
        {"tun": "erinnern", "auswahl": [AWAITING], "gezeigt": "1/0/0", **KEY},
        EN,
    ),
    seen("GET /freigaben", "coordinator", "q=@@canary@@&zeilen=50"),
    sent("POST /freigaben/{enrolment_id}", "coordinator", KEY, enrolment_id=AWAITING),
    seen("GET /freigaben/{enrolment_id}/ablehnen", "planner", enrolment_id=AWAITING),
    sent(
        "POST /freigaben/{enrolment_id}/ablehnen",
        "planner",
        {"grund": WORDS, **KEY},
        enrolment_id=AWAITING,
    ),
    seen("GET /freigaben/mehrere", "planner", f"tun=freigeben&auswahl={AWAITING}"),
    sent(
        "POST /freigaben/mehrere",
        "planner",
        {"tun": "freigeben", "auswahl": [AWAITING], "noch-einmal": "ja", **KEY},
        EN,
    ),
]

SEEDS = [*FRAME, *COURSES, *BOOKINGS, *OFFICE, *OTHERS]
