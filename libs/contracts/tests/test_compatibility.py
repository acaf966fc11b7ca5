"""What is a break of a schema and what is not."""

from copy import deepcopy
from typing import Any

import pytest
from contracts.compatibility import breaks

OLD: dict[str, Any] = {
    "x-topic": "enrolment.seats",
    "x-key": "seat_id",
    "type": "object",
    "required": ["seat_id", "price_cents"],
    "properties": {
        "seat_id": {"type": "string", "format": "uuid"},
        "price_cents": {"type": "integer", "minimum": 0, "maximum": 100},
        "kind": {"type": "string", "enum": ["member", "standard"]},
        "only": {"const": "mail", "type": "string"},
        "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 20},
        "free": {"type": "string", "minLength": 1},
        "closed_on": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "level": {"type": ["integer", "null"]},
        "rows": {"type": "array", "maxItems": 5, "items": {"$ref": "#/$defs/Row"}},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "refs": {"type": "object", "patternProperties": {"^a$": {"type": "integer"}}},
        "tier": {"type": "integer", "default": 1},
    },
    "$defs": {
        "Row": {
            "type": "object",
            "required": ["place"],
            "properties": {
                "place": {"type": "integer", "minimum": 1},
                "inner": {"$ref": "#/$defs/Row"},
            },
        }
    },
}
MISSING = object()


def changed(path: str, value: object) -> dict[str, Any]:
    """The old schema with one place set, or removed."""
    new = deepcopy(OLD)
    *way, last = path.split(".")
    place = new
    for step in way:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return new


def test_the_same_schema_breaks_nothing() -> None:
    assert breaks(OLD, deepcopy(OLD)) == []


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("x-topic", "other", "x-topic changed"),
        ("x-key", "run_id", "x-key changed"),
        ("properties.kind", MISSING, "/kind: field removed"),
        ("properties.seat_id", MISSING, "/seat_id: field removed"),
        ("required", ["seat_id", "price_cents", "kind"], "/kind: made required"),
        ("required", ["seat_id", "price_cents", "shade"], "/shade: new and required"),
        ("properties.price_cents.type", "string", "type changed"),
        ("properties.price_cents.type", "boolean", "type changed"),
        ("properties.price_cents.maximum", 99, "maximum is now 99"),
        ("properties.price_cents.minimum", 1, "minimum is now 1"),
        ("properties.price_cents.multipleOf", 5, "multipleOf changed"),
        ("properties.price_cents.exclusiveMinimum", 0, "exclusiveMinimum"),
        ("properties.kind.enum", ["member"], "values removed: ['standard']"),
        ("properties.free.enum", ["a"], "only certain values"),
        ("properties.only.const", "portal", "values removed: ['mail']"),
        ("properties.kind.pattern", "^m", "pattern changed"),
        ("properties.code.pattern", "^[a-f]+$", "pattern changed"),
        ("properties.free.pattern", "^[a-f]+$", "pattern changed"),
        ("properties.code.maxLength", 19, "maxLength is now 19"),
        ("properties.free.maxLength", 1000, "maxLength is now 1000"),
        ("properties.code.minLength", 1, "minLength is now 1"),
        ("properties.code.format", "uuid", "format changed"),
        ("properties.seat_id.format", "date", "format changed"),
        ("properties.closed_on", {"type": "string", "format": "date"}, "type changed from null"),
        ("properties.closed_on", {"type": "null"}, "/closed_on"),
        ("properties.level", {"type": "integer"}, "type changed from null"),
        ("properties.rows.maxItems", 4, "maxItems is now 4"),
        ("properties.rows.minItems", 1, "minItems is now 1"),
        ("properties.rows.uniqueItems", True, "uniqueItems"),
        ("properties.rows.items", {"type": "string"}, "/rows/*: type changed"),
        ("$defs.Row.properties.place.minimum", 2, "/rows/*/place: minimum"),
        ("$defs.Row.required", ["place", "inner"], "/rows/*/inner: made required"),
        ("properties.map.additionalProperties.type", "string", "/map/*: type changed"),
        ("properties.map.additionalProperties", False, "/map: further fields are refused"),
        ("additionalProperties", False, "further fields are refused"),
        ("properties.map.propertyNames", {"pattern": "^a$"}, "/map/*: pattern changed"),
        ("properties.refs.patternProperties.^a$.type", "string", "/refs/*: type changed"),
        ("properties.tier.default", 2, "/tier: default changed"),
    ],
)
def test_it_breaks(path: str, value: object, reason: str) -> None:
    found = breaks(OLD, changed(path, value))
    assert any(reason in line for line in found), found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties.shade", {"type": "string"}),
        ("required", ["seat_id"]),
        ("description", "Other words."),
        ("properties.price_cents.type", "number"),
        ("properties.price_cents.maximum", 101),
        ("properties.price_cents.maximum", MISSING),
        ("properties.price_cents.minimum", MISSING),
        ("properties.price_cents", {}),
        ("properties.price_cents.description", "Whole cents."),
        ("properties.kind.enum", ["member", "standard", "gift"]),
        ("properties.kind.enum", MISSING),
        ("properties.kind.pattern", "^[a-z]+$"),
        ("properties.only", {"enum": ["mail", "portal"], "type": "string"}),
        ("properties.code.pattern", MISSING),
        ("properties.code.maxLength", 21),
        ("properties.free.minLength", MISSING),
        ("properties.seat_id.format", MISSING),
        ("properties.free", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ("properties.closed_on.anyOf", [{"type": "null"}, {"type": "string"}]),
        ("properties.level", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("properties.rows.maxItems", MISSING),
        ("$defs.Row.required", []),
        ("$defs.Row.properties.shade", {"type": "string"}),
        ("properties.map.additionalProperties", True),
        ("properties.tier.minimum", MISSING),
    ],
)
def test_it_breaks_nothing(path: str, value: object) -> None:
    if path == "properties.tier.minimum":
        assert breaks(changed(path, 1), OLD) == []
    else:
        assert breaks(OLD, changed(path, value)) == []


def test_every_break_is_told_at_once() -> None:
    new = changed("properties.kind", MISSING)
    new["required"] = ["seat_id", "price_cents", "shade"]
    new["properties"]["price_cents"]["maximum"] = 1
    assert len(breaks(OLD, new)) == 3
