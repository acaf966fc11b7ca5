"""Mutated requests: pure, and the same for the same seed.

A good request is taken and one to three things in it are changed: bytes or structure of the body,
path, query, headers, token. Most mutants stay close to the good one, so that they get far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import quote, quote_plus

from tests.fuzz import fields, nasty, tokens, trees
from tests.fuzz.inputs import Input
from tests.fuzz.nasty_headers import HEADERS

HEX = "0123456789abcdef"
CORRELATION = (b"x-correlation-id",)  # it is handed back on purpose, so it never holds a canary


@dataclass(frozen=True)
class Kit:
    """What is put into a request in place of what was good."""

    headers: Mapping[bytes, Sequence[bytes]]
    words: Sequence[str]
    whos: Sequence[str]
    """Who may ask, by the names that the caller knows."""
    marks: Sequence[str] = ("%s",)
    """What a canary stands in."""

    def mark(self, canary: str, rng: Random) -> str:
        """A canary that is put in."""
        return rng.choice(self.marks) % canary


SERVICES = Kit(HEADERS, nasty.STRINGS, (*tokens.NAMES, *tokens.RAW))


class Mutator:
    """Makes inputs of good ones, for ever."""

    GOOD = 0.04  # so many are sent as they are: the way to the happy path must be open

    def __init__(self, seeds: Sequence[Input], seed: int, kit: Kit = SERVICES) -> None:
        self._kit = kit
        self._by_route: dict[str, list[Input]] = {}
        for good in seeds:
            self._by_route.setdefault(good.route, []).append(good)
        self._rng = Random(seed)

    def __iter__(self) -> Iterator[Input]:
        """Route by route, so that each gets its share; first every seed as it is."""
        for seeds in self._by_route.values():
            yield from (self._with_canary(seed) for seed in seeds)
        while True:
            for seeds in self._by_route.values():
                yield self.mutant(self._rng.choice(seeds))

    def mutant(self, good: Input) -> Input:
        """One mutant."""
        rng, made = self._rng, self._with_canary(good)
        if rng.random() < self.GOOD:
            return made
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            made = self._changed(made)
        return made

    def _with_canary(self, good: Input) -> Input:
        canary = "kc" + "".join(self._rng.choices(HEX, k=14))
        body = good.body.replace(b"@@canary@@", canary.encode())
        query = good.query.replace(b"@@canary@@", canary.encode())
        return replace(good, canary=canary, body=body, query=query)

    def _changed(self, made: Input) -> Input:
        ways = [self._path, self._header, self._query, self._query]
        if made.body:
            ways += [self._structure] * 5 + [self._bytes] * 3
        elif made.method != "GET":
            ways.append(self._new_body)
        if made.query:
            ways += [self._query] * 3
        if self._rng.random() < 0.12:
            ways = [self._token]
        return self._rng.choice(ways)(made)

    def _structure(self, made: Input) -> Input:
        kind = (made.header(b"content-type") or b"").partition(b";")[0]
        if kind in fields.KINDS:
            form = fields.read(made.body, kind)
            how = fields.bend(form, self._rng, lambda: self._word(made), made.canary)
            return _made(replace(made, body=fields.written(form, kind)), f"body:{how}")
        try:
            tree = trees.parse(made.body)
        except (ValueError, RecursionError):
            return self._bytes(made)
        tree, how = trees.bend(tree, self._rng, made.canary)
        return _made(replace(made, body=trees.dump(tree)), f"body:{how}")

    def _new_body(self, made: Input) -> Input:
        body = self._rng.choice((b"{}", b"null", b"[]", b"0", b'""', b"{", b"\xff", b'{"a":1}'))
        headers = (*made.headers, (b"content-type", b"application/json"))
        return _made(replace(made, body=body, headers=headers), "body:new")

    def _bytes(self, made: Input) -> Input:
        body, how = garbled(made.body, self._rng)
        return _made(replace(made, body=body), f"bytes:{how}")

    def _path(self, made: Input) -> Input:
        rng, parts = self._rng, made.path.split("/")
        how = rng.choice(("segment", "segment", "canary", "insert", "drop", "end", "case", "last"))
        place = rng.randrange(1, len(parts))
        if how == "last" or (how == "segment" and rng.random() < 0.7):
            place = len(parts) - 1
        if how in ("segment", "last"):
            parts[place] = rng.choice(nasty.PATHS)
        elif how == "canary":
            parts[place] = quote(self._kit.mark(made.canary, rng), safe="")
        elif how == "insert":
            parts.insert(place, rng.choice(("", *nasty.PATHS)))
        elif how == "drop":
            del parts[place]
        elif how == "end":
            parts.append(rng.choice(("", *nasty.PATHS)))
        else:
            parts[place] = parts[place].upper()
        return _made(replace(made, path="/".join(parts) or "/"), f"path:{how}")

    def _query(self, made: Input) -> Input:
        rng = self._rng
        pairs = [p for p in made.query.split(b"&") if p]
        how = rng.choice(("value", "value", "value", "cursor", "double", "drop", "add", "bytes"))
        if how == "add" or not pairs:
            name = rng.choice((b"limit", b"cursor", b"q", b"dry_run", b"state", b"x[]", b"", b"=&"))
            pairs.append(name + b"=" + self._word(made))
        elif how == "bytes":
            return _made(replace(made, query=_visible(garbled(made.query, rng)[0])), "query:bytes")
        else:
            place = rng.randrange(len(pairs))
            name = pairs[place].partition(b"=")[0]
            if how == "drop":
                del pairs[place]
            elif how == "double":
                pairs += [name + b"=" + self._word(made)] * rng.choice((1, 1, 150))
            else:
                word = quote_plus(rng.choice(nasty.CURSORS)).encode() if how == "cursor" else None
                pairs[place] = name + b"=" + (word or self._word(made))
        return _made(replace(made, query=b"&".join(pairs)[:60_000]), f"query:{how}")

    def _word(self, made: Input) -> bytes:
        rng = self._rng
        if rng.random() < 0.3:
            return quote_plus(self._kit.mark(made.canary, rng)).encode()
        if rng.random() < 0.2:
            return rng.choice((b"%ff%fe", b"%", b"%00", b"%ed%a0%80", b"+", b"%u0041"))
        return quote_plus(rng.choice(self._kit.words)[:6000]).encode()

    def _header(self, made: Input) -> Input:
        rng = self._rng
        name = rng.choice(tuple(self._kit.headers))
        value = rng.choice(self._kit.headers[name])
        if name not in CORRELATION and rng.random() < 0.2:
            value = self._kit.mark(made.canary, rng).encode()
        others = made.headers
        if rng.random() < 0.8:
            others = tuple((k, v) for k, v in others if k != name)
        if name == b"content-type" and rng.random() < 0.2:
            return _made(replace(made, headers=others), "header:no-content-type")
        headers = (*others, (name, value))
        return _made(replace(made, headers=headers), f"header:{name.decode()}")

    def _token(self, made: Input) -> Input:
        token = self._rng.choice(self._kit.whos)
        return _made(replace(made, token=token), f"token:{token[:40]}")


def _made(changed: Input, how: str) -> Input:
    return replace(changed, made_by=(*changed.made_by, how))


def _visible(query: bytes) -> bytes:
    """A request line holds no spaces and no control characters: those never get to a service."""
    return bytes(b for b in query if 0x21 <= b < 0x7F and b != 0x23)


def garbled(text: bytes, rng: Random) -> tuple[bytes, str]:
    """Bytes with something changed, and what it was."""
    how = rng.choice(("flip", "flip", "cut", "drop", "insert", "repeat", "swap", "bom", "utf16"))
    made = bytearray(text)
    at = rng.randrange(len(made)) if made else 0
    if how == "flip" and made:
        for _ in range(rng.choice((1, 1, 2, 8))):
            made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    elif how == "cut":
        del made[at:]
    elif how == "drop":
        del made[at : at + rng.choice((1, 2, 16))]
    elif how == "insert":
        made[at:at] = rng.choice((b"\x00", b"\xff", b'"', b"{", b"]", b",", b"\xf0\x9f", b"\\"))
    elif how == "repeat":
        made[at:at] = bytes(made[at : at + 32]) * rng.choice((1, 2, 50))
    elif how == "swap" and len(made) > 1:
        other = rng.randrange(len(made))
        made[at], made[other] = made[other], made[at]
    elif how == "bom":
        made[:0] = b"\xef\xbb\xbf"
    elif how == "utf16":
        return text.decode("utf-8", "replace").encode("utf-16"), how
    return bytes(made), how
