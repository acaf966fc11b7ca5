"""What people decide and take away: approve, decline, lists as files; and what is not there."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.browser.person import Person, beside
from tests.browser.world import BOOK, World

Seat = Callable[..., Person]


def a_request(world: World, title: str) -> str:
    """Anna asks for a seat of a course of this name; the id of her request."""
    run_id = world.platform.a_run(capacity=5, title=title)
    with world.platform.as_user("anna.employee") as anna:
        asked = anna.post(BOOK, {"run_id": run_id}, wait=10)
    assert asked["state"] == "awaiting_approval"
    return str(asked["enrolment_id"])


def state(world: World, enrolment_id: str) -> str:
    """Where a request stands."""
    with world.platform.as_user("carla.coordinator") as carla:
        return str(carla.get(f"{BOOK}/{enrolment_id}")["state"])


def test_an_approver_approves_with_one_click(seat: Seat, world: World) -> None:
    title = f"Freigegeben {uuid4().hex[:6]}"
    id_ = beside(lambda: a_request(world, title))
    paul = seat("paul.approver")
    paul.go("/freigaben")
    paul.page.locator(f"#f-{id_} button").click()
    paul.reads(f"Freigegeben: {title}")
    assert beside(lambda: state(world, id_)) == "confirmed"


def test_an_approver_declines_and_the_person_reads_why(seat: Seat, world: World) -> None:
    title = f"Abgelehnt {uuid4().hex[:6]}"
    id_ = beside(lambda: a_request(world, title))
    paul, anna = seat("paul.approver"), seat("anna.employee")
    paul.go(f"/freigaben/{id_}/ablehnen")
    anna.go("/meine-kurse")
    anna.reads("Paul Petersen entscheidet. Ihr Platz ist bis")
    paul.press("Anfrage ablehnen")
    paul.reads("Bitte begründen Sie die Ablehnung.")
    paul.page.fill("#grund", "Der Kurs liegt in der Haushaltswoche.")
    paul.press("Anfrage ablehnen")
    paul.reads(f"Abgelehnt: {title}")
    assert beside(lambda: state(world, id_)) == "rejected"
    anna.go("/meine-kurse")
    anna.press("Vergangen")
    why = "Der Kurs liegt in der Haushaltswoche."
    anna.reads(f"Paul Petersen hat abgelehnt: {why} Ihr Platz ist wieder frei.")


def test_a_request_that_was_decided_meanwhile_is_not_decided_twice(
    seat: Seat, world: World
) -> None:
    id_ = beside(lambda: a_request(world, f"Zu spät {uuid4().hex[:6]}"))
    paul = seat("paul.approver")
    paul.go(f"/freigaben/{id_}/ablehnen")
    with world.platform.as_user("paul.approver") as other:
        beside(lambda: other.post(f"{BOOK}/{id_}/approval", {"decision": "approve"}))
    paul.page.fill("#grund", "Zu spät.")
    paul.press("Anfrage ablehnen")
    paul.reads("Hier ist nichts mehr zu entscheiden.")
    assert beside(lambda: state(world, id_)) == "confirmed"


def test_the_approvers_are_reminded_once(seat: Seat, world: World) -> None:
    title = f"Erinnert {uuid4().hex[:6]}"
    id_ = beside(lambda: a_request(world, title))
    anna = seat("anna.employee")
    anna.go("/meine-kurse")
    button = anna.page.locator(f"form[action$='/{id_}/erinnern'] button")
    button.click()
    anna.reads("Wir haben an die Freigabe erinnert.")
    anna.reads("Erinnert am")
    assert button.count() == 0
    with world.platform.as_user("anna.employee") as client:
        assert beside(lambda: client.get(f"{BOOK}/{id_}"))["reminded_at"]


def test_the_office_asks_for_a_document_and_the_application_shows_it(
    seat: Seat, world: World
) -> None:
    document = f"Beschluss des Rates {uuid4().hex[:6]}"
    olga = seat("olga.office")
    olga.go(f"/genossenschaft/antraege/{world.seen.application}")
    olga.press("Nachweis anfordern")
    olga.press("Anforderung eintragen")
    olga.reads("Welcher Nachweis fehlt?")
    assert olga.page.locator("[aria-invalid=true]").count() == 1
    olga.page.fill("#nachweis", document)
    olga.press("Anforderung eintragen")
    olga.reads("Die Anforderung ist eingetragen.")
    olga.reads(document)


def test_the_list_of_members_is_taken_away_as_a_document(seat: Seat) -> None:
    olga = seat("olga.office")
    olga.go("/genossenschaft/mitglieder")
    olga.page.select_option("#anlass", "versammlung")
    olga.press("Liste anzeigen")
    with olga.page.expect_download() as file:
        olga.press("Liste als PDF")
    assert file.value.suggested_filename.endswith(".pdf")
    assert Path(file.value.path()).read_bytes().startswith(b"%PDF-")


def downloaded(person: Person, link: str) -> list[list[str]]:
    """The rows of a list that is taken away as a file for a spreadsheet."""
    with person.page.expect_download() as file:
        person.press(link)
    raw = Path(file.value.path()).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf"), "a spreadsheet would read the umlauts wrongly"
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))


def test_the_list_of_bookings_is_taken_away_without_a_formula(seat: Seat, world: World) -> None:
    run_id = beside(lambda: world.platform.a_run(capacity=5, title="=1+1 im Titel"))
    with world.platform.as_user("carla.coordinator") as client:
        body = {"run_id": run_id, "person_ref": str(uuid4()), "cost_centre": "4711"}
        beside(lambda: client.post(BOOK, body, wait=10))
    carla = seat("carla.coordinator")
    carla.go(f"/buchungen?termin={run_id}")
    head, *rows = downloaded(carla, "Liste als CSV")
    assert len(rows) == 1
    assert "4711" in rows[0]
    assert len(rows[0]) == len(head)
    assert any("1+1 im Titel" in cell for cell in rows[0])
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in rows[0])


@contextmanager
def without(world: World, part: str) -> Iterator[None]:
    """A service that is not there."""
    beside(lambda: world.platform.stack.stop(part))
    try:
        yield
    finally:
        beside(lambda: world.platform.stack.start(part))


def test_a_service_that_is_away_takes_only_its_own_part_with_it(seat: Seat, world: World) -> None:
    anna = seat("anna.employee")
    with without(world, "enrolment"):
        assert anna.go(f"/kurse/{world.seen.offer_id}") == 200
        anna.reads("Freie Plätze sind gerade nicht abrufbar.")
        assert "Digitale Akte einführen" in anna.heading()
        assert anna.go("/posteingang") == 200
        assert anna.go("/meine-kurse") == 503
        assert anna.page.get_by_role("heading", level=1).count() == 1
    anna.go(f"/kurse/{world.seen.offer_id}")
    anna.reads("Freie Plätze werden laufend aktuali")
    with without(world, "notifications"):
        assert anna.go("/meine-kurse") == 200
        anna.reads("Datenschutz im Amt")
        assert anna.go("/posteingang") == 503
