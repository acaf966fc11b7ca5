"""No field of an event can hold personal data: neither by its name nor by what fits into it."""

import re
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import pytest
from contracts.base import EVENTS, CourseText, Event, Instant, Part
from contracts.schemas import schema_of
from contracts.topics import OFFERS, SEATS
from pydantic import Field

PERSONAL = re.compile(
    r"(?:^|_)(?:name|names|forename|surname|firstname|lastname|first|last|e?mails?|phone|mobile|"
    r"tel|telephone|fax|birth\w*|born|age|gender|sex|address|street|city|zip|postcode|iban|"
    r"contacts?|remarks?|comments?|notes?|free|text|message|reason_text|ip|nationality|religion|"
    r"health|salutation|login|username|user|staff_no)(?:_|$)|mail|phone|birth|surname|address"
)
PUBLIC_OWNERS = ("provider", "catalog")
FORMATS = ("uuid", "date", "date-time")


def dangers(event: type[Event]) -> list[str]:
    """Every field of an event that could hold personal data, with the reason."""
    public = event.topic.owner in PUBLIC_OWNERS
    schema = schema_of(event)
    parts = schema.get("$defs", {})
    return [
        line
        for name, part in [("", schema), *parts.items()]
        for line in _of_object(part, name, public=public)
    ]


def _of_object(schema: dict[str, Any], at: str, *, public: bool) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        if PERSONAL.search(name):
            yield f"{at}/{name}: forbidden name"
        yield from _of_value(field, f"{at}/{name}", public=public)
    under = schema.get("additionalProperties")
    if isinstance(under, dict):
        keys = {"type": "string"} | schema.get("propertyNames", {})
        yield from _of_value(keys, f"{at}/(key)", public=public)
        yield from _of_value(under, f"{at}/*", public=public)
    for pattern, field in schema.get("patternProperties", {}).items():
        yield from _of_value({"type": "string", "pattern": pattern}, f"{at}/(key)", public=public)
        yield from _of_value(field, f"{at}/*", public=public)
    if under is True or not (schema.keys() & {"properties", "patternProperties"} or under):
        yield f"{at}: an object of anything"


def _of_value(field: dict[str, Any], at: str, *, public: bool) -> Iterator[str]:
    if "$ref" in field or "const" in field or "enum" in field:
        return
    if "anyOf" in field or "oneOf" in field:
        for option in field.get("anyOf", field.get("oneOf", [])):
            yield from _of_value(option, at, public=public)
        return
    match field.get("type"):
        case "string":
            if not _is_bound(field) and not (public and _is_public_text(field)):
                yield f"{at}: free text"
        case "array":
            yield from _of_value(field.get("items", {}), f"{at}/*", public=public)
        case "object":
            yield from _of_object(field, at, public=public)
        case "integer" | "boolean" | "null":
            return
        case other:
            yield f"{at}: {other or 'anything'} may stand there"


def _is_bound(field: dict[str, Any]) -> bool:
    """A UUID, a date, or a machine word: one pattern from start to end, without space or `@`."""
    if field.get("format") in FORMATS:
        return True
    pattern = field.get("pattern", "")
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return False
    sample = ("Anna Muster", "anna@kreis.example", "Straße 1")
    bounded = "maxLength" in field or not re.search(r"[+*]|,\}", pattern)
    return bounded and not any(re.search(pattern, words) for words in sample)


def _is_public_text(field: dict[str, Any]) -> bool:
    return field.get("x-public-text") is True and field.get("maxLength", 10**9) <= 20_000


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_no_field_can_hold_personal_data(name: str) -> None:
    assert dangers(EVENTS[name]) == []


@pytest.fixture
def declared() -> Iterator[None]:
    """Forget the events that a test declares."""
    before = dict(EVENTS)
    yield
    EVENTS.clear()
    EVENTS.update(before)


@pytest.mark.usefixtures("declared")
def test_a_bad_event_would_be_caught() -> None:
    class Companion(Part):
        surname: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]

    class Bad(Event, type="enrolment.person-listed.v1", topic=SEATS, key="seat_id"):
        seat_id: UUID
        listed_at: Instant
        notice_id: UUID
        contact_mail: str
        wish: Annotated[str, Field(max_length=20)]
        about_course: CourseText
        half_bound: Annotated[str, Field(pattern=r"^[a-z]+", max_length=20)]
        spoken: Annotated[str, Field(pattern=r"^[a-zA-Z ]+$", max_length=20)]
        endless: Annotated[str, Field(pattern=r"^[a-z]+$")]
        extras: dict[str, UUID]
        anything: dict[str, Any]
        whatever: Any
        words: list[str] = []
        companion: Companion | None = None
        share: float = 0

    assert dangers(Bad) == [
        "/contact_mail: forbidden name",
        "/contact_mail: free text",
        "/wish: free text",
        "/about_course: free text",
        "/half_bound: free text",
        "/spoken: free text",
        "/endless: free text",
        "/extras/(key): free text",
        "/anything: an object of anything",
        "/whatever: anything may stand there",
        "/words/*: free text",
        "/share: number may stand there",
        "Companion/surname: forbidden name",
    ]


@pytest.mark.usefixtures("declared")
def test_texts_about_courses_are_declared_and_limited() -> None:
    class Told(Event, type="catalog.offer-told.v1", topic=OFFERS, key="offer_id"):
        offer_id: UUID
        story: CourseText
        undeclared: Annotated[str, Field(max_length=20)]

    assert dangers(Told) == ["/undeclared: free text"]


@pytest.mark.parametrize(
    "name",
    ["first_name", "mail", "email", "e_mail", "contact", "phone_no", "birth_on", "birthday",
     "street", "surname", "last_name", "remark", "comment", "note", "free_text", "home_address"],
)  # fmt: skip
def test_a_personal_name_is_recognised(name: str) -> None:
    assert PERSONAL.search(name)


@pytest.mark.parametrize(
    "name", ["notice_id", "noticed_at", "format", "place", "language", "level"]
)
def test_a_harmless_name_is_not(name: str) -> None:
    assert not PERSONAL.search(name)
