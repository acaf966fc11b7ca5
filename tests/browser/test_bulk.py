"""A coordinator books a list of people: file, correction, booking, result."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import asyncpg

from deploy.local.client import Client, until
from tests.browser.person import Person, beside
from tests.browser.test_pages import look
from tests.browser.world import World
from tests.platform import Platform

Seat = Callable[..., Person]
DOMAIN = "kreis-bergstrasse.example"


def _upload(person: Person, run_id: str, content: bytes) -> None:
    person.go(f"/buchungen/neu/personen?termin={run_id}")
    person.page.set_input_files(
        "#datei", {"name": "märz.csv", "mimeType": "text/csv", "buffer": content}
    )
    person.press("Personen prüfen")


def test_a_list_is_read_corrected_booked_and_told_row_by_row(seat: Seat, world: World) -> None:
    person, new = seat("carla.coordinator"), uuid4().hex[:8]
    lines = ["Name;Dienst-E-Mail", f"Jürgen Probe;j.{new}@{DOMAIN}", f"Gül Muster;g.{new}.{DOMAIN}"]
    _upload(person, world.seen.free_run, "\r\n".join(lines).encode("cp1252"))
    person.reads("2 von 2 Zeilen brauchen eine Korrektur")
    person.reads("Zeichensatz Windows-1252, Trennzeichen Semikolon")
    assert person.page.input_value("#name-1") == "Jürgen Probe"
    look(person, "de-carla-coordinator-buchungen-neu-pruefen")
    person.page.fill("#amt-1", "Bauamt")
    person.press("Person erfassen: Zeile 1")
    person.reads("Platz frei")
    person.page.fill("#mail-2", f"g.{new}@{DOMAIN}")
    person.press("Korrigierte Zeilen neu prüfen")
    person.press("Person erfassen: Zeile 2")
    person.reads("Sie buchen verbindlich 2 Plätze")
    person.page.fill("#kostenstelle", "11201")
    person.press("2 Plätze buchen")
    person.reads("2 gebucht, 0 auf der Warteliste, 0 nicht gebucht")
    look(person, "de-carla-coordinator-buchungen-neu-ergebnis")
    # the same people again: nobody is booked twice, and what was typed last is remembered
    _upload(person, world.seen.free_run, f"Jürgen Probe;j.{new}@{DOMAIN}".encode())
    person.reads("Nicht buchbar")
    assert person.page.input_value("#kostenstelle") == "11201"
    person.reads("Keine Zeile ist buchbar.")
    person.go("/buchungen/neu/termin")
    person.press("Liste verwerfen")
    person.reads("Das lässt sich nicht zurücknehmen.")
    look(person, "de-carla-coordinator-buchungen-neu-verwerfen")
    person.press("Liste mit einer Person verwerfen")
    person.reads("Die Liste ist verworfen.")


def test_what_cannot_be_used_is_said_beside_its_field_and_stays_there(
    seat: Seat, world: World
) -> None:
    person = seat("nora.coordinator")
    person.go(f"/buchungen/neu/personen?termin={world.seen.free_run}")
    person.press("Personen prüfen")
    person.reads("Bitte nennen Sie mindestens eine Person.")
    assert person.page.title().startswith("Fehler: ")
    look(person, None)
    many = "\n".join(f"Person {n}; p{n}@{DOMAIN}" for n in range(2001))
    person.page.fill("#liste", many)
    person.press("Personen prüfen")
    person.reads("Die Liste hätte 2.001 Personen. Eine Buchung fasst 2.000")
    assert person.page.input_value("#liste").count("@") == 2001


class Pause:
    """Holds the next long list as a busy colleague of the service would, until it is let go."""

    OPEN = "SELECT id FROM bulk_job WHERE finished_at IS NULL FOR UPDATE"

    def __init__(self, platform: Platform) -> None:
        url = platform.stack.database_url("enrolment", admin=True)
        self._url = url.replace("+asyncpg", "")
        self.held, self.let_go = threading.Event(), threading.Event()

    def hold(self) -> None:
        """Wait for a list, and keep it."""
        asyncio.run(self._hold())

    async def _hold(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while not self.let_go.is_set():
                async with connection.transaction():
                    if await connection.fetch(self.OPEN):
                        self.held.set()
                        await asyncio.to_thread(self.let_go.wait, 120)
                await asyncio.sleep(0.005)
        finally:
            await connection.close()


@contextmanager
def paused(platform: Platform) -> Iterator[Pause]:
    """The next long list stays where it is for a while."""
    pause = Pause(platform)
    holding = threading.Thread(target=pause.hold)
    holding.start()
    try:
        yield pause
    finally:
        pause.let_go.set()
        holding.join(150)


def _colleagues(platform: Platform, count: int) -> bytes:
    """People of the county whom notifications knows, as a file."""
    new = uuid4().hex[:8]
    mails = [f"p{n}.{new}@{DOMAIN}" for n in range(count)]

    def record(carla: Client) -> None:
        for n, mail in enumerate(mails):
            person = {"given_name": f"Gül {n}", "family_name": "Viele", "mail": mail}
            carla.post("/api/notifications/contacts", person)

    with platform.as_user("carla.coordinator") as carla:
        record(carla)
    return "\n".join(["Name;E-Mail", *(f"Gül {n} Viele;{m}" for n, m in enumerate(mails))]).encode()


def test_a_long_list_shows_how_far_it_is_and_then_its_result(seat: Seat, world: World) -> None:
    platform = world.platform
    run = beside(lambda: platform.a_run(capacity=210, title="Erste Hilfe im Rathaus"))
    file = beside(lambda: _colleagues(platform, 220))
    person = seat("carla.coordinator")
    _upload(person, run, file)
    person.reads("Hier stehen die ersten 200 von 220 Zeilen.")
    with paused(platform) as pause:
        person.press("210 Plätze buchen, 10 auf die Warteliste")
        person.reads("von 220 Personen bearbeitet")
        assert beside(lambda: pause.held.wait(60))
        look(person, "de-carla-coordinator-buchungen-neu-fortschritt")
        person.press("Aktualisieren")
        person.reads("Sie können die Seite schließen.")
    person.reads("210 gebucht, 10 auf der Warteliste, 0 nicht gebucht")
    person.reads("Hier stehen 200 von 220 Personen")
    look(person, "de-carla-coordinator-buchungen-neu-ergebnis-lang")
    assert person.said == []
    with platform.as_user("carla.coordinator") as carla:

        def told() -> bool:
            notices = carla.get("/api/notifications/notices?limit=20")["items"]
            return any(each["kind"] == "bulk-settled" for each in notices)

        beside(lambda: until(told, 60, "the list in the inbox"))
