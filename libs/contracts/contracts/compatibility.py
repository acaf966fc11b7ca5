"""May a schema take the place of another? Everything written under the old one must stay readable.

Topics that are kept for ever hold records of every former version, so a reader never narrows what
it takes, and a field that others read never disappears. Widening is allowed; readers are rolled
out before writers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
EXACT = ("format", "multipleOf", "uniqueItems", "prefixItems", "not")
PLACE = ("x-topic", "x-key")


def breaks(old_schema: Schema, new_schema: Schema) -> list[str]:
    """Every reason why `new_schema` breaks what was written or is read under `old_schema`.

    Each reason is `<place>: <what>`. What cannot be decided (another pattern) counts as a break.
    """
    found = [
        f"/: {name} changed from {old_schema.get(name)} to {new_schema.get(name)}"
        for name in PLACE
        if old_schema.get(name) != new_schema.get(name)
    ]
    return found + list(_Comparison(old_schema, new_schema).value(old_schema, new_schema, ""))


@dataclass(frozen=True)
class _Comparison:
    """Two documents, in which references of each side are looked up."""

    old_root: Schema
    new_root: Schema
    open: frozenset[tuple[str, str]] = frozenset()

    def value(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        """Compare two schemas of the same place."""
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair) and pair in self.open:
            return
        inner = _Comparison(self.old_root, self.new_root, self.open | {pair})
        old, new = _resolve(old, self.old_root), _resolve(new, self.new_root)
        olds, news = _options(old), _options(new)
        for option in olds:
            yield from inner.option(option, news, at)
        if "default" in old and "default" in new and old["default"] != new["default"]:
            yield f"{at or '/'}: default changed"

    def option(self, old: Schema, news: list[Schema], at: str) -> Iterator[str]:
        """One thing that was allowed must be allowed by one of the new options."""
        old = _resolve(old, self.old_root)
        tried = [
            (new, list(self.plain(old, new, at)))
            for new in (_resolve(new, self.new_root) for new in news)
        ]
        if any(not found for _, found in tried):
            return
        near = [found for new, found in tried if new.get("type") == old.get("type")]
        if len(tried) == 1:
            yield from tried[0][1]
        elif len(near) == 1:
            yield from near[0]
        else:
            yield f"{at or '/'}: {old.get('type', 'a value')} is no longer taken"

    def plain(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        """Compare two schemas without alternatives."""
        place = at or "/"
        kinds = (old.get("type"), new.get("type"))
        if kinds[1] is not None and kinds[0] != kinds[1] and kinds != ("integer", "number"):
            if not (kinds[0] is None and _fits(_values(old), kinds[1])):
                yield f"{place}: type changed from {kinds[0]} to {kinds[1]}"
            return
        yield from _narrowed_values(old, new, place)
        yield from _narrowed_limits(old, new, place)
        yield from self.fields(old, new, at)
        yield from self.keyed(old, new, at)
        if "items" in new:
            yield from self.value(old.get("items", {}), new["items"], f"{at}/*")

    def fields(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        """Compare the named fields of an object."""
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name in after:
                yield from self.value(schema, after[name], f"{at}/{name}")
            else:
                yield f"{at}/{name}: field removed"
        for name in new.get("required", []):
            if name not in old.get("required", []):
                yield f"{at}/{name}: " + ("made required" if name in before else "new and required")

    def keyed(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        """Compare what an object holds under free keys."""
        before, after = (side.get("additionalProperties", True) for side in (old, new))
        if after is False and before is not False:
            yield f"{at or '/'}: further fields are refused"
        elif isinstance(after, dict) and before is not False:
            yield from self.value(before if isinstance(before, dict) else {}, after, f"{at}/*")
        if "propertyNames" in new:
            names = {"type": "string"} | old.get("propertyNames", {})
            yield from self.value(names, {"type": "string"} | new["propertyNames"], f"{at}/*")
        for pattern in old.get("patternProperties", {}):
            if pattern not in new.get("patternProperties", {}) and after is not True:
                yield f"{at}/*: pattern changed"
        for pattern, schema in new.get("patternProperties", {}).items():
            former = old.get("patternProperties", {}).get(pattern, {})
            yield from self.value(former, schema, f"{at}/*")


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target | {name: value for name, value in schema.items() if name != "$ref"}
    return schema


def _options(schema: Schema) -> list[Schema]:
    several: list[Schema] | None = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return several
    if isinstance(schema.get("type"), list):
        return [schema | {"type": kind} for kind in schema["type"]]
    return [schema]


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _fits(values: list[Any] | None, kind: Any) -> bool:
    return kind == "string" and values is not None and all(isinstance(v, str) for v in values)


def _narrowed_values(old: Schema, new: Schema, place: str) -> Iterator[str]:
    before, after = _values(old), _values(new)
    if after is not None:
        gone = [value for value in before or [] if value not in after]
        if before is None:
            yield f"{place}: only certain values are taken now"
        elif gone:
            yield f"{place}: values removed: {gone}"
    pattern = new.get("pattern")
    if pattern is not None and pattern != old.get("pattern"):
        known = before is not None and all(re.search(pattern, str(value)) for value in before)
        if not known:
            yield f"{place}: pattern changed"


def _narrowed_limits(old: Schema, new: Schema, place: str) -> Iterator[str]:
    values = _values(old)
    for name in UPPER:
        if name in new and values is None and (name not in old or new[name] < old[name]):
            yield f"{place}: {name} is now {new[name]}"
    for name in LOWER:
        if name in new and values is None and new[name] > old.get(name, _least(name)):
            yield f"{place}: {name} is now {new[name]}"
    for name in EXACT:
        if name in new and new[name] not in (old.get(name), False):
            yield f"{place}: {name} changed from {old.get(name)} to {new[name]}"


def _least(name: str) -> float:
    return 0 if name in ("minLength", "minItems", "minProperties") else float("-inf")
