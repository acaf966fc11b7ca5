"""Every page: where it is, and who may see it. A page that is missing here fails a test."""

from __future__ import annotations

from tests.browser.world import World

PUBLIC = (
    "/kurse",
    "/kurse?q=Akte",
    "/kurse?q=gibtesnicht",
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
    "carla.coordinator": ("/", "/kurse/{offer_id}"),
    "nora.coordinator": ("/", "/kurse/{offer_id}"),
    "olga.office": ("/",),
    "pia.provider": ("/",),
    "otto.ops": ("/",),
}


def filled(path: str, world: World) -> str:
    """The address, with the ids of this world."""
    return path.format(offer_id=world.offer_id, confirmed=world.confirmed, offered=world.offered)


def cases() -> list[tuple[str | None, str]]:
    """Every page with everybody who may see it."""
    return [(user, path) for user, paths in PAGES.items() for path in paths]
