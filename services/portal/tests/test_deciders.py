"""Who decides on a request is named where one person does; else the page does without."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .stand_in import PERSON, Browser, Services, as_read, problem
from .test_mine import LIST, enrolment

LOOKUP = "/api/notifications/contacts/lookup"
PAUL, PETRA, CARLA = (str(uuid4()) for _ in range(3))
WAITS = enrolment("awaiting_approval", held_until="2027-01-18T16:15:00Z")
REJECTED = enrolment("rejected", decided_by_ref=CARLA, decision_reason="Kein Budget")
UNNAMED = "Ihre Fortbildungskoordination entscheidet. Ihr Platz ist bis Montag, 18. Januar"


def person(ref: str, name: str | None, decides: bool = True) -> dict[str, Any]:
    """As notifications names somebody."""
    return {"person_ref": ref, "name": name, "department": None, "decides": decides}


def services(*own: dict[str, Any], names: Any = None) -> Services:
    """Services that know these requests; without `names` notifications is away."""
    listed: dict[str, Any] = {"items": list(own), "counts": {}, "next_cursor": None}
    answers: dict[tuple[str, str], Any] = {("GET", LIST): listed}
    return Services(answers if names is None else {**answers, ("POST", LOOKUP): names})


def asked(known: Services) -> list[dict[str, Any]]:
    """What was asked of notifications."""
    return [json.loads(request.content) for request in known.sent(LOOKUP)]


async def shown(known: Services, path: str, *roles: str) -> str:
    """The page, without the instants for machines."""
    answer = await Browser(known, *roles or ("employee",)).get(path)
    assert answer.status_code == 200
    return as_read(answer.text)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/meine-kurse", "Paul Müller entscheidet. Ihr Platz ist bis Montag, 18. Januar"),
        ("/", "Paul Müller entscheidet. Ihr Platz ist bis Montag, 18. Januar"),
        ("/en/meine-kurse", "Paul Müller decides. Your seat is held until Monday"),
        ("/en", "Paul Müller decides. Your seat is held until Monday"),
    ],
)
async def test_who_decides_is_named_with_one_look_up_for_all_rows(path: str, said: str) -> None:
    rows = [{**WAITS, "enrolment_id": str(uuid4())} for _ in range(3)]
    known = services(*rows, names=[person(PAUL, "Paul Müller")])
    assert (await shown(known, path)).count(said) == 3
    assert asked(known) == [{"refs": [], "deciders": True}]


@pytest.mark.parametrize(
    "names",
    [
        [],
        [person(PAUL, "Paul Müller"), person(PETRA, "Petra Koch")],
        [person(str(PERSON), "Anna Müller")],
        [person(PAUL, None)],
        [person(CARLA, "Carla Koch", decides=False)],
        [{"person_ref": PAUL, "name": "Paul Müller"}],
        problem(403, "forbidden", "Das dürfen Sie nicht."),
        httpx.Response(503),
        None,
    ],
)
async def test_where_it_is_not_known_who_decides_the_page_does_without(names: Any) -> None:
    assert UNNAMED in await shown(services(WAITS, names=names), "/meine-kurse")
    start = await shown(services(WAITS, names=names), "/")
    assert "Platz reserviert bis Montag, 18. Januar" in start
    assert "entscheidet" not in start


async def test_nobody_decides_on_an_own_request() -> None:
    names = [person(str(PERSON), "Anna Müller"), person(PAUL, "Paul Müller")]
    assert "Paul Müller entscheidet." in await shown(services(WAITS, names=names), "/meine-kurse")


async def test_a_name_is_text_and_not_markup() -> None:
    known = services(WAITS, names=[person(PAUL, "<b>Paul</b>")])
    text = await shown(known, "/meine-kurse")
    assert "&lt;b&gt;Paul&lt;/b&gt; entscheidet." in text
    assert "<b>Paul" not in text


@pytest.mark.parametrize("state", ["requested", "waitlisted", "confirmed"])
async def test_nobody_is_asked_for_where_nobody_is_named(state: str) -> None:
    known = services(enrolment(state, decided_by_ref=CARLA), names=[])
    for path in ("/meine-kurse", "/meine-kurse/vergangen", "/"):
        await shown(known, path)
    assert asked(known) == []


@pytest.mark.parametrize(
    ("path", "reason", "said"),
    [
        ("", "Kein Budget", "Carla Koch hat abgelehnt: Kein Budget. Ihr Platz ist wieder frei."),
        ("", "Kein Budget. ", "Carla Koch hat abgelehnt: Kein Budget. Ihr Platz ist wieder frei."),
        ("", "Warum <jetzt>?", "hat abgelehnt: Warum &lt;jetzt&gt;? Ihr Platz ist wieder frei."),
        ("/en", "Kein Budget", "Carla Koch declined: Kein Budget. Your seat was released."),
    ],
)
async def test_who_rejected_is_named_with_the_reason(path: str, reason: str, said: str) -> None:
    names = [person(CARLA, "Carla Koch", decides=False)]
    rows = [{**REJECTED, "decision_reason": reason, "enrolment_id": str(uuid4())} for _ in range(2)]
    known = services(*rows, names=names)
    assert (await shown(known, f"{path}/meine-kurse/vergangen")).count(said) == 2
    assert asked(known) == [{"refs": [CARLA]}]


@pytest.mark.parametrize("names", [[], [person(PAUL, "Paul Müller")], httpx.Response(503), None])
async def test_a_rejection_stands_without_a_name_that_cannot_be_read(names: Any) -> None:
    text = await shown(services(REJECTED, names=names), "/meine-kurse/vergangen")
    said = "Die Anfrage wurde abgelehnt. Begründung: Kein Budget Der Platz ist wieder frei."
    assert said in text
    assert "Paul" not in text


async def test_one_look_up_names_whom_one_decides_on_and_who_decides_on_oneself() -> None:
    mia = str(uuid4())
    hers = {**WAITS, "person_ref": mia, "title": "Kurs von Mia"}
    names = [person(mia, "Mia Weber", decides=False), person(PAUL, "Paul Müller")]
    known = services(WAITS, hers, names=names)
    text = await shown(known, "/", "employee", "approver")
    assert "Mia Weber, " in text
    assert "Paul Müller entscheidet." in text
    assert asked(known) == [{"refs": sorted([mia, str(PERSON)]), "deciders": True}]
