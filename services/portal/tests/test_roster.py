"""A list of people: reading, checking, summing up."""

from typing import Any

import pytest
from portal import roster as lists
from portal.roster import Roster, Row, Verdict

ANNA, MAX = "5c0d2a70-0000-4000-8000-000000000001", "5c0d2a70-0000-4000-8000-000000000002"
PRICE = {"status": "pending", "standard_cents": 44000, "member_cents": 35300}


def seat(number: int, **more: Any) -> Verdict:
    return Verdict(Row(number, ref=ANNA), "seat", price=PRICE, **more)


@pytest.mark.parametrize(
    ("line", "name", "mail"),
    [
        (["Anna Albers", "anna@kreis.example"], "Anna Albers", "anna@kreis.example"),
        (["anna@kreis.example", "Anna Albers"], "Anna Albers", "anna@kreis.example"),
        (["anna@kreis.example"], "", "anna@kreis.example"),
        (["Anna Albers", "anna.kreis.example"], "Anna Albers", "anna.kreis.example"),
        (["Anna Albers"], "Anna Albers", ""),
    ],
)
def test_a_line_is_a_name_and_an_address(line: list[str], name: str, mail: str) -> None:
    assert lists.rows_of([line]) == [Row(0, name, mail)]


def test_words_over_the_columns_say_what_stands_in_them() -> None:
    head = ["Amt", "Nachname", "Vorname", "E-Mail"]
    found = lists.rows_of([head, ["Bauamt", "Beispiel", "Max", "max@kreis.example"], ["", "Kurz"]])
    assert found == [
        Row(0, "Max Beispiel", "max@kreis.example", department="Bauamt"),
        Row(0, "Kurz", ""),
    ]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Jürgen Müller", ("Jürgen", "Müller")),
        ("Müller, Jürgen", ("Jürgen", "Müller")),
        ("Anna Maria Albers", ("Anna Maria", "Albers")),
        ("Albers", ("", "Albers")),
        ("", ("", "")),
    ],
)
def test_a_name_has_a_given_and_a_family_part(name: str, parts: tuple[str, str]) -> None:
    assert lists.name_parts(name) == parts


def test_nobody_is_put_on_the_list_twice_and_numbers_stay() -> None:
    roster = Roster()
    roster.add([Row(0, "Anna", "anna@kreis.example"), Row(0, "Max", "", MAX)])
    roster.remove(1)
    roster.add([Row(0, "Max", "", MAX), Row(0, "Gül", "g@kreis.example")])
    roster.add([Row(0, "Gül", "G@kreis.example")])
    assert [(row.number, row.name) for row in roster.rows] == [(2, "Max"), (3, "Gül")]


def test_a_list_comes_back_from_its_draft_as_it_was() -> None:
    roster = Roster(run_id=ANNA, cost_centre="11201", file={"name": "a.csv"})
    roster.add([Row(0, "Anna", "anna@kreis.example", ANNA, from_file=True)])
    assert Roster.of(roster.kept()) == roster


def test_a_draft_of_an_earlier_release_can_still_be_read() -> None:
    kept = {**Roster(run_id=ANNA).kept(), "mood": "good", "rows": [{"number": 1, "shoes": 43}]}
    assert Roster.of(kept).rows == [Row(1)]
    assert Roster.of(kept).run_id == ANNA


@pytest.mark.parametrize(
    ("mail", "found", "kind"),
    [
        ("", {}, "fix"),
        ("anna.kreis.example", {}, "fix"),
        ("anna@kreis.example", None, "later"),
        ("anna@kreis.example", {}, "unknown"),
        ("Anna@kreis.example", {"anna@kreis.example": [{"person_ref": ANNA}] * 2}, "several"),
    ],
)
def test_a_row_that_means_nobody_yet_says_why(mail: str, found: Any, kind: str) -> None:
    verdict = lists.identify(Row(1, "Anna", mail), found)
    assert verdict is not None
    assert verdict.kind == kind
    assert verdict.bad
    assert verdict.text


def test_a_known_address_gives_the_row_its_person_and_name() -> None:
    row = Row(1, "A. Albers", "Anna@kreis.example")
    found = {"anna@kreis.example": [{"person_ref": ANNA, "name": "Anna Albers"}]}
    assert lists.identify(row, found) is None
    assert (row.ref, row.name) == (ANNA, "Anna Albers")


def test_the_service_decides_on_a_known_row() -> None:
    row = Row(1, ref=ANNA)
    assert lists.judged(row, {"code": "held", "state": "confirmed"}).kind == "seat"
    waits = lists.judged(row, {"code": "waitlisted", "state": "waitlisted", "place": 2})
    assert (waits.kind, waits.place) == ("line", 2)
    refused = lists.judged(row, {"code": "already-enrolled", "detail": "Schon angemeldet."})
    assert (refused.kind, refused.text) == ("refused", "Schon angemeldet.")


def test_errors_come_first_each_in_the_order_of_the_list() -> None:
    verdicts = [seat(1), Verdict(Row(3), "fix"), seat(4), Verdict(Row(2), "unknown")]
    assert [each.row.number for each in lists.sorted_(verdicts)] == [2, 3, 1, 4]


def test_a_member_pays_and_saves_for_seats_only() -> None:
    verdicts = [seat(1), seat(2), Verdict(Row(3), "line", price=PRICE), Verdict(Row(4), "fix")]
    total = lists.sum_of(verdicts, member=True)
    assert (total.seats, total.line, total.bad, total.bookable) == (2, 1, 1, 3)
    assert (total.cents, total.saving_cents) == (70600, 17400)


def test_others_pay_the_standard_price() -> None:
    total = lists.sum_of([seat(1)], member=False)
    assert (total.cents, total.saving_cents) == (44000, 0)


def test_a_price_that_nobody_knows_makes_no_sum() -> None:
    total = lists.sum_of([seat(1)], member=None)
    assert (total.cents, total.saving_cents) == (None, 0)


def test_only_rows_without_an_error_are_booked_in_the_order_of_the_list() -> None:
    roster = Roster(run_id=MAX, cost_centre="11201")
    last = Verdict(Row(5, ref=MAX), "line", price=PRICE)
    body = lists.order(roster, [last, Verdict(Row(2), "unknown"), seat(1)])
    assert [each["person_ref"] for each in body["people"]] == [ANNA, MAX]
    assert body["people"][0]["cost_centre"] == "11201"
    assert body["people"][0]["order_reference"] is None


def test_the_same_booking_has_the_same_key_and_another_one_has_another() -> None:
    roster = Roster(run_id=MAX)
    body = lists.order(roster, [seat(1)])
    assert lists.key_of(roster, body) == lists.key_of(Roster.of(roster.kept()), body)
    assert lists.key_of(roster, {**body, "all_or_nothing": True}) != lists.key_of(roster, body)
    assert lists.key_of(Roster(run_id=MAX), body) != lists.key_of(roster, body)
