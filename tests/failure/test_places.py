"""kill -9 at named places of the code, in every service that has them, under load; and SIGTERM in
the middle of a batch, which is finished or comes again.

What would be seen without the protections: `libs/chassis/tests/test_protections.py` (no inbox, a
relay that forgets first), `test_group_commit.py` (no claimed key). That somebody really died there
is seen by the pid that was left at the place.
"""

from __future__ import annotations

import re
import signal
import threading
from collections import Counter

import psutil
import pytest

from deploy.local.client import until
from deploy.local.settings import ROOT
from tests.failure.bookers import SEATS, Bookers
from tests.failure.places import PLACES, Place
from tests.failure.writers import Writers
from tests.platform import Platform

MAILS_ON_THEIR_WAY = 4  # one per worker; only they may come twice, with the same Message-ID


def test_every_place_in_the_code_is_exercised_here() -> None:
    found: set[str] = set()
    for part in ("libs/chassis/chassis", "services"):
        for path in (ROOT / part).rglob("*.py"):
            found.update(re.findall(r'faults\.point\(\s*"([^"]+)"', path.read_text("utf-8")))
    assert found == set(PLACES)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *((name, signal.SIGKILL) for name in PLACES),
        ("delivery.before_mark", signal.SIGTERM),
    ],
)
def test_an_end_at_a_named_place_loses_and_doubles_nothing(
    platform: Platform, name: str, number: signal.Signals
) -> None:
    bookers, writers = Bookers(platform, platform.a_run(capacity=SEATS)), Writers(platform)
    places = [Place(platform, service, name) for service in PLACES[name]]
    before = copies_of_mails(platform)
    pids = [place.arm(number) for place in places]
    writing = threading.Thread(target=writers.all)
    try:
        writing.start()
        with bookers.at_work():
            assert [place.hit() for place in places] == pids
            until(lambda: not any(map(psutil.pid_exists, pids)), 60, "the end of all of them")
    finally:
        for place in places:
            place.disarm()
        writing.join(150)
    platform.stack.up()
    bookers.check()
    writers.check()
    copies = copies_of_mails(platform) - before
    twice = [message_id for message_id, count in copies.items() if count > 1]
    assert len(twice) <= MAILS_ON_THEIR_WAY
    assert set(copies.values()) <= {1, 2}
    if name == "mail.after_answer":
        assert twice, "a mail that was taken and not marked comes again"


def copies_of_mails(platform: Platform) -> Counter[str]:
    """How often each mail was accepted, by its Message-ID."""
    return Counter(mail["headers"]["Message-ID"] for mail in platform.mails())
