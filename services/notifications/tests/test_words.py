"""The words of every notice, held by golden files; headers that nobody can inject."""

import os
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from notifications.adapters import wording
from notifications.adapters.letters import HEADERS, Sender, in_header, letter
from notifications.adapters.words import written
from notifications.domain import steps
from notifications.domain.person import Language

from .builders import (
    ANNA,
    NOON,
    PAUL,
    a_booking,
    a_dossier,
    a_notice,
    a_person,
    a_run,
    carla,
)

GOLDEN = Path(__file__).parent / "golden"
SENDER = Sender("fortbildung@campus.example", "KommunalCampus", "", "https://campus.example")
FACTS: dict[str, dict[str, Any]] = {
    steps.CONFIRMED: {"price_cents": 35300, "price_kind": "member", "saving_cents": 8800},
    steps.WAITLISTED: {"place": 3},
    steps.OFFERED: {"offered_until": "2027-01-18T16:15:00Z"},
    steps.APPROVAL: {"held_until": "2027-01-18T16:15:00Z", "price_cents": 35300},
    steps.REMINDED: {"held_until": "2027-01-18T16:15:00Z", "price_cents": 35300},
    steps.REJECTED: {},
    steps.CANCELLED: {"reason": "by-person", "fee_cents": 17650},
    steps.EXPIRED: {"reason": "offer-expired"},
    steps.RESCHEDULED: {"starts_at": "2027-03-08T08:00:00Z", "ends_at": "2027-03-09T15:00:00Z"},
    steps.BULK: {
        "rows": [
            {"person_ref": str(ANNA), "state": "confirmed", "price_cents": 35300},
            {"person_ref": str(PAUL), "state": "waitlisted", "place": 1},
            {"person_ref": str(PAUL), "state": "rejected"},
        ]
    },
}
LANGUAGES: tuple[Language, ...] = ("de", "en")
AUDIENCES = {steps.BULK: ("coordinator",), steps.REMINDED: ("approver",)}
CASES = [
    (kind, audience, language)
    for kind in FACTS
    for audience in AUDIENCES.get(kind, ("person", "coordinator"))
    for language in LANGUAGES
]


def mail(kind: str, audience: str = "person", language: Language = "de", **changes: Any) -> bytes:
    """The finished mail."""
    facts = changes.pop("facts", FACTS[kind])
    notice = a_notice(kind, facts=facts, audience=audience)
    person = carla(language=language) if audience == "coordinator" else a_person(language=language)
    made = letter(a_dossier(notice, **({"recipient": person} | changes)), SENDER, NOON)
    assert made is not None
    return made.content


def parsed(content: bytes) -> EmailMessage:
    """A mail as a mail program reads it."""
    return BytesParser(policy=policy.default).parsebytes(content)


def part(message: EmailMessage, kind: str) -> str:
    """The text of a part."""
    found = next(p for p in message.walk() if p.get_content_type() == kind)
    text: str = found.get_content()
    return text.replace("\r\n", "\n")


def calendar_of(message: EmailMessage) -> Calendar:
    """The calendar object in a mail."""
    found = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
    return Calendar.from_ical(cast("bytes", found.get_payload(decode=True)))


@pytest.mark.parametrize(("kind", "audience", "language"), CASES)
@pytest.mark.parametrize("form", ["txt", "html"])
def test_every_mail_says_what_was_agreed(
    kind: str, audience: str, language: Language, form: str
) -> None:
    message = parsed(mail(kind, audience, language))
    got = part(message, {"txt": "text/plain", "html": "text/html"}[form])
    if form == "txt":
        got = f"Subject: {message['Subject']}\n\n{got}"
    golden = GOLDEN / f"{kind}.{audience}.{language}.{form}"
    if os.environ.get("KC_GOLDEN") == "write":
        golden.write_text(got, encoding="utf-8")
    assert got == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", ["by-person", "by-coordinator", "run-cancelled", "other"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_sentence(reason: str, language: Language) -> None:
    for kind in (steps.CANCELLED, steps.EXPIRED):
        words = written(a_dossier(a_notice(kind, facts={"reason": reason})), language)
        assert words.title
        assert "None" not in f"{words.text}{words.more}{words.subject}"


@pytest.mark.parametrize(("kind", "audience", "language"), CASES)
def test_a_notice_can_be_written_while_run_person_and_price_are_unknown(
    kind: str, audience: str, language: Language
) -> None:
    unknown: dict[str, Any] = {"run": None, "booking": None, "person": None, "people": {}}
    content = mail(kind, audience, language, **unknown)
    text = part(parsed(content), "text/plain")
    assert "None" not in text
    assert "undefined" not in text.lower()


def test_the_place_in_the_line_is_told_as_people_say_it() -> None:
    texts = [
        written(a_dossier(a_notice(steps.WAITLISTED, facts={"place": place})), "de").text
        for place in (1, 2, 3)
    ]
    assert [text.split(". ")[1] for text in texts] == [
        "Sie sind als Nächstes dran.",
        "Eine Person ist vor Ihnen.",
        "2 Personen sind vor Ihnen.",
    ]


def test_prices_and_dates_never_break_before_their_unit() -> None:
    assert wording.price(35300, 8800, "de") == (
        "353,00\xa0€, statt 441,00\xa0€, 88,00\xa0€ gespart"
    )
    assert wording.price(124000, 0, "de") == "1.240,00\xa0€"
    assert wording.price(124000, 0, "en") == "€1,240.00"
    assert wording.price(0, 0, "de") == "Kostenlos"
    assert wording.moment("2027-01-15T16:15:00Z", "de") == "Freitag, 15. Januar 2027, 17:15\xa0Uhr"
    assert wording.moment("2027-07-15T16:15:00Z", "en") == "Thursday 15 July 2027, 6:15\xa0pm"
    day = (datetime(2027, 4, 5, 7, tzinfo=UTC), datetime(2027, 4, 5, 14, tzinfo=UTC))
    assert wording.span(*day, "de") == "Montag, 5. April 2027, 9:00 bis 16:00\xa0Uhr"


def test_a_non_member_reads_what_members_pay() -> None:
    booking = a_booking(
        price_kind="standard", price_cents=44100, saving_cents=0, reason="not-a-member"
    )
    notice = a_notice(facts={"price_cents": 44100, "price_kind": "standard", "saving_cents": 0})
    facts = dict(written(a_dossier(notice, booking=booking), "de").facts)
    assert facts["Preis"] == "441,00\xa0€"
    assert facts["Warum dieser Preis?"] == (
        "Ihre Organisation ist nicht Mitglied der Genossenschaft. Mitglieder zahlen 353,00\xa0€."
    )


def test_a_title_from_a_provider_is_text_in_html() -> None:
    html = part(
        parsed(mail(steps.CONFIRMED, run=a_run(title="<script>alert(1)</script>"))), "text/html"
    )
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_entry_is_updated_and_removed_under_the_same_uid() -> None:
    first, moved, gone = (
        calendar_of(parsed(mail(kind)))
        for kind in (steps.CONFIRMED, steps.RESCHEDULED, steps.CANCELLED)
    )
    assert [str(c["method"]) for c in (first, moved, gone)] == ["REQUEST", "REQUEST", "CANCEL"]
    entries = [c.walk("VEVENT")[0] for c in (first, moved, gone)]
    assert len({str(entry["uid"]) for entry in entries}) == 1
    assert entries[0].decoded("dtstart") == datetime(2027, 3, 1, 8, tzinfo=UTC)
    assert entries[1].decoded("dtstart") == datetime(2027, 3, 8, 8, tzinfo=UTC)
    assert str(entries[2]["status"]) == "CANCELLED"
    assert entries[0].walk("VALARM")[0].decoded("trigger") == -timedelta(days=1)
    assert not entries[2].walk("VALARM")


def test_only_a_calendar_that_had_the_entry_is_told_of_its_end() -> None:
    kinds = {p.get_content_type() for p in parsed(mail(steps.CANCELLED, booking=None)).walk()}
    assert "text/calendar" not in kinds
    coordinator = {
        p.get_content_type() for p in parsed(mail(steps.CONFIRMED, "coordinator")).walk()
    }
    assert "text/calendar" not in coordinator


def test_a_mail_tells_machines_what_it_is() -> None:
    message = parsed(mail(steps.CONFIRMED))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{a_notice().message_key}@campus.example>"
    assert message["Reply-To"] == "fortbildung@campus.example"
    assert {name.lower() for name in message} <= HEADERS


INJECTIONS = [
    "=?UTF-8?Q?Hello=0D=0ABcc=3A_evil@x.example?=",
    "Kurs\r\nBcc: evil@x.example",
    "Kurs\x0bBcc: evil@x.example",
    "Kurs\u2028Bcc: evil@x.example",
    "==??UTF-8?B?DQpCY2M6IGV2aWxAeC5leGFtcGxl??==",
    "=?utf-8?b?DQpCY2M6IGV2aWxAeC5leGFtcGxlDQo=?=" * 3,
]


@pytest.mark.parametrize("evil", INJECTIONS)
def test_no_title_and_no_name_makes_a_header(evil: str) -> None:
    content = mail(
        steps.CONFIRMED, run=a_run(title=evil), recipient=a_person(given_name=evil, family_name="M")
    )
    message = parsed(content)
    assert {name.lower() for name in message} <= HEADERS
    assert message["Bcc"] is None
    assert [address.addr_spec for address in message["To"].addresses] == [
        "anna.mueller@kreis.example"
    ]


@given(st.text(max_size=200))
def test_any_text_is_one_safe_line_in_a_header(text: str) -> None:
    line = in_header(text, 76)
    assert len(line) <= 76
    assert "=?" not in line
    assert not {"\r", "\n", "\0"} & set(line)


def test_a_long_title_is_cut_at_a_word() -> None:
    message = parsed(mail(steps.CONFIRMED, run=a_run(title="Sehr langer Titel " * 10)))
    assert message["Subject"].endswith("Titel…")
    assert len(message["Subject"]) <= 76
