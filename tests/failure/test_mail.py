"""A mail server that answers badly, hangs or hangs up: each mail comes or ends with a reason.

That the fault happened is read from the sink: nothing of what was ordered is left. No test here
takes a protection out, and that the pauses grow is tested in the service only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.client import until
from tests.failure.stand import ORGANISATION, Stand, _instant

NOTICES = "notifications.notices"


def somebody(stand: Stand, name: str) -> tuple[str, str]:
    """A person with a mail address; both."""
    with stand.as_user("anna", "employee") as anna:
        mail = f"{name}.{str(anna.sub)[:8]}@kreis.example"
        body = {"given_name": "Anna", "family_name": "Müller", "mail": mail, "language": "de"}
        anna.put(f"/api/notifications/contacts/{anna.sub}", body)
        return str(anna.sub), mail


def confirm(stand: Stand, run_id: str, person: str) -> str:
    """Play enrolment: the seat of a person is confirmed; the id of the enrolment."""
    enrolment_id = str(uuid4())
    body: dict[str, Any] = {
        "enrolment_id": enrolment_id,
        "run_id": run_id,
        "organisation_id": str(ORGANISATION),
        "person_ref": person,
        "price_cents": 44100,
        "price_kind": "standard",
        "confirmed_at": _instant(datetime.now(UTC)),
        "seats": {"capacity": 9, "taken": 1, "held": 0, "waiting": 0, "version": 1},
    }
    stand.tell("enrolment.seats", "enrolment.seat-confirmed.v1", enrolment_id, body)
    return enrolment_id


def mails_to(stand: Stand, mail: str) -> list[dict[str, Any]]:
    """What the sink took for an address."""
    return stand.mails(mail)


def ends(stand: Stand, enrolment_id: str) -> list[dict[str, Any]]:
    """What was told about the notice of an enrolment."""
    return [b for b in stand.told(NOTICES).values() if b["about_id"] == enrolment_id]


@pytest.mark.parametrize(
    ("mode", "times", "copies"),
    [
        ("450", 3, 1),
        ("421", 2, 1),
        ("drop", 2, 1),
        ("hang", 1, 1),
        ("lost-answer", 1, 2),
    ],
)
def test_a_mail_that_is_put_off_comes_and_others_do_not_wait(
    stand: Stand, mode: str, times: int, copies: int
) -> None:
    run_id = stand.a_run(9)
    (anna, mail), (paul, other) = somebody(stand, f"anna{mode}"), somebody(stand, "paul")
    stand.order_mails(mode, times, mail)
    about, beside = confirm(stand, run_id, anna), confirm(stand, run_id, paul)
    until(lambda: ends(stand, beside), 90, "the mail of the other")
    until(lambda: ends(stand, about), 90, "the mail that was put off")
    assert left_faults(stand) == 0
    got = until(lambda: _enough(stand, mail, copies), 60, "the mail")
    assert len(got) == copies
    assert len({m["headers"]["Message-ID"] for m in got}) == 1
    assert len(mails_to(stand, other)) == 1
    (end,) = ends(stand, about)
    assert "reason" not in end


def test_a_mail_that_is_refused_for_good_ends_with_its_reason(stand: Stand) -> None:
    run_id = stand.a_run(9)
    (anna, mail), (paul, other) = somebody(stand, "anna550"), somebody(stand, "paul")
    stand.order_mails("550", 5, mail)
    about, beside = confirm(stand, run_id, anna), confirm(stand, run_id, paul)
    (end,) = until(lambda: ends(stand, about), 90, "the end of the mail")
    until(lambda: ends(stand, beside), 90, "the mail of the other")
    assert end["reason"] == "smtp-550"
    assert left_faults(stand) == 4
    stand.order_mails("550", 0)
    assert (len(mails_to(stand, mail)), len(mails_to(stand, other))) == (0, 1)


def left_faults(stand: Stand) -> int:
    """How many of the ordered faults did not happen."""
    url = f"{stand.stack.settings.url('mail')}/faults"
    return int(httpx.get(url, timeout=20, trust_env=False).json()["count"])


def _enough(stand: Stand, mail: str, count: int) -> list[dict[str, Any]]:
    got = mails_to(stand, mail)
    return got if len(got) >= count else []
