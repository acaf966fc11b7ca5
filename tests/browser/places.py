"""Every page: where it is, and who may see it. A page that is missing here fails a test."""

from __future__ import annotations

from dataclasses import asdict

from tests.browser.world import World

PUBLIC = (
    "/kurse",
    "/kurse?q=Akte",
    "/kurse?q=gibtesnicht",
    "/kurse?q=Digitahle+Ackte&frei=1",
    "/kurse/{offer_id}",
    "/hilfe",
    "/barrierefreiheit",
    "/leichte-sprache",
    "/datenschutz",
    "/impressum",
    "/mitgliedschaft",
    "/gibt-es-nicht",
)
PAGES: dict[str | None, tuple[str, ...]] = {
    None: PUBLIC,
    "anna.employee": (
        "/",
        "/kurse/{offer_id}",
        "/meine-kurse",
        "/meine-kurse/vergangen",
        "/meine-kurse/{confirmed}/absagen",
        "/platz/{offered}",
        "/posteingang",
        "/posteingang?ungelesen=1",
        "/einstellungen",
    ),
    "carla.coordinator": (
        "/",
        "/kurse/{offer_id}",
        "/buchungen",
        "/buchungen?stand=warteliste",
        "/buchungen/mehrere?tun=absagen&auswahl={confirmed}&auswahl={asked}",
        "/buchungen/mehrere?tun=kostenstelle&auswahl={confirmed}&auswahl={asked}",
        "/buchungen/neu/termin",
        "/buchungen/neu/termin?kurs={offer_id}",
        "/buchungen/neu/personen?termin={free_run}",
        "/freigaben",
        "/freigaben/{asked}/ablehnen",
    ),
    "paul.approver": ("/", "/freigaben", "/freigaben/mehrere?tun=freigeben&auswahl={asked}"),
    "nora.coordinator": ("/", "/kurse/{offer_id}", "/buchungen"),
    "fiona.finance": ("/buchungen",),
    "olga.office": (
        "/",
        "/genossenschaft/antraege",
        "/genossenschaft/antraege/{application}",
        "/genossenschaft/antraege/{application}/zulassen",
        "/genossenschaft/antraege/{application}/nachweis",
        "/genossenschaft/antraege/{application}/ablehnen",
        "/genossenschaft/mitglieder",
        "/genossenschaft/mitglieder?am=2026-11-25&anlass=pruefung",
        "/genossenschaft/organisationen",
        "/genossenschaft/organisationen/neu",
        "/genossenschaft/organisationen/{organisation}",
        "/genossenschaft/organisationen/{organisation}/antrag",
        "/genossenschaft/organisationen/{organisation}/zahlung",
        "/genossenschaft/organisationen/{organisation}/anteile",
        "/genossenschaft/organisationen/{organisation}/mitarbeitende",
        "/genossenschaft/organisationen/{organisation}/kuendigung",
        "/genossenschaft/anbieter",
    ),
    "adam.auditor": ("/genossenschaft/mitglieder",),
    "pia.provider": (
        "/",
        "/anbieter/angebote",
        "/anbieter/einreichungen",
        "/anbieter/einreichungen?ergebnis=abgelehnt",
        "/anbieter/einreichungen?ergebnis=unveraendert",
        "/anbieter/einreichungen/{rejected}",
        "/anbieter/einreichungen/{unchanged}",
        "/anbieter/pruefen",
    ),
    "otto.ops": (
        "/",
        "/betrieb",
        "/betrieb/kennzahlen",
        "/betrieb/nachrichten",
        "/betrieb/nachrichten/einspielen",
        "/betrieb/nachrichten/{letter}",
        "/betrieb/nachrichten/{letter}/einspielen",
        "/betrieb/nachrichten/{letter}/verwerfen",
    ),
}


def filled(path: str, world: World) -> str:
    """The address, with the ids of this world."""
    return path.format(**asdict(world.seen))


def cases() -> list[tuple[str | None, str]]:
    """Every page with everybody who may see it."""
    return [(user, path) for user, paths in PAGES.items() for path in paths]


FILES_AND_PIECES = (
    "/meine-kurse/{}/kalender",
    "/buchungen/export.csv",
    "/buchungen/{}/zeile",
    "/posteingang/anzahl",
    "/buchungen/neu/fehler.csv",
    "/genossenschaft/mitglieder/datei",
    "/genossenschaft/mitglieder/pdf",
    "/live",
    "/sitzung",
    "/ansicht",
    "/anmelden",
    "/anmelden/zurueck",
)
"""What is no page: files, pieces that the script fetches, and ways elsewhere."""

ON_THE_WAY = (
    "/buchungen/neu/pruefen",
    "/buchungen/neu/ergebnis",
    "/buchungen/neu/verwerfen",
    "/meine-kurse/{}/warteliste",
    "/noch-einmal/{}",
)
"""Pages that show what was done just before: the test of that way looks at them."""
