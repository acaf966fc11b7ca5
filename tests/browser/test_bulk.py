"""A coordinator books a list of people: file, correction, booking, result."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from tests.browser.person import Person
from tests.browser.test_pages import look
from tests.browser.world import World

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


def test_what_cannot_be_used_is_said_beside_its_field_and_stays_there(
    seat: Seat, world: World
) -> None:
    person = seat("nora.coordinator")
    person.go(f"/buchungen/neu/personen?termin={world.seen.free_run}")
    person.press("Personen prüfen")
    person.reads("Bitte nennen Sie mindestens eine Person.")
    assert person.page.title().startswith("Fehler: ")
    look(person, None)
    many = "\n".join(f"Person {n}; p{n}@{DOMAIN}" for n in range(101))
    person.page.fill("#liste", many)
    person.press("Personen prüfen")
    person.reads("Die Liste hätte 101 Personen.")
    assert person.page.input_value("#liste").count("@") == 101
