"""Settings that somebody changed elsewhere meanwhile: both are shown, and nothing typed is lost."""

from __future__ import annotations

from typing import Any

from portal.pages.preferences import CALENDAR, PREFERENCES

from .stand_in import Browser, Services, problem

KEPT: dict[str, Any] = {
    "language": "en", "channel": "mail", "quiet_from": "20:00:00", "quiet_to": "07:00:00",
    "version": 8,
}  # fmt: skip
TYPED = {
    "sprache": "de", "weg": "mail", "ruhe_von": "21:00", "ruhe_bis": "07:00", "fassung": "7",
}  # fmt: skip


def services() -> Services:
    """Somebody saved version 8 already."""
    return Services(
        {
            ("GET", PREFERENCES): KEPT,
            ("GET", CALENDAR): {"url": None},
            ("PUT", PREFERENCES): problem(412, "changed-meanwhile", "Inzwischen geändert."),
        }
    )


async def test_what_is_saved_stands_beside_what_was_typed_and_is_asked_again() -> None:
    known = services()
    answer = await Browser(known, "employee").post("/einstellungen", **TYPED)
    assert answer.status_code == 409
    assert "Sprache: English (Ihre Eingabe: Deutsch)" in answer.text
    assert "Ruhezeit von: 20:00 (Ihre Eingabe: 21:00)" in answer.text
    assert "Ruhezeit bis:" not in answer.text, "there is no difference"
    assert 'value="21:00"' in answer.text
    assert '<option value="de" selected>' in answer.text
    assert 'name="fassung" value="8"' in answer.text


async def test_the_same_saved_twice_is_nothing_to_ask_about() -> None:
    same = {**TYPED, "sprache": "en", "ruhe_von": "20:00"}
    answer = await Browser(services(), "employee").post("/einstellungen", **same)
    assert "Gespeichert ist schon, was Sie eingegeben haben." in answer.text
