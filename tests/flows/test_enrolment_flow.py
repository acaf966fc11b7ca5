"""From a provider's event to the mail in the inbox: through the gateway and nothing else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.client import Client, RefusedError, until
from tests.platform import Platform, an_offer

BOOK = "/api/enrolment/enrolments"


def book(client: Client, run_id: str, **more: Any) -> dict[str, Any]:
    """Ask for a seat and wait for the settled answer."""
    answer: dict[str, Any] = client.post(BOOK, {"run_id": run_id, **more}, wait=10)
    return answer


def test_members_and_others_pay_their_own_price_and_all_are_told(platform: Platform) -> None:
    run_id = platform.a_run(capacity=2)
    with (
        platform.as_user("carla.coordinator") as carla,
        platform.as_user("nora.coordinator") as nora,
    ):
        mine = book(carla, run_id, person_ref=str(uuid4()))
        assert (mine["state"], mine["price"]["cents"]) == ("confirmed", 35300)
        assert mine["price"]["saving_cents"] == 8800
        assert mine["price"]["reason"]["code"] == "member-on-day"
        other = book(nora, run_id, person_ref=str(uuid4()))
        assert (other["state"], other["price"]["cents"]) == ("confirmed", 44100)
        third = book(nora, run_id, person_ref=str(uuid4()))
        assert (third["state"], third["place"]) == ("waitlisted", 1)
        with pytest.raises(RefusedError) as missing:
            nora.get(f"{BOOK}/{mine['enrolment_id']}")
        assert missing.value.status == 404
        seats = carla.get(f"/api/enrolment/runs/{run_id}/seats")
        assert (seats["capacity"], seats["taken"], seats["waiting"]) == (2, 2, 1)
        until(lambda: _notices(platform, mine["enrolment_id"]), 20, "the notices")
        kinds = [n["kind"] for n in _notices(platform, mine["enrolment_id"])]
        assert sorted(kinds) == ["seat-confirmed", "seat-confirmed"]  # the person and Carla


def _notices(platform: Platform, about: str) -> list[dict[str, Any]]:
    bodies = [json.loads(record.value) for record in platform.read("notifications.notices")]
    found = [body for body in bodies if body["about_id"] == about]
    return found if len(found) >= 2 else []


def test_an_employee_asks_and_an_approver_decides(platform: Platform) -> None:
    run_id = platform.a_run(capacity=3)
    with platform.as_user("anna.employee") as anna, platform.as_user("paul.approver") as paul:
        asked = book(anna, run_id)
        assert asked["state"] == "awaiting_approval"
        assert asked["held_until"]
        with pytest.raises(RefusedError) as forbidden:
            anna.post(f"{BOOK}/{asked['enrolment_id']}/approval", {"decision": "approve"})
        assert forbidden.value.status == 403
        with pytest.raises(RefusedError) as twice:
            book(anna, run_id)
        assert twice.value.status == 409
        approved = paul.post(
            f"{BOOK}/{asked['enrolment_id']}/approval", {"decision": "approve", "reason": "Passt."}
        )
        assert approved["state"] == "confirmed"
    mail = until(lambda: _confirmation(platform, asked), 20, "the mail to Anna")
    assert "Vergaberecht für Einsteiger" in mail["text"]
    assert "353,00" in mail["text"]
    assert "BEGIN:VCALENDAR" in mail["calendar"]


def _confirmation(platform: Platform, asked: dict[str, Any]) -> Any:
    title = asked["title"]
    found = [m for m in platform.mails(to="anna") if title in m["text"] and m["calendar"]]
    return found[0] if found else None


def test_a_stranger_who_books_her_neither_blocks_her_nor_learns_anything(
    platform: Platform,
) -> None:
    first, second = platform.a_run(capacity=3), platform.a_run(capacity=3)
    with platform.as_user("anna.employee") as anna, platform.as_user("nora.coordinator") as nora:
        mine = book(anna, first)
        for run_id in (first, second):
            theirs = book(nora, run_id, person_ref=mine["person_ref"])
            assert theirs["state"] == "confirmed"
            with pytest.raises(RefusedError) as foreign:
                anna.get(f"{BOOK}/{theirs['enrolment_id']}")
            assert foreign.value.status == 404
        asked = book(anna, second)
        assert asked["state"] == "awaiting_approval"
        listed = anna.get(f"{BOOK}?run_id={second}")
        assert [one["enrolment_id"] for one in listed["items"]] == [asked["enrolment_id"]]
        with pytest.raises(RefusedError) as twice:
            book(nora, second, person_ref=mine["person_ref"])
        assert twice.value.problem["code"] == "already-enrolled"


def test_a_freed_seat_is_offered_to_the_first_in_line_and_never_booked_silently(
    platform: Platform,
) -> None:
    run_id = platform.a_run(capacity=1)
    with platform.as_user("carla.coordinator") as carla:
        first, second, third = (book(carla, run_id, person_ref=str(uuid4())) for _ in range(3))
        assert [e["state"] for e in (first, second, third)] == [
            "confirmed",
            "waitlisted",
            "waitlisted",
        ]
        carla.post(f"{BOOK}/{first['enrolment_id']}/cancellation")
        offered = until(lambda: _in_state(carla, second, "offered"), 10, "the offer")
        assert offered["offered_until"]
        assert carla.get(f"{BOOK}/{third['enrolment_id']}")["place"] == 1
        carla.post(f"{BOOK}/{second['enrolment_id']}/decline")
        until(lambda: _in_state(carla, third, "offered"), 10, "the offer to the next")
        carla.post(f"{BOOK}/{third['enrolment_id']}/acceptance")
        until(lambda: _in_state(carla, third, "confirmed"), 10, "the confirmation")


def _in_state(client: Client, enrolment: dict[str, Any], state: str) -> Any:
    shown = client.get(f"{BOOK}/{enrolment['enrolment_id']}")
    return shown if shown["state"] == state else None


def test_a_hundred_at_once_for_ten_seats_give_ten_holds_and_a_line(platform: Platform) -> None:
    run_id = platform.a_run(capacity=10)
    with platform.as_user("carla.coordinator") as carla:
        carla.get(f"/api/enrolment/runs/{run_id}/seats")

        def one(_: int) -> dict[str, Any]:
            return book(carla, run_id, person_ref=str(uuid4()))

        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(one, range(100)))
        states = [answer["state"] for answer in answers]
        assert (states.count("confirmed"), states.count("waitlisted")) == (10, 90)
        places = sorted(a["place"] for a in answers if a["state"] == "waitlisted")
        assert places == list(range(1, 91))


def test_a_wrong_offer_is_rejected_with_all_its_errors_at_once(platform: Platform) -> None:
    ref = f"BAD-{uuid4().hex[:8]}"
    wrong = an_offer(ref, capacity=-3, format="seminar")
    platform.publish(wrong)
    verdict = until(lambda: platform.verdict(ref), 20, "the verdict")
    assert {e["pointer"] for e in verdict["errors"]} >= {"/format", "/runs/0/capacity"}


def test_the_same_submission_again_changes_nothing(platform: Platform) -> None:
    ref = f"SAME-{uuid4().hex[:8]}"
    first, second = (platform.publish(an_offer(ref, 5))[0] for _ in range(2))

    def verdicts() -> list[dict[str, Any]]:
        bodies = [json.loads(r.value) for r in platform.read("catalog.verdicts")]
        mine = [b for b in bodies if b.get("submission_id") in (first, second)]
        return mine if len(mine) == 2 else []

    both = until(verdicts, 20, "two verdicts")
    assert both[0]["run_ids"] == both[1]["run_ids"]
    offer_id = both[0]["offer_id"]
    told = [
        r for r in platform.read("catalog.offers") if json.loads(r.value)["offer_id"] == offer_id
    ]
    assert len(told) == 1
