"""What every reader may rely on: old bytes stay readable, keys, instants and money are as said."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from contracts.base import EVENTS, Cause, Event, Meta
from contracts.catalog import OfferAccepted, OfferRejected
from contracts.enrolment import SeatHeld
from contracts.membership import SharesPaid
from contracts.money import euros, percent_of
from contracts.schemas import EXAMPLES, committed
from contracts.topics import OFFERS, TOPICS
from pydantic import ValidationError

EXAMPLE = committed(EXAMPLES)
ID = UUID("7d1d2c7e-0b0e-4c55-9c31-2f6a0c3a4b5d")
NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)


def changed(name: str, **fields: Any) -> Event:
    """The example with other fields, read from bytes as from a topic."""
    return EVENTS[name].model_validate_json(json.dumps(EXAMPLE[name] | fields))


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_unknown_fields_pass(name: str) -> None:
    assert changed(name, later_added={"deep": [1]}) == changed(name)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_optional_fields_may_be_missing_from_old_records(name: str) -> None:
    required = {f for f, info in EVENTS[name].model_fields.items() if info.is_required()}
    old = {field: EXAMPLE[name][field] for field in required}
    EVENTS[name].model_validate_json(json.dumps(old))


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_the_key_is_the_aggregate_of_the_topic(name: str) -> None:
    event = EVENTS[name]
    asked = "bulk_id" if name == "enrolment.bulk-settled.v1" else event.topic.key
    assert "/".join(event.key_fields) == asked
    assert changed(name).key == "/".join(str(EXAMPLE[name][field]) for field in asked.split("/"))


def test_the_topics_are_those_that_others_depend_on() -> None:
    assert {topic.name: topic.key for topic in TOPICS} == {
        "provider.offers": "provider_id/offer_ref",
        "catalog.verdicts": "provider_id/offer_ref",
        "catalog.offers": "offer_id",
        "catalog.runs": "run_id",
        "enrolment.enrolments": "enrolment_id",
        "enrolment.seats": "enrolment_id",
        "membership.quotes": "enrolment_id",
        "membership.organisations": "organisation_id",
        "notifications.notices": "notice_id",
    }
    assert OFFERS.dead == "catalog.offers.dead"


def test_a_rejection_of_something_unreadable_still_has_a_key() -> None:
    rejected = changed("catalog.offer-rejected.v1", provider_id=None, offer_ref=None)
    assert rejected.key == "unknown/unknown"


def test_a_verdict_never_grows_with_the_submission() -> None:
    rejected = changed("catalog.offer-rejected.v1", offer_ref="x" * 100_000)
    assert isinstance(rejected, OfferRejected)
    assert rejected.offer_ref == "x" * 300


def test_runs_of_an_acceptance_are_found_by_the_reference_of_the_provider() -> None:
    accepted = changed("catalog.offer-accepted.v1")
    assert isinstance(accepted, OfferAccepted)
    assert sorted(accepted.run_ids) == ["2027-03", "2027-09"]


def held(at: object) -> SeatHeld:
    """A held seat with this moment."""
    return SeatHeld.model_validate(EXAMPLE["enrolment.seat-held.v1"] | {"held_at": at})


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("2027-01-15T09:00:00+01:00", "2027-01-15T08:00:00Z"),
        ("2027-01-15T08:00:00Z", "2027-01-15T08:00:00Z"),
        ("2027-01-15T08:00:00.123456Z", "2027-01-15T08:00:00.123456Z"),
        (NOON.astimezone(timezone(timedelta(hours=-5))), "2027-01-15T12:00:00Z"),
    ],
)
def test_an_instant_is_kept_in_utc(given: object, written: str) -> None:
    event = held(given)
    assert event.held_at.tzinfo is UTC
    assert json.loads(event.model_dump_json())["held_at"] == written


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValidationError, match="UTC offset"):
        held("2027-01-15T08:00:00")


@pytest.mark.parametrize("wrong", [1.0, 1.5, -1, True, "100", None, 10**13, float("nan")])
def test_money_refuses_what_is_not_whole_cents(wrong: object) -> None:
    with pytest.raises(ValidationError):
        SharesPaid.model_validate(EXAMPLE["membership.shares-paid.v1"] | {"amount_cents": wrong})


def test_every_amount_is_strict_wherever_it_stands() -> None:
    def amounts(schema: Any, name: str = "") -> list[dict[str, Any]]:
        if isinstance(schema, list):
            return [found for part in schema for found in amounts(part, name)]
        if not isinstance(schema, dict):
            return []
        own = [schema] if name.endswith("_cents") and schema.get("type") != "null" else []
        if "anyOf" in schema:
            return amounts(schema["anyOf"], name)
        return own + [found for key, part in schema.items() for found in amounts(part, key)]

    for name, event in EVENTS.items():
        for schema in amounts(event.model_json_schema()):
            assert (schema["type"], schema["minimum"]) == ("integer", 0), name


def test_money_is_written_in_german() -> None:
    assert euros(123456) == "1.234,56\N{NO-BREAK SPACE}€"
    assert (euros(5), euros(-35300)) == ("0,05\N{NO-BREAK SPACE}€", "-353,00\N{NO-BREAK SPACE}€")
    assert (percent_of(35300, 50), percent_of(44100, 70), percent_of(1, 50)) == (17650, 30870, 1)


def test_a_received_event_is_the_cause_of_what_follows() -> None:
    first = changed("enrolment.seat-held.v1")
    with pytest.raises(LookupError):
        _ = first.meta
    first.received(Meta(ID, NOON, "correlation", "before", "trace", 7))
    assert first.cause == Cause("correlation", str(ID), "trace")
    assert first.version == 7
    following = changed("enrolment.seat-confirmed.v1").because(first.cause, version=8)
    assert (following.cause, following.version) == (first.cause, 8)


@pytest.mark.parametrize(
    "declaration", [{}, {"type": "enrolment.seat-eaten.v1"}, {"type": "Seat", "topic": OFFERS}]
)
def test_an_event_without_type_topic_or_key_cannot_be_declared(declaration: Any) -> None:
    with pytest.raises(TypeError):
        type("Wrong", (Event,), {}, **declaration)


def test_a_type_is_declared_only_once() -> None:
    with pytest.raises(TypeError, match="twice"):
        type("Again", (Event,), {}, type="enrolment.seat-held.v1", topic=OFFERS, key="offer_id")
