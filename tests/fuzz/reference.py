"""What a service promises in its OpenAPI document: operations, statuses, schemas, good examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import jsonschema_rs

from tests.fuzz.inputs import Input

METHODS = ("get", "put", "post", "delete", "patch")
JSON = (b"content-type", b"application/json")
ANYWHERE = frozenset({400, 404, 405, 413, 415})
"""What an address may be answered with that is no route, or not with this method."""


@dataclass(frozen=True)
class Operation:
    """One route of the document."""

    route: str
    pattern: re.Pattern[str]
    content: Mapping[int, frozenset[str]]
    schemas: Mapping[tuple[int, str], Any]
    parameters: frozenset[str]

    @property
    def statuses(self) -> frozenset[int]:
        """The documented statuses."""
        return frozenset(self.content)


class Reference:
    """The OpenAPI document of one service."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.operations = list(self._read())
        # as the services decide: a fixed address before one with a gap
        self.operations.sort(key=lambda o: (o.route.count("{"), -len(o.route)))

    def at(self, method: str, path: str) -> Operation | None:
        """The operation that answers there."""
        text = unquote(path)
        for operation in self.operations:
            if operation.route.startswith(f"{method} ") and operation.pattern.fullmatch(text):
                return operation
        return None

    def by_route(self, route: str) -> Operation:
        """The operation of that name."""
        return next(o for o in self.operations if o.route == route)

    def _read(self) -> Iterator[Operation]:
        for path, methods in self._document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path)), re.DOTALL)
            for method in METHODS:
                if spec := methods.get(method):
                    yield self._operation(f"{method.upper()} {path}", pattern, spec)

    def _operation(self, route: str, pattern: re.Pattern[str], spec: Any) -> Operation:
        content: dict[int, frozenset[str]] = {}
        schemas: dict[tuple[int, str], Any] = {}
        for status, answer in spec["responses"].items():
            kinds = answer.get("content", {})
            content[int(status)] = frozenset(kinds)
            for kind, described in kinds.items():
                if schema := described.get("schema"):
                    schemas[int(status), kind] = self._validator(schema)
        names = frozenset(p["name"].lower() for p in spec.get("parameters", ()))
        return Operation(route, pattern, content, schemas, names)

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        whole = {**schema, "components": self._document.get("components", {})}
        return jsonschema_rs.validator_for(whole, validate_formats=True)

    # -- good requests

    def examples(self) -> Iterator[Input]:
        """A request for every operation, made of the document alone."""
        for path, methods in self._document["paths"].items():
            for method in METHODS:
                if spec := methods.get(method):
                    yield self._example(f"{method.upper()} {path}", path, spec)

    def _example(self, route: str, path: str, spec: Any) -> Input:
        query = []
        for parameter in spec.get("parameters", ()):
            name, value = parameter["name"], self._value(parameter["schema"])
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", quote(str(value), safe="@."))
            elif parameter["in"] == "query":
                values = value if isinstance(value, list) else [value]
                query += [f"{name}={quote(str(v), safe='@')}" for v in values if v is not None]
        body = b""
        if described := spec.get("requestBody"):
            schema = described["content"]["application/json"]["schema"]
            body = json.dumps(self._value(schema)).encode()
        headers = (JSON,) if body else ()
        return Input(route, path, "&".join(query).encode(), headers, body)

    def _value(self, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        for choice in ("const", "default"):
            if schema.get(choice) is not None:
                return schema[choice]
        if "enum" in schema:
            return schema["enum"][0]
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self._value({**schema[several][0], "title": schema.get("title", "")})
        return self._by_type(schema)

    def _by_type(self, schema: Mapping[str, Any]) -> Any:
        kind = schema.get("type", "object")
        if kind == "object":
            members = schema.get("properties", {})
            return {name: self._value(member) for name, member in members.items()}
        if kind == "array":
            return [self._value(schema.get("items", {}))] * max(1, schema.get("minItems", 1))
        if kind in ("integer", "number"):
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        if kind == "boolean":
            return True
        return None if kind == "null" else _words(schema)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in schema:
            return schema
        found: Any = self._document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found if isinstance(found, Mapping) else {}


FORMATS = {
    "uuid": "5f0c8f1e-6b0e-4c39-9d59-0f2b6f1f7a11",
    "date": "2027-03-01",
    "date-time": "2027-03-01T08:00:00Z",
    "time": "08:00:00",
}


def _words(schema: Mapping[str, Any]) -> str:
    if text := FORMATS.get(str(schema.get("format", ""))):
        return text
    return "x" * 43 if "43" in str(schema.get("pattern", "")) else "DE"
