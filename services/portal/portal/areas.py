"""Who sees which area: the navigation (design: section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.words import N_

if TYPE_CHECKING:
    from portal.page import Page


@dataclass(frozen=True)
class Area:
    """One entry: where it leads, how it is called, and which paths belong to it."""

    path: str
    title: str

    def holds(self, path: str) -> bool:
        """Whether a page lies within."""
        return path == self.path or path.startswith(f"{self.path}/")


START = Area("/", N_("Start"))
COURSES = Area("/kurse", N_("Kurse"))
MINE = Area("/meine-kurse", N_("Meine Kurse"))
BOOKINGS = Area("/buchungen", N_("Buchungen"))
APPROVALS = Area("/freigaben", N_("Freigaben"))
APPLICATIONS = Area("/genossenschaft/antraege", N_("Aufnahmeanträge"))
MEMBERS = Area("/genossenschaft/mitglieder", N_("Mitgliederliste"))
ORGANISATIONS = Area("/genossenschaft/organisationen", N_("Organisationen"))
PROVIDERS = Area("/genossenschaft/anbieter", N_("Anbieter"))
OFFERS = Area("/anbieter/angebote", N_("Angebote"))
SUBMISSIONS = Area("/anbieter/einreichungen", N_("Einreichungen"))
CHECK = Area("/anbieter/pruefen", N_("Angebot prüfen"))
OPERATIONS = Area("/betrieb", N_("Betrieb"))
MEASURES = Area("/betrieb/kennzahlen", N_("Kennzahlen"))
MESSAGES = Area("/betrieb/nachrichten", N_("Zurückgestellte Nachrichten"))

ROLES: tuple[tuple[str, tuple[Area, ...]], ...] = (
    ("office", (START, APPLICATIONS, MEMBERS, ORGANISATIONS, PROVIDERS)),
    ("coordinator", (START, COURSES, BOOKINGS, APPROVALS, MINE)),
    ("approver", (START, COURSES, APPROVALS, MINE)),
    ("finance", (START, COURSES, BOOKINGS)),
    ("auditor", (START, MEMBERS)),
    ("provider", (START, OFFERS, SUBMISSIONS, CHECK)),
    ("ops", (START, OPERATIONS, MEASURES, MESSAGES)),
    ("employee", (START, COURSES, MINE)),
)
"""The strongest role first: its areas are the navigation, the others stand in the menu."""

SETTINGS = Area("/einstellungen", N_("Einstellungen"))
INBOX = Area("/posteingang", N_("Posteingang"))
IN_CHARGE = {
    "employee": N_("Mitarbeitende einer Kommune"),
    "coordinator": N_("Fortbildungskoordination"),
    "approver": N_("Personen, die Anfragen freigeben"),
    "finance": N_("Finanzabteilung"),
    "office": N_("Geschäftsstelle der Genossenschaft"),
    "auditor": N_("Prüfung der Genossenschaft"),
    "provider": N_("Anbieter von Kursen"),
    "ops": N_("Betrieb des Portals"),
}
"""Who can do what is not open to somebody, by role."""


def in_charge(roles: Sequence[str]) -> list[str]:
    """Who has one of these roles, in words. Where every employee may, nobody else is named."""
    shown = ["employee"] if "employee" in roles else roles
    return [IN_CHARGE[role] for role in shown if role in IN_CHARGE]


def of_deed(page: Page) -> Area:
    """Where somebody sees whether what was sent to this page has happened."""
    path = page.request.state.path
    if COURSES.holds(path):
        return MINE
    if MINE.holds(path) or path.startswith("/platz/"):
        return BOOKINGS if page.has("coordinator") else MINE
    return around(path) or START


def around(path: str) -> Area | None:
    """The area that a path lies in; None outside of all."""
    known = {area for _role, areas in ROLES for area in areas} | {SETTINGS, INBOX}
    inner = [area for area in known if area.holds(path)]
    return max(inner, key=lambda area: len(area.path), default=None)


def _areas(page: Page) -> list[tuple[Area, ...]]:
    return [areas for role, areas in ROLES if page.has(role)]


def navigation(page: Page) -> list[tuple[Area, bool]]:
    """The entries, and whether the page that is shown lies within."""
    held = _areas(page)
    shown = held[0] if held else (COURSES,)
    path = page.request.state.path
    inner = [area for area in shown if area.holds(path)]
    current = max(inner, key=lambda area: len(area.path), default=None)
    return [(area, area is current) for area in shown]


def elsewhere(page: Page) -> list[Area]:
    """Further areas of a person with several roles."""
    held = _areas(page)
    shown = set(held[0]) if held else set()
    return [area for areas in held[1:] for area in areas if area not in shown]
