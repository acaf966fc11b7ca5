"""JSON as a tree that can also say what JSON must not: the same key twice, raw bytes as a value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any, TypeAlias

from tests.fuzz import nasty

Place: TypeAlias = tuple[list[Any], int]
"""A value: the list of a container and the index in it."""


class Members(list[list[Any]]):
    """An object: pairs of name and value, in order, possibly twice."""


class Raw(bytes):
    """Bytes that stand in the text as they are."""


def parse(text: bytes) -> Any:
    """Read good JSON as a tree."""
    return json.loads(text, object_pairs_hook=lambda pairs: Members([k, v] for k, v in pairs))


def dump(tree: Any) -> bytes:
    """Write a tree, whatever is in it."""
    if isinstance(tree, Raw):
        return bytes(tree)
    if isinstance(tree, Members):
        pairs = (_text(name) + b":" + dump(value) for name, value in tree)
        return b"{" + b",".join(pairs) + b"}"
    if isinstance(tree, list):
        return b"[" + b",".join(map(dump, tree)) + b"]"
    return _text(tree) if isinstance(tree, str) else json.dumps(tree).encode()


def _text(words: Any) -> bytes:
    return dump(words) if isinstance(words, Raw) else json.dumps(words).encode()


def places(tree: Any) -> Iterator[Place]:
    """Every value below the top, as (container, index of its slot)."""
    if isinstance(tree, Members):
        for pair in tree:
            yield pair, 1
            yield from places(pair[1])
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield tree, index
            yield from places(value)


def objects(tree: Any) -> Iterator[Members]:
    """Every object of a tree."""
    if isinstance(tree, Members):
        yield tree
        for _, value in tree:
            yield from objects(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from objects(value)


def bend(tree: Any, rng: Random, canary: str) -> tuple[Any, str]:
    """The tree with one thing changed, and what it was. The tree itself may be changed."""
    found, whole = list(places(tree)), list(objects(tree))
    if not found or rng.random() < 0.03:
        return _other_value(tree, rng, canary), "top"
    how = rng.choice(("value", "value", "value", "remove", "double", "add", "rename", "deeper"))
    container, index = rng.choice(found)
    if how == "value" or not whole:
        container[index] = _other_value(container[index], rng, canary)
    elif how == "deeper":
        container[index] = [container[index]]
    else:
        _bend_object(rng.choice(whole), rng, canary, how)
    return tree, how


def _bend_object(members: Members, rng: Random, canary: str, how: str) -> None:
    if how == "add" or not members:
        name = rng.choice(("extra", "__proto__", "", "\x00", canary, f"{canary}@x.example", "id"))
        members.append([name, _other_value(None, rng, canary)])
        return
    pair = rng.choice(members)
    if how == "remove":
        members.remove(pair)
    elif how == "double":
        members.append([pair[0], _other_value(pair[1], rng, canary)])
    else:
        pair[0] = rng.choice((pair[0].upper(), f" {pair[0]}", "", canary, pair[0] + "\u200b"))


def _other_value(value: Any, rng: Random, canary: str) -> Any:
    """Another value: a word, a fragment, a canary, or something close to what stood there."""
    kind = rng.random()
    if kind < 0.35:
        return Raw(rng.choice(nasty.FRAGMENTS))
    if kind < 0.6:
        return rng.choice(nasty.STRINGS)
    return canary if kind < 0.75 else _close(value, rng, canary)


def _close(value: Any, rng: Random, canary: str) -> Any:
    if isinstance(value, bool):
        return rng.choice((not value, int(value), str(value).lower()))
    if isinstance(value, int):
        half = Raw(b"%d.5" % value)
        return rng.choice((value + 1, value - 1, -value, value * 10**6, half, Raw(b'"%d"' % value)))
    if isinstance(value, str):
        return rng.choice((value + canary, value * 50, value[:-1], value.upper(), [value], 1))
    return rng.choice((None, 0, True, canary, [canary], Members([[canary, canary]])))
