"""The list of bookings of one department: its people come from notifications."""

from typing import Any

import httpx
from portal.pages.bookings import NOBODY

from services.portal.tests.stand_in import Browser, Services

CONTACTS = "/api/notifications/contacts"
LIST = "/api/enrolment/enrolments"
A = "11111111-489e-4ec3-b54a-b898b405bfe5"
B = "22222222-489e-4ec3-b54a-b898b405bfe5"
EMPTY: dict[str, Any] = {"items": [], "counts": {}, "next_cursor": None}
NAMED = {"items": [{"department": "Bauamt", "people": 2}, {"department": "Jugendamt", "people": 1}]}


def services(members: Any = None, departments: Any = NAMED) -> Services:
    """Two departments, nobody has booked."""
    answers: dict[tuple[str, str], Any] = {
        ("GET", LIST): EMPTY,
        ("GET", f"{CONTACTS}/departments"): departments,
        ("GET", f"{CONTACTS}/departments/members"): members,
        ("POST", f"{CONTACTS}/lookup"): [],
    }
    return Services({key: answer for key, answer in answers.items() if answer is not None})


def asked(known: Services) -> list[httpx.QueryParams]:
    """What the list asked of enrolment; the figures above it ask for one row each."""
    each = [request.url.params for request in known.sent(LIST)]
    return [params for params in each if params["limit"] != "1"]


async def test_the_bookings_of_a_department_are_those_of_its_people() -> None:
    known = services({"person_refs": [A, B], "more": False})
    answer = await Browser(known, "coordinator").get("/buchungen?amt=Bauamt&stand=freigabe")
    assert answer.status_code == 200
    assert '<option value="Bauamt" selected>' in answer.text
    assert '<option value="">Alle Ämter</option>' in answer.text
    assert "stand=freigabe&amp;amt=Bauamt" in answer.text
    (sent,) = known.sent(f"{CONTACTS}/departments/members")
    assert sent.url.params["department"] == "Bauamt"
    (params,) = asked(known)
    assert params.get_list("person_ref") == [A, B]


async def test_a_person_and_a_department_narrow_each_other() -> None:
    known = services({"person_refs": [A, B], "more": False})
    await Browser(known, "finance").get(f"/buchungen?amt=Bauamt&person={B}")
    (params,) = asked(known)
    assert params.get_list("person_ref") == [B]


async def test_a_department_without_people_has_no_bookings_instead_of_all() -> None:
    known = services({"person_refs": [], "more": False})
    answer = await Browser(known, "coordinator").get("/buchungen?amt=Stadtwerke")
    assert "Unter diesen Filtern steht keine Buchung." in answer.text
    assert '<option value="Stadtwerke" selected>' in answer.text
    file = await Browser(known, "coordinator").get("/buchungen/export.csv?amt=Stadtwerke")
    assert len(file.text.strip().splitlines()) == 1
    assert [params.get_list("person_ref") for params in asked(known)] == [[NOBODY], [NOBODY]]


async def test_without_notifications_all_departments_are_shown_and_the_page_says_so() -> None:
    known = services(departments=None)
    answer = await Browser(known, "coordinator").get("/buchungen?amt=Bauamt")
    assert answer.status_code == 200
    assert "Nach Amt kann gerade nicht gefiltert werden." in answer.text
    (params,) = asked(known)
    assert params.get_list("person_ref") == []
    file = await Browser(known, "coordinator").get("/buchungen/export.csv?amt=Bauamt")
    assert (file.status_code, file.headers["location"]) == (303, "/buchungen?amt=Bauamt")


async def test_a_department_that_is_too_large_is_no_filter_and_the_page_says_so() -> None:
    known = services({"person_refs": [A], "more": True})
    answer = await Browser(known, "coordinator").get("/buchungen?amt=Bauamt")
    assert "Dieses Amt ist für den Filter zu groß." in answer.text


async def test_where_nobody_has_a_department_there_is_nothing_to_choose() -> None:
    known = services(departments={"items": []})
    answer = await Browser(known, "coordinator").get("/buchungen")
    assert answer.status_code == 200
    assert 'name="amt"' not in answer.text
    assert known.sent(f"{CONTACTS}/departments/members") == []
