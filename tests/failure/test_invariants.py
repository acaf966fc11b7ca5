"""The checker itself: nothing to say about a good run, and finds each wrong thing planted in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.settings import ROOT
from tests.failure.checker import violations
from tests.failure.facts import story
from tests.failure.facts.model import Facts, Mail, Place, Record
from tests.failure.facts.story import (
    ANNA,
    BEN,
    E1,
    E2,
    NOON,
    OTHER,
    about,
    event,
    good,
    plus,
    saying,
    seats,
    uid,
    with_record,
    with_row,
    with_rows,
)
from tests.failure.history import Operation
from tests.failure.invariants.listed import CHECKED, NOT_YET, PARTLY

pytestmark = pytest.mark.pure

Plant = Callable[[Facts], Facts]
PLANTED: list[tuple[str, str, Plant]] = []


def plants(invariant: str, what: str) -> Callable[[Plant], Plant]:
    """Something wrong that this invariant must find."""

    def note(plant: Plant) -> Plant:
        PLANTED.append((invariant, what, plant))
        return plant

    return note


def test_a_good_run_has_no_violation() -> None:
    assert [str(violation) for violation in violations(good())] == []


def test_every_invariant_has_a_wrong_thing_that_it_finds() -> None:
    assert {invariant for invariant, _, _ in PLANTED} == set(CHECKED)


def test_every_number_of_the_standard_is_checked_or_has_a_reason() -> None:
    wanted = {f"I{number:02}" for number in range(1, 49)}
    assert set(CHECKED) | set(NOT_YET) == wanted
    assert not set(CHECKED) & set(NOT_YET)
    assert set(PARTLY) <= set(CHECKED)


def test_the_documentation_shows_the_list() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    for name, invariant in CHECKED.items():
        partly = f" partly: {PARTLY[name]} " if name in PARTLY else "  "
        assert f"| {name} | {invariant.__doc__} |{partly}|\n" in page
    for name, why in NOT_YET.items():
        assert f"| {name} | {why} |\n" in page


# -- seats


def _held_for_ben(facts: Facts) -> Facts:
    body = about(E2, BEN) | {"held_until": story.T, "held_at": story.T, "seats": seats(2, 2, 0, 2)}
    held = event("enrolment.seat-held.v1", body, "waitlisted", version=1, offset=1)
    return with_record(facts, "waitlisted", lambda _: held)


plants("I01", "two people sit on one seat")(_held_for_ben)
plants("I09", "somebody is let in over the capacity")(_held_for_ben)
plants("I01", "a counter that was not counted")(
    lambda f: with_record(f, "held", saying(seats=seats(0, 0, 0, 1)))
)
plants("I02", "the run says 0 taken")(lambda f: with_row(f, "enrolment.run", taken=0))
plants("I02", "the run forgot who waits")(lambda f: with_row(f, "enrolment.run", waiting=0))
plants("I03", "twice the same person")(
    lambda f: with_row(f, "enrolment.enrolment", 1, person_ref=ANNA)
)
plants("I03", "twice the same person in events")(
    lambda f: with_record(f, "waitlisted", saying(person_ref=ANNA))
)
plants("I04", "a deadline passed and nothing happened")(
    lambda f: with_row(f, "enrolment.enrolment", 1, due_at=NOON - timedelta(hours=1))
)
plants("I04", "a request without a price")(
    lambda f: with_row(f, "enrolment.enrolment", 1, state="requested")
)
plants("I04", "somebody still waits for a run that began")(
    lambda f: with_row(f, "enrolment.run", starts_at=NOON - timedelta(days=1))
)
plants("I05", "the row is somewhere else")(
    lambda f: with_row(f, "enrolment.enrolment", 1, state="cancelled")
)


@plants("I05", "confirmed out of the line")
def _confirmed_out_of_the_line(facts: Facts) -> Facts:
    prices = {"price_cents": 300, "price_kind": "member", "saving_cents": 100}
    body = about(E2, BEN) | prices | {"confirmed_at": story.T}
    return plus(
        facts, event("enrolment.seat-confirmed.v1", body, "odd", version=2, cause="priced2")
    )


plants("I06", "a free seat behind a line")(lambda f: with_row(f, "enrolment.run", capacity=2))


def _offered(facts: Facts, enrolment: str, person: str, name: str = "offered") -> Facts:
    body = about(enrolment, person) | {"offered_until": story.T, "offered_at": story.T}
    body["seats"] = seats(1, 1, 0, 9)
    return plus(facts, event("enrolment.seat-offered.v1", body, name, version=2, offset=9))


@plants("I07", "the second in line is offered a seat first")
def _overtaken(facts: Facts) -> Facts:
    third = with_rows(
        facts,
        "enrolment.enrolment",
        [*facts.rows("enrolment", "enrolment"), {"id": uid("e3"), "number": 3, **_rest(facts)}],
    )
    body = about(uid("e3"), uid("third")) | {"place": 2, "waitlisted_at": story.T}
    body["seats"] = seats(1, 1, 2, 4)
    waits = event("enrolment.seat-waitlisted.v1", body, "third-waits", version=1, offset=5)
    return _offered(plus(third, waits), uid("e3"), uid("third"))


def _rest(facts: Facts) -> dict[str, Any]:
    row = dict(facts.rows("enrolment", "enrolment")[1])
    return {name: value for name, value in row.items() if name not in ("id", "number")}


plants("I08", "an offer that nobody took back")(
    lambda f: with_row(
        f, "enrolment.enrolment", 1, state="offered", offered_until=NOON - timedelta(hours=1)
    )
)
plants("I08", "two offers to one person")(
    lambda f: _offered(_offered(f, E2, BEN), E2, BEN, "again")
)
plants("I09", "a place in a run that was cancelled")(
    lambda f: with_row(f, "enrolment.run", state="cancelled")
)


# -- requests


def _operation(key: str, **changes: Any) -> Operation:
    known = good().history[0]
    return replace(known, key=key, **changes)


def _with_history(*operations: Operation) -> Plant:
    return lambda facts: replace(facts, history=(*facts.history, *operations))


def _refusal(code: str) -> dict[str, Any]:
    return {"type": "urn:x", "title": "No.", "status": 409, "code": code}


plants("I10", "an acknowledged booking is not there")(
    _with_history(_operation("k2", answer={"enrolment_id": uid("lost")}))
)
plants("I10", "an acknowledged cancellation was not told")(
    _with_history(
        _operation("k2", op=f"POST /api/enrolment/enrolments/{E1}/cancellation", about=None)
    )
)
plants("I11", "a refused booking has an effect")(
    lambda f: replace(f, history=(_operation("key-1", outcome="fail", status=409),))
)
plants("I12", "one key made two things")(
    _with_history(_operation("key-1", answer={"enrolment_id": E2}))
)
plants("I12", "the same again, with another status")(_with_history(_operation("key-1", status=201)))
plants("I12", "the same again, with another body")(
    _with_history(_operation("key-1", answer={"enrolment_id": E1, "place": 7}))
)
plants("I12", "refused in two ways")(
    _with_history(
        _operation("k2", outcome="fail", status=409, answer=_refusal("run-full"), about=None),
        _operation("k2", outcome="fail", status=409, answer=_refusal("closed"), about=None),
    )
)
plants("I12", "another body under the same key is no other request")(
    _with_history(
        _operation("key-1", payload="other", began=3.0, outcome="fail", status=409, answer={})
    )
)
plants("I12", "another body under the same key is the same request")(
    _with_history(_operation("key-1", payload="other", began=3.0))
)
plants("I12", "one key, two rows")(
    lambda f: with_row(f, "enrolment.enrolment", 1, person_ref=ANNA, state="cancelled")
)
plants("I13", "nobody asked again")(
    _with_history(_operation("k3", outcome="info", status=0, answer=None))
)

# -- events

plants("I14", "a row stays in the outbox")(
    lambda f: with_rows(f, "enrolment.outbox", [{"seq": 1, "event_id": uid("kept")}])
)
plants("I14", "a change was never told")(lambda f: with_row(f, "catalog.run", version=2))
plants("I15", "two records with one id")(
    lambda f: plus(f, replace(_named(f, "held"), offset=7, value=b"{}"))
)
plants("I16", "an aggregate in two partitions")(
    lambda f: with_record(f, "confirmed", lambda r: replace(r, partition=3))
)
plants("I16", "versions out of order")(
    lambda f: with_record(f, "confirmed", lambda r: replace(r, offset=-1))
)


def _named(facts: Facts, name: str) -> Record:
    return next(r for r in facts.records if r.id == uid(name))


plants("I17", "a record without a mark")(lambda f: with_rows(f, "membership.inbox", []))
plants("I17", "a mark without a record")(
    lambda f: with_rows(
        f, "membership.inbox", [{"topic": "enrolment.enrolments", "message_id": uid("x")}]
    )
)
plants("I17", "a booking priced twice")(
    lambda f: plus(
        f,
        event("membership.enrolment-priced.v1", story.quote(E1), "more", cause="asked1", offset=8),
    )
)
plants("I18", "set aside without a copy")(
    lambda f: replace(f, records=tuple(r for r in f.records if not r.topic.endswith(".dead")))
)
plants("I18", "a copy without a row")(lambda f: with_rows(f, "enrolment.dead_letter", []))
plants("I19", "what was committed goes back")(
    lambda f: replace(f, committed={("enrolment", "catalog.runs", 0): [3, 5, 4]})
)
plants("I19", "a partition is not read to its end")(
    lambda f: replace(f, places=(Place("g", "catalog.runs", 0, 1, 2),))
)
plants("I20", "a body that does not fit")(
    lambda f: with_record(f, "priced1", saying(price_cents="a lot"))
)
plants("I21", "a cause that never was")(
    lambda f: plus(
        f, event("catalog.run-changed.v1", story.RUN_BODY, "odd", cause="nothing", offset=9)
    )
)
plants("I22", "told, but not stored")(
    lambda f: with_rows(f, "enrolment.enrolment", [f.rows("enrolment", "enrolment")[0]])
)
plants("I22", "a newer version was told")(
    lambda f: with_row(f, "enrolment.enrolment", 0, version=1)
)
plants("I23", "a copy with other bytes")(
    lambda f: replace(
        f,
        records=tuple(
            replace(r, value=b"[") if r.topic.endswith(".dead") else r for r in f.records
        ),
    )
)

# -- notices

plants("I24", "nobody was told")(
    lambda f: with_rows(f, "notifications.notice", f.rows("notifications", "notice")[:1])
)
plants("I24", "told twice")(
    lambda f: plus(f, event("notifications.notice-sent.v1", story.NOTICES[0], "twice", offset=8))
)
plants("I25", "one mail too many")(lambda f: replace(f, mails=f.mails * 2))
plants("I25", "a mail to somebody else")(
    lambda f: with_row(f, "notifications.person", person_ref=BEN)
)
plants("I25", "a mail to an address that no person has")(
    lambda f: replace(f, mails=(replace(f.mails[0], to=("somebody@else.example",)),))
)
plants("I25", "a mail of nothing")(
    lambda f: replace(f, mails=(*f.mails, Mail("<x@y>", ("anna@kreis.example",))))
)
plants("I26", "sent for ever")(lambda f: with_row(f, "notifications.notice", state="sending"))
plants("I26", "given up too early")(
    lambda f: with_row(f, "notifications.notice", state="dead", reason="smtp-450")
)

# -- money

plants("I27", "the price moved")(lambda f: with_row(f, "enrolment.enrolment", 0, price_cents=299))
plants("I28", "a member pays the other price")(
    lambda f: with_record(f, "priced1", saying(price_cents=400, price_kind="standard"))
)


@plants("I28", "who is no member yet pays the member's price")
def _not_yet_a_member(facts: Facts) -> Facts:
    return with_record(facts, "admitted", saying(member_since_on="2026-11-26"))


plants("I29", "a price for strangers")(
    lambda f: with_record(f, "registered", saying(organisation_id=OTHER))
)
plants("I29", "a price of another day")(
    lambda f: with_row(f, "enrolment.enrolment", 0, binding_at=NOON + timedelta(days=2))
)

# -- privacy, answers, rest

plants("I34", "an event for another organisation")(
    lambda f: with_record(f, "held", saying(organisation_id=OTHER))
)
plants("I34", "an answer about another organisation")(
    lambda f: with_row(f, "enrolment.enrolment", 0, organisation_id=OTHER)
)
plants("I35", "an address in a log")(
    lambda f: replace(f, logs={"enrolment.log": "to anna@kreis.example"})
)
plants("I35", "a name on a topic")(
    lambda f: with_record(f, "scheduled", saying(title="Anna Albers lernt"))
)


def _plain(status: int, text: str, headers: dict[str, str]) -> Operation:
    said = {"content-type": "text/plain; charset=utf-8"} | headers
    return _operation(
        "k4", outcome="info", status=status, answer=None, text=text, headers=said, given_up=True
    )


def test_what_the_gateway_says_in_its_own_words_is_no_violation() -> None:
    for status, words in (
        (404, "404 page not found\n"),
        (502, "Bad Gateway"),
        (504, "Gateway Timeout"),
    ):
        assert violations(_with_history(_plain(status, words, {}))(good())) == []


def test_the_same_again_and_a_key_that_is_refused_for_another_body_are_no_violation() -> None:
    same = _operation("key-1", began=3.0)
    other = _operation(
        "key-1",
        payload="other",
        began=3.0,
        outcome="fail",
        status=422,
        answer=_refusal("idempotency-key-reused") | {"status": 422},
        headers={"content-type": "application/problem+json"},
    )
    assert violations(_with_history(same, other)(good())) == []


plants("I39", "a 500")(_with_history(_operation("k4", outcome="info", status=500)))
plants("I39", "a service that answers in the gateway's words")(
    _with_history(_plain(502, "Bad Gateway", {"x-correlation-id": "abcdefgh"}))
)
plants("I39", "plain words that are not the gateway's")(_with_history(_plain(404, "Not Found", {})))
plants("I39", "503 in plain words")(
    _with_history(_plain(503, "Service Unavailable", {"retry-after": "1"}))
)
plants("I39", "a no that is no problem")(
    _with_history(_operation("k4", outcome="fail", status=409, answer={}, about=None))
)
plants("I39", "503 without Retry-After")(
    _with_history(_operation("k4", outcome="ok", status=503, about=None))
)
plants("I40", "it never came to rest")(lambda f: replace(f, converged_after=None))
plants("I40", "a service is away")(lambda f: replace(f, ready={"catalog": False}))


@pytest.mark.parametrize(
    ("invariant", "plant"),
    [pytest.param(name, plant, id=f"{name} {what}") for name, what, plant in PLANTED],
)
def test_a_planted_fault_is_found(invariant: str, plant: Plant) -> None:
    found = {violation.invariant for violation in violations(plant(good()))}
    assert invariant in found
