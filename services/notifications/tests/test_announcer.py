"""Who is told what: the rules, without any server."""

from datetime import timedelta
from uuid import UUID

import pytest
from contracts.enrolment import SeatHeld, SeatReleased
from notifications.domain.hours import QuietHours
from notifications.domain.steps import BULK, OFFERED, step_of

from .builders import (
    ANNA,
    CARLA,
    COUNTY,
    NOON,
    RUN,
    TOWN,
    a_notice,
    a_person,
    a_step,
    an_announcer,
    bulk_settled,
    cancelled,
    carla,
    confirmed,
    received,
)

BULK_CALL = UUID(int=70)


def test_the_person_and_the_coordinator_who_booked_are_told_once_each() -> None:
    told = an_announcer().tell(a_step(), NOON)
    assert [(n.recipient_ref, n.audience, n.state) for n in told] == [
        (ANNA, "person", "queued"),
        (CARLA, "coordinator", "queued"),
    ]


def test_who_booked_for_himself_or_herself_is_told_once() -> None:
    told = an_announcer().tell(a_step(booked_by_ref=ANNA), NOON)
    assert [n.audience for n in told] == ["person"]


def test_the_same_step_makes_the_same_notice_and_another_recipient_another() -> None:
    first, again = (an_announcer().tell(a_step(), NOON) for _ in range(2))
    assert [n.notice_id for n in first] == [n.notice_id for n in again]
    assert len({n.notice_id for n in first} | {n.message_key for n in first}) == 4


def test_without_an_address_the_notice_stands_in_the_portal_at_once() -> None:
    (told,) = an_announcer(people={}).tell(a_step(booked_by_ref=None), NOON)
    assert (told.state, told.channel, told.sent_at) == ("sent", "portal", NOON)


def test_who_wants_the_portal_only_gets_no_mail() -> None:
    people = {ANNA: a_person(channel="portal")}
    (told,) = an_announcer(people=people).tell(a_step(booked_by_ref=None), NOON)
    assert (told.state, told.channel) == ("sent", "portal")


def test_an_address_of_another_organisation_gets_no_mail() -> None:
    people = {ANNA: a_person(organisation_id=TOWN)}
    (told,) = an_announcer(people=people).tell(a_step(booked_by_ref=None), NOON)
    assert told.channel == "portal"


def test_a_mail_waits_for_the_end_of_quiet_hours_but_an_offered_seat_does_not() -> None:
    from datetime import time

    people = {ANNA: a_person(quiet=QuietHours(time(11), time(14)))}  # noon UTC is 12:00 in Berlin
    announcer = an_announcer(people=people)
    (told,) = announcer.tell(a_step(booked_by_ref=None), NOON)
    assert told.due_at == NOON + timedelta(hours=2)
    (urgent,) = announcer.tell(a_step(booked_by_ref=None, kind=OFFERED), NOON)
    assert urgent.due_at == NOON


def test_a_step_of_an_unknown_run_waits_for_it() -> None:
    (told,) = an_announcer(runs=()).tell(a_step(booked_by_ref=None), NOON)
    assert told.state == "waiting"
    assert an_announcer(runs=()).settle(told, NOON + timedelta(seconds=119)) == told
    known = an_announcer().settle(told, NOON + timedelta(seconds=1))
    assert known is not None
    assert known.state == "queued"


def test_what_waited_too_long_is_told_with_what_is_known() -> None:
    (told,) = an_announcer(runs=()).tell(a_step(booked_by_ref=None), NOON)
    late = an_announcer(runs=()).settle(told, NOON + timedelta(minutes=2))
    assert late is not None
    assert late.state == "queued"


def test_a_bulk_call_tells_the_coordinator_once_with_the_list() -> None:
    step = step_of(received(bulk_settled(BULK_CALL), NOON))
    assert step is not None
    (told,) = an_announcer().tell(step, NOON)
    assert (told.recipient_ref, told.kind, told.about_id) == (CARLA, BULK, BULK_CALL)
    assert [row["state"] for row in told.facts["rows"]] == ["confirmed", "waitlisted"]


@pytest.mark.parametrize(("settled_in", "state"), [(0, None), (60, None), (-1, "queued")])
def test_steps_up_to_the_settlement_are_covered_by_the_list_and_later_ones_told_singly(
    settled_in: int, state: str | None
) -> None:
    bulks = {BULK_CALL: NOON + timedelta(seconds=settled_in)}
    told = an_announcer(bulks=bulks).tell(a_step(bulk_id=BULK_CALL), NOON)
    assert [n.state for n in told if n.audience == "person"] == ["queued"]
    assert [n.state for n in told if n.audience == "coordinator"] == ([state] if state else [])


def test_a_step_waits_until_it_is_known_whether_the_list_covers_it() -> None:
    person, coordinator = an_announcer().tell(a_step(bulk_id=BULK_CALL), NOON)
    assert (person.state, coordinator.state) == ("queued", "waiting")
    settled = an_announcer(bulks={BULK_CALL: NOON})
    assert settled.settle(coordinator, NOON + timedelta(seconds=5)) is None
    forgotten = an_announcer().settle(coordinator, NOON + timedelta(hours=24))
    assert forgotten is not None
    assert forgotten.state == "queued"


def test_held_and_released_seats_are_told_to_nobody() -> None:
    about = {"enrolment_id": UUID(int=1), "run_id": RUN, "organisation_id": COUNTY}
    held = SeatHeld(**about, person_ref=ANNA, held_until=NOON, held_at=NOON)
    released = SeatReleased(**about, person_ref=ANNA, reason="hold-expired", released_at=NOON)
    assert [step_of(received(event)) for event in (held, released)] == [None, None]


def test_calendars_see_the_steps_of_an_enrolment_in_their_order() -> None:
    first, last = (
        step_of(received(confirmed(), version=3)),
        step_of(received(cancelled(), version=5)),
    )
    assert first is not None
    assert last is not None
    assert first.sequence < last.sequence
    early, late = (
        step_of(received(confirmed(), NOON + timedelta(minutes=minutes))) for minutes in (0, 1)
    )
    assert early is not None
    assert late is not None
    assert early.sequence < late.sequence


def test_a_notice_holds_no_name_and_no_address() -> None:
    (told, _) = an_announcer().tell(a_step(), NOON)
    for secret in ("Anna", "Müller", "@"):
        assert secret not in repr(told)
    event = told.told("mail", NOON)
    assert event.cause_id == told.cause_id
    assert event.cause is not None
    assert (event.cause.correlation_id, event.cause.causation_id) == ("c-1", str(told.cause_id))


def test_the_message_id_stays_with_the_texts_it_was_made_for() -> None:
    one, other = a_notice(), a_notice(texts="1")
    assert one.message_key != other.message_key
    assert one.message_key == a_notice(recipient_ref=ANNA).message_key
    assert carla().name == "Carla Koch"
