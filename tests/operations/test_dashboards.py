"""Dashboards show something, synthetic bookings are seen nowhere else, and alerts really fire."""

from __future__ import annotations

import json
import time
from functools import partial
from uuid import uuid4

import httpx
import pytest
from contracts import synthetic

from deploy.grafana.__main__ import ALL
from deploy.local.client import Client, until
from tests.operations.watched import Watched
from tests.platform import an_offer

BOOK = "/api/enrolment/enrolments"
DEADLINE = 240  # a window of 5 minutes has its first answer after two looks; machines are busy


def book(client: Client, run_id: str) -> str:
    """Book somebody and see it settled; the enrolment."""
    body = {"run_id": run_id, "person_ref": str(uuid4())}
    return str(client.post(BOOK, body, wait=10)["enrolment_id"])


@pytest.fixture(scope="module")
def busy(watched: Watched) -> Watched:
    """After three confirmed bookings of both price kinds, a line, and a rejected offer."""
    run_id = watched.a_run(capacity=3)
    watched.publish(an_offer(f"BAD-{uuid4().hex[:8]}", capacity=-1))
    with watched.as_user("carla.coordinator") as carla, watched.as_user("nora.coordinator") as nora:
        book(carla, run_id)
        book(nora, run_id)
        last = book(carla, run_id)
        book(nora, run_id)  # stands in line
        carla.post(f"{BOOK}/{last}/cancellation")
    return watched


def test_every_panel_and_every_recording_rule_has_data(busy: Watched) -> None:
    panels = {query.expr for dashboard in ALL for query in dashboard.queries}
    recorded = {rule["name"] for rule in busy.rules() if rule["type"] == "recording"}
    assert len(panels) > 40
    assert len(recorded) > 20
    missing = panels | recorded
    end = time.monotonic() + DEADLINE
    while missing and time.monotonic() < end:
        missing = {expr for expr in missing if not busy.figures(expr)}
        time.sleep(1)
    assert not missing
    assert {rule["health"] for rule in busy.rules()} == {"ok"}


def test_prometheus_reaches_everybody(busy: Watched) -> None:
    jobs = busy.figures("sum by (job) (up)")
    assert len(jobs) == 8
    assert set(jobs.values()) == {1.0}


def test_synthetic_bookings_go_through_and_are_seen_in_no_figure_of_the_business(
    busy: Watched,
) -> None:
    rounds = 'sum(kc_synthetic_rounds_total{outcome="succeeded"})'
    until(lambda: (busy.figure(rounds) or 0) >= 2, DEADLINE, "two synthetic bookings")
    steps = busy.figures("kc_synthetic_step_seconds")
    assert len(steps) == 7
    counted = {step: busy.figure(f'sum(kc_bookings_total{{step="{step}"}})') for step in STEPS}
    assert counted == STEPS
    assert busy.figure("sum(kc_bookings_confirmed_total)") == 3
    assert busy.figure('max(kc_seats{kind="capacity"})') == 3
    assert busy.figure("max(kc_offers)") == 1
    providers = busy.figures("sum by (provider) (kc_verdicts_day)")
    assert list(providers) == ["{'provider': 'hochschule-rhein-neckar'}"]


# requested four times, one of them stands in line until a seat is called off
STEPS = {"requested": 4, "confirmed": 3, "waitlisted": 1, "offered": 1, "cancelled": 1}


def test_synthetic_bookings_are_seen_in_no_list(busy: Watched) -> None:
    until(lambda: busy.figure("max(kc_synthetic_success)") == 1, DEADLINE, "a synthetic booking")
    with busy.as_user("anna.employee") as anna, busy.as_user("olga.office") as olga:
        for path in (
            "/api/catalog/offers?q=Synthetische",
            f"/api/catalog/offers?provider={synthetic.PROVIDER}",
            "/api/catalog/offers",
        ):
            found = json.dumps(anna.get(path))
            assert "Synthetische Buchung" not in found
            assert f'"{synthetic.PROVIDER}"' not in found
        for path in (
            "/api/membership/organisations?q=",
            "/api/membership/members?on=2026-12-31&reason=test",
            "/api/catalog/submissions",
        ):
            found = json.dumps(olga.get(path))
            assert str(synthetic.ORGANISATION) not in found
            assert f'"{synthetic.PROVIDER}"' not in found
    feed = httpx.get(
        f"{busy.stack.settings.url('gateway')}/bridges/moochub/courses", trust_env=False
    )
    assert feed.json()["data"]
    assert "Synthetische Buchung" not in feed.text


def test_what_was_booked_synthetically_is_cancelled(busy: Watched) -> None:
    rounds = 'sum(kc_synthetic_rounds_total{outcome="succeeded"})'
    until(lambda: (busy.figure(rounds) or 0) >= 2, DEADLINE, "two synthetic bookings")
    assert len(_told(busy, "enrolment.seat-confirmed.v1")) >= 2
    until(lambda: _all_released(busy), DEADLINE, "a moment without a synthetic booking")


def _told(busy: Watched, kind: str) -> set[str]:
    """The synthetic enrolments of which this was told."""
    found = set()
    for record in busy.read("enrolment.seats"):
        body = json.loads(record.value or b"{}")
        whose, what = body.get("organisation_id"), dict(record.headers).get("ce_type")
        if (whose, what) == (str(synthetic.ORGANISATION), kind.encode()):
            found.add(str(body["enrolment_id"]))
    return found


def _all_released(busy: Watched) -> bool:
    confirmed = _told(busy, "enrolment.seat-confirmed.v1")
    return not confirmed - _told(busy, "enrolment.seat-released.v1")


def test_people_are_called_when_bookings_fail(busy: Watched) -> None:
    run_id = busy.a_run(capacity=5)
    assert not {name for name, _ in busy.firing()} & {"BookingsFailing", "TargetDown"}
    busy.stack.stop("enrolment")
    try:
        with busy.as_user("carla.coordinator") as carla:
            wanted = {("BookingsFailing", ""), ("TargetDown", "enrolment")}
            until(lambda: _fails(carla, run_id) and wanted <= busy.firing(), DEADLINE, "the alerts")
    finally:
        busy.stack.start("enrolment")
    until(lambda: ("TargetDown", "enrolment") not in busy.firing(), DEADLINE, "the end of it")


def _fails(carla: Client, run_id: str) -> bool:
    """Somebody tries to book and gets an error."""
    time.sleep(0.5)
    return carla.ask("POST", BOOK, {"run_id": run_id}).status_code >= 500


def test_people_are_called_when_a_process_ends_again_and_again(busy: Watched) -> None:
    started = 'max(process_start_time_seconds{job="membership"})'
    assert "ServiceRestarting" not in {name for name, _ in busy.firing()}
    for _ in range(3):
        known = {None, busy.figure(started)}
        busy.stack.kill("membership")
        until(partial(_is_new, busy, started, known), DEADLINE, "the next process")
    until(lambda: ("ServiceRestarting", "membership") in busy.firing(), DEADLINE, "the alert of it")


def _is_new(busy: Watched, expr: str, known: set[float | None]) -> bool:
    """Whether a figure has a value that it did not have before."""
    return busy.figure(expr) not in known
