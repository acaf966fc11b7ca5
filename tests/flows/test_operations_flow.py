"""What operations rely on: one thread through all logs, private paths, figures, replay."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local import dead_letters
from deploy.local.client import until
from deploy.local.replay import Wish, replay
from tests.platform import Platform

BOOK = "/api/enrolment/enrolments"
SERVICES = ("catalog", "enrolment", "membership", "notifications")


def test_one_correlation_id_leads_through_every_log_and_record(platform: Platform) -> None:
    run_id = platform.a_run(capacity=2)
    thread = f"thread-{uuid4().hex[:12]}"
    with platform.as_user("carla.coordinator") as carla:
        answer = carla.ask(
            "POST",
            BOOK,
            {"run_id": run_id, "person_ref": str(uuid4())},
            {"X-Correlation-Id": thread, "Prefer": "wait=10"},
        )
        assert answer.headers["X-Correlation-Id"] == thread
    for service in ("enrolment", "membership", "notifications"):
        until(partial(_is_logged, platform, service, thread), 20, f"the thread at {service}")
    topics = ("enrolment.enrolments", "membership.quotes", "enrolment.seats")
    mine = [r for r in platform.read(*topics) if _header(r, "ce_correlationid") == thread]
    kinds = {_header(record, "ce_type") for record in mine}
    assert kinds >= {
        "enrolment.enrolment-requested.v1",
        "membership.enrolment-priced.v1",
        "enrolment.seat-confirmed.v1",
    }
    ids = {_header(record, "ce_id") for record in mine}
    priced = next(r for r in mine if _header(r, "ce_type").startswith("membership."))
    assert _header(priced, "ce_causationid") in ids


def _is_logged(platform: Platform, service: str, thread: str) -> bool:
    log = platform.stack.settings.logs / f"{service}.log"
    return thread in log.read_text(encoding="utf-8")


def _header(record: Any, name: str) -> str:
    return (dict(record.headers).get(name) or b"").decode()


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/docs", "/openapi.json", "/asyncapi.json", "/health/ready", "/health/live"],
)
def test_what_is_private_is_not_there_through_the_gateway(platform: Platform, path: str) -> None:
    with platform.as_user(None) as stranger:
        for way in (path, f"/api/catalog/..{path}", f"/.{path}", f"/api/catalog{path}"):
            assert stranger.ask("GET", way).status_code in (400, 401, 404), way


def test_every_service_shows_its_figures_on_its_private_port(platform: Platform) -> None:
    for service in SERVICES:
        base = platform.stack.settings.url(service)
        figures = httpx.get(f"{base}/metrics", trust_env=False).text
        assert "kc_outbox_depth" in figures
        assert "kc_consumer_lag_seconds" in figures
        assert httpx.get(f"{base}/asyncapi.json", trust_env=False).json()["channels"]


def test_clients_cannot_say_who_they_are(platform: Platform) -> None:
    forged = {"X-Forwarded-User": "olga.office", "X-Roles": "office", "X-Org": str(uuid4())}
    with platform.as_user(None) as stranger:
        answer = stranger.ask("GET", "/api/membership/members?on=2026-01-01&reason=x", None, forged)
        assert answer.status_code == 401
    with platform.as_user("anna.employee") as anna:
        answer = anna.ask("GET", "/api/membership/members?on=2026-01-01&reason=x", None, forged)
        assert answer.status_code == 403


def test_a_foreign_id_is_answered_exactly_like_a_missing_one(platform: Platform) -> None:
    run_id = platform.a_run(capacity=2)
    with (
        platform.as_user("carla.coordinator") as carla,
        platform.as_user("nora.coordinator") as nora,
    ):
        mine = carla.post(BOOK, {"run_id": run_id, "person_ref": str(uuid4())}, wait=5)
        for method, tail in (
            ("GET", ""),
            ("POST", "/cancellation"),
            ("POST", "/acceptance"),
            ("POST", "/decline"),
        ):
            foreign = nora.ask(method, f"{BOOK}/{mine['enrolment_id']}{tail}", _body(method))
            missing = nora.ask(method, f"{BOOK}/{uuid4()}{tail}", _body(method))
            assert foreign.status_code == missing.status_code == 404, tail
            drop = {"instance"}
            assert {k: v for k, v in foreign.json().items() if k not in drop} == {
                k: v for k, v in missing.json().items() if k not in drop
            }


def _body(method: str) -> dict[str, Any] | None:
    return {} if method == "POST" else None


def test_what_was_set_aside_is_shown_and_put_back_by_command(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    key, id_ = str(uuid4()), str(uuid4())
    headers = [("ce_id", id_.encode()), ("ce_type", b"catalog.run-changed.v1")]
    platform.send_raw("catalog.runs", key, b"{", headers)

    def set_aside() -> list[dict[str, Any]]:
        with platform.as_user("otto.ops") as otto:
            listed = otto.get("/api/enrolment/dead-letters?topic=catalog.runs")["items"]
        return [letter for letter in listed if letter["reason"] == "invalid"]

    letters = until(set_aside, 20, "the dead letter")
    wish = Wish("catalog.runs", "of a test")
    assert replay(platform.stack.settings, wish) == 1  # it is as unreadable as before
    assert "still set aside" in capsys.readouterr().out
    dead = [_header(record, "dead_reason") for record in _dead(platform, id_)]
    assert dead == ["invalid", "invalid"]  # enrolment and notifications both hear this topic
    with platform.as_user("otto.ops") as otto, platform.as_user("anna.employee") as anna:
        path = f"/api/enrolment/dead-letters/{letters[-1]['id']}"
        assert anna.ask("GET", path).status_code == 403
        for service in ("enrolment", "notifications"):
            base = f"/api/{service}/dead-letters"
            for letter in otto.get(f"{base}?topic=catalog.runs")["items"]:
                otto.post(f"{base}/{letter['id']}/discard", {"reason": "unreadable test record"})
        assert set_aside() == []


def test_one_message_is_found_shown_tried_and_given_up_by_command(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    key, settings = str(uuid4()), platform.stack.settings
    headers = [("ce_id", str(uuid4()).encode()), ("ce_type", b"membership.enrolment-priced.v1")]
    platform.send_raw("membership.quotes", key, b'{"price_cents": "seven"}', headers)

    def said(*words: str) -> str:
        assert dead_letters.main(words, settings) == 0
        return capsys.readouterr().out

    mine = ("--service", "enrolment", "--key", key)
    until(lambda: key in said(*mine), 20, "the dead letter")
    with platform.as_user("otto.ops") as otto:
        (letter,) = otto.get(f"/api/enrolment/dead-letters?key={key}")["items"]
    shown = said("--id", letter["id"])
    assert '{"price_cents": "seven"}' in shown
    assert "/enrolment_id: missing (is missing)" in shown
    assert f"offset {letter['offset']} invalid {letter['id']}" in shown
    tried = Wish("membership.quotes", "of a test", "enrolment", key, dry_run=True)
    assert replay(settings, tried) == 1
    assert "Nothing was changed. 1 keys would stay set aside." in capsys.readouterr().out
    assert dead_letters.main(["--id", letter["id"], "--discard"], settings) == 1  # and why?
    said("--id", letter["id"], "--discard", "--reason", "of a test")
    assert "Nothing is set aside." in said(*mine)
    acts = [act["act"] for act in _acts(platform, letter["id"])]
    assert acts == ["dry-run", "discard"]
    for letter in _open(platform, "notifications", key):
        said("--id", letter["id"], "--discard", "--reason", "of a test")


def _acts(platform: Platform, id_: str) -> list[dict[str, Any]]:
    with platform.as_user("otto.ops") as otto:
        found: list[dict[str, Any]] = otto.get(f"/api/enrolment/dead-letters/{id_}")["acts"]
    return found


def _open(platform: Platform, service: str, key: str) -> list[dict[str, Any]]:
    """What another service has set aside of a key; it hears the same topic."""
    with platform.as_user("otto.ops") as otto:
        path = f"/api/{service}/dead-letters?key={key}"
        items: list[dict[str, Any]] = until(lambda: otto.get(path)["items"], 20, "its dead letter")
    return items


def _dead(platform: Platform, id_: str) -> list[Any]:
    def both() -> list[Any]:
        found = [r for r in platform.read("catalog.runs.dead") if _header(r, "ce_id") == id_]
        return found if len(found) >= 2 else []

    return until(both, 20, "both copies")
