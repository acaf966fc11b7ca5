"""German and English that people would write: capitals, quotation marks, people without a name."""

import re
from typing import Any

import pytest
from notifications.adapters import wording
from notifications.adapters.words import Words, written
from notifications.domain import steps
from notifications.domain.person import Language

from .builders import a_dossier, a_notice, a_person, a_run
from .test_words import AUDIENCES, FACTS, LANGUAGES, mail, parsed, part

REASONS = {
    steps.CANCELLED: ("by-person", "by-coordinator", "run-cancelled"),
    steps.EXPIRED: (
        "hold-expired",
        "offer-expired",
        "offer-declined",
        "offer-withdrawn",
        "run-started",
    ),
}
CASES = [
    (kind, audience, facts | ({"reason": reason} if reason else {}))
    for kind, facts in FACTS.items()
    for audience in AUDIENCES.get(kind, ("person", "coordinator"))
    for reason in REASONS.get(kind, (None,))
]
NAMELESS: dict[str, Any] = {"person": None, "people": {}}


def words(
    kind: str, audience: str, facts: dict[str, Any], language: Language, **known: Any
) -> Words:
    """What a notice says."""
    return written(a_dossier(a_notice(kind, audience=audience, facts=facts), **known), language)


def sentences(said: Words) -> list[str]:
    """All that it says, one sentence after the other."""
    whole = [said.title, *(" ".join((said.text, *said.more)).replace("?", ".").split(". "))]
    return [sentence.strip() for sentence in whole if sentence.strip()]


@pytest.mark.parametrize(("kind", "audience", "facts"), CASES)
@pytest.mark.parametrize("run", [a_run(), None])
def test_german_goes_on_rightly_after_the_comma_of_the_greeting(
    kind: str, audience: str, facts: dict[str, Any], run: Any
) -> None:
    for known in ({}, NAMELESS):
        first = words(kind, audience, facts, "de", run=run, **known).text.split()[0]
        assert first in {"Sie", "Ihr", "Ihre"}


@pytest.mark.parametrize(("kind", "audience", "facts"), CASES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("run", [a_run(), None])
def test_somebody_without_a_name_stands_in_whole_sentences(
    kind: str, audience: str, facts: dict[str, Any], language: Language, run: Any
) -> None:
    said = words(kind, audience, facts, language, run=run, **NAMELESS)
    for sentence in sentences(said):
        assert re.match(r"[A-ZÄÖÜ„“0-9]", sentence), sentence
        assert "N. N." not in sentence
        assert "bekommt eine eigene Nachricht" not in sentence
        assert "gets a message" not in sentence


def test_somebody_without_a_name_is_put_into_words() -> None:
    line = words(steps.WAITLISTED, "coordinator", {"place": 1}, "de", **NAMELESS)
    assert line.title == "Eine Person ohne hinterlegten Namen steht auf Platz\xa01 der Warteliste"
    seat = words(steps.CONFIRMED, "coordinator", FACTS[steps.CONFIRMED], "de", **NAMELESS)
    assert seat.title == "Der Platz für eine Person ohne hinterlegten Namen ist sicher"
    line = words(steps.WAITLISTED, "coordinator", {"place": 1}, "en", **NAMELESS)
    assert line.title == "A person whose name is not known is on the waiting list, place\xa01"


def test_only_who_has_an_address_is_said_to_get_a_message() -> None:
    facts = FACTS[steps.CONFIRMED]
    assert words(steps.CONFIRMED, "coordinator", facts, "de").more == (
        "Anna Müller bekommt eine eigene Nachricht.",
    )
    assert words(steps.CONFIRMED, "coordinator", facts, "de", **NAMELESS).more == (
        "Für diese Person ist keine Mailadresse hinterlegt. Bitte geben Sie ihr selbst Bescheid.",
    )
    assert words(steps.CONFIRMED, "coordinator", facts, "en", **NAMELESS).more == (
        "No mail address is known for this person. Please tell them yourself.",
    )
    rows = FACTS[steps.BULK]["rows"]
    everybody, nobody = {"rows": rows[:1]}, FACTS[steps.BULK]
    assert words(steps.BULK, "coordinator", everybody, "de").more == (
        "Alle genannten Personen bekommen eine eigene Nachricht.",
    )
    (said,) = words(steps.BULK, "coordinator", nobody, "de", people={}).more
    assert "bekommen eine eigene Nachricht" not in said


def test_a_rejection_gives_the_seat_back() -> None:
    for audience in ("person", "coordinator"):
        text = words(steps.REJECTED, audience, {}, "de").text
        assert text.endswith(" Der reservierte Platz ist wieder freigegeben.")
        assert "Ihr Platz ist wieder frei" not in text


@pytest.mark.parametrize(
    ("title", "german", "english"),
    [
        ("Die „neue“ Akte", "„Die ‚neue‘ Akte“", "“Die ‘neue’ Akte”"),
        ('"Neu" im Amt', "„‚Neu‘ im Amt“", "“‘Neu’ im Amt”"),
        ("Recht (“neu”)", "„Recht (‚neu‘)“", "“Recht (‘neu’)”"),
        ("Von «A» bis Z", "„Von ‚A‘ bis Z“", "“Von ‘A’ bis Z”"),
        ("Von »A« bis Z", "„Von ‚A‘ bis Z“", "“Von ‘A’ bis Z”"),
        ("Los geht’s", "„Los geht’s“", "“Los geht’s”"),
    ],
)
def test_quotation_marks_in_a_title_become_single(title: str, german: str, english: str) -> None:
    assert (wording.quoted(title, "de"), wording.quoted(title, "en")) == (german, english)
    said = words(steps.REJECTED, "person", {}, "de", run=a_run(title=title))
    assert german in said.text
    assert said.subject == f"Anfrage abgelehnt: {title}"


def test_a_withdrawn_offer_is_not_called_a_reservation() -> None:
    said = words(steps.EXPIRED, "person", {"reason": "offer-withdrawn"}, "de")
    assert (said.title, "Reservierung" in said.text) == ("Die Warteliste ist geschlossen", False)


def test_no_attachment_is_promised_without_a_date() -> None:
    more = words(steps.CONFIRMED, "person", FACTS[steps.CONFIRMED], "de", run=None).more
    assert not any("Anhang" in line for line in more)


def test_the_greeting_stands_right_before_the_text_in_html() -> None:
    html = part(parsed(mail(steps.CONFIRMED, recipient=a_person())), "text/html")
    assert html.index("</h1>") < html.index("Guten Tag") < html.index("Ihr Platz im Kurs")


def test_a_long_list_says_how_many_were_not_booked() -> None:
    rows = FACTS[steps.BULK]["rows"][:2]
    said = words(steps.BULK, "coordinator", {"rows": rows, "refused": 3}, "de")
    assert said.title == "1 gebucht, 1 auf der Warteliste, 3 nicht gebucht"
    for language in LANGUAGES:
        nobody = words(steps.BULK, "coordinator", {"rows": [], "refused": 120}, language)
        assert nobody.title.startswith("120 ")
        assert nobody.more == (), "nobody is named, so nobody is written to"
