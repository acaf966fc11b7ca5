"""Booking for more than a hundred: how far it is, and what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from portal.pages.bulk_result import JOBS, settled
from portal.roster import Roster, Row, Verdict

from .stand_in import Browser, Services

RUN = {
    "run_id": "r",
    "title": "Digitale Akte einführen",
    "starts_at": "2027-03-01T08:00:00Z",
    "ends_at": "2027-03-01T15:00:00Z",
    "location": None,
}
PRICE = {"status": "fixed", "cents": 35300, "standard_cents": 44100}


class Drafts:
    """The drafts of one person, in memory."""

    def __init__(self, roster: Roster) -> None:
        self.kept = roster.kept()

    async def draft(self, _person: object, _name: str) -> dict[str, Any]:
        return self.kept

    async def keep_draft(self, _person: object, _name: str, body: dict[str, Any]) -> None:
        self.kept = body


def a_booking(count: int, *, whole: bool = False) -> Roster:
    """A long list that was just sent."""
    rows = [Row(n, f"Person {n}", f"p{n}@kreis.example", f"ref-{n}") for n in range(1, count + 1)]
    roster = Roster(run_id="r", rows=list(rows), all_or_nothing=whole)
    verdicts = [Verdict(row, "seat") for row in reversed(rows)]
    return settled(roster, verdicts, {"job_id": "j", "run_id": "r"})


def a_job(count: int, **more: Any) -> dict[str, Any]:
    """What the service says of it."""
    rows = [
        {
            "pointer": f"/people/{n}",
            "code": "held",
            "person_ref": f"ref-{n + 1}",
            "state": "confirmed",
            "price": PRICE,
        }
        for n in range(count)
    ]
    facts = {"job_id": "j", "run_id": "r", "state": "done", "done": count, "total": count}
    facts["created_at"] = "2027-01-15T08:59:30Z"
    return {**facts, "rows": rows, **more}


def seen_by(drafts: Drafts, job: dict[str, Any]) -> Browser:
    """A coordinator who looks at the list."""
    answers = {("GET", f"{JOBS}/j"): job, ("GET", "/api/catalog/runs/r"): RUN}
    return Browser(Services(answers), "coordinator", sessions=drafts)


async def test_while_it_is_booked_the_page_says_how_far_it_is() -> None:
    browser = seen_by(Drafts(a_booking(150)), a_job(150, state="working", done=100, rows=None))
    shown = (await browser.get("/buchungen/neu/ergebnis")).text
    assert "100 von 150 Personen bearbeitet" in shown
    assert '<progress class="kc-progress" value="100" max="150"' in shown
    assert ">Aktualisieren</a>" in shown, "without a script"
    english = (await browser.get("/en/buchungen/neu/ergebnis")).text
    assert "100 of 150 people done" in english


async def test_in_the_end_there_is_a_row_for_each_person_those_not_booked_first() -> None:
    job = a_job(250)
    refused = {"code": "already-enrolled", "detail": "Hat schon einen Platz."}
    job["rows"][249] = {"pointer": "/people/249", "person_ref": "ref-250", **refused}
    shown = (await seen_by(Drafts(a_booking(250)), job).get("/buchungen/neu/ergebnis")).text
    assert "249 gebucht, 0 auf der Warteliste, 1 nicht gebucht" in shown
    assert shown.index("Hat schon einen Platz.") < shown.index("Person 1<")
    assert "353,00" in shown
    assert "Hier stehen 200 von 250 Personen" in shown
    assert "Person 250<" in shown
    assert "Person 249<" not in shown


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("requested", "Angefragt"),
        ("waitlisted", "Warteliste"),
        ("offered", "Platz angeboten"),
        ("cancelled", "Storniert"),
        ("expired", "Frist abgelaufen"),
    ],
)
async def test_every_row_is_shown_whatever_became_of_it(state: str, word: str) -> None:
    job = a_job(120)
    job["rows"][0] |= {"state": state, "price": {"status": "pending", "standard_cents": 44100}}
    answer = await seen_by(Drafts(a_booking(120)), job).get("/buchungen/neu/ergebnis")
    assert answer.status_code == 200
    assert word in answer.text


async def test_a_whole_list_that_was_refused_stands_in_the_draft_again() -> None:
    drafts = Drafts(a_booking(120, whole=True))
    why = "Nicht alle Personen der Liste können einen Platz bekommen."
    job = a_job(120, state="refused", code="not-all-seats", detail=why, free=100)
    job["rows"] = [
        {"pointer": row["pointer"], "code": "held", "person_ref": row["person_ref"]}
        for row in job["rows"]
    ]
    browser = seen_by(drafts, job)
    for _ in range(2):
        shown = (await browser.get("/buchungen/neu/ergebnis")).text
        assert why in shown
        assert "0 gebucht, 0 auf der Warteliste, 120 nicht gebucht" in shown
        assert 'href="/buchungen/neu/pruefen"' in shown
    kept = Roster.of(drafts.kept)
    assert [row.ref for row in kept.rows] == [f"ref-{n}" for n in range(1, 121)]
    assert kept.all_or_nothing


@pytest.mark.parametrize("whole", [True, False])
def test_the_answer_to_a_short_list_is_kept_row_by_row(whole: bool) -> None:
    row = Row(1, "Anna", "anna@kreis.example", "a")
    roster = Roster(run_id="r", rows=[row], all_or_nothing=whole)
    said = {"rows": [{"person_ref": "a", "code": "held", "state": "requested"}]}
    after = settled(roster, [Verdict(row, "seat"), Verdict(Row(2), "fix")], said)
    assert after.result is not None
    assert after.result["job_id"] is None
    assert after.result["rows"][0]["state"] == "requested"
    assert [left.number for left in after.rows] == [2]
    assert after.id != roster.id
