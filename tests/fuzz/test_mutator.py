"""The mutator: pure, seeded, wide, and every route of every service gets its share."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from itertools import islice

import pytest
from contracts.base import EVENTS

from deploy.local.settings import ROOT
from tests.fuzz import records, tokens, trees
from tests.fuzz.good import SEEDS
from tests.fuzz.inputs import Input, as_line
from tests.fuzz.mutator import Mutator
from tests.fuzz.reference import Reference


@cache
def reference_of(name: str) -> Reference:
    """From the document that is generated and compared in every check."""
    path = ROOT / "docs" / "api" / f"{name}.openapi.json"
    return Reference(json.loads(path.read_text("utf-8")))


def mutants(name: str, count: int, seed: int = 7) -> list[Input]:
    """So many inputs for a service."""
    seeds = [*SEEDS[name], *reference_of(name).examples()]
    return list(islice(Mutator(seeds, seed), count))


@pytest.mark.parametrize("name", SEEDS)
def test_every_route_has_a_good_request_made_by_hand(name: str) -> None:
    routes = {operation.route for operation in reference_of(name).operations}
    assert {good.route for good in SEEDS[name]} == routes


@pytest.mark.parametrize("name", SEEDS)
def test_every_route_gets_its_share(name: str) -> None:
    shares = Counter(given.route for given in mutants(name, 3000))
    assert set(shares) == {o.route for o in reference_of(name).operations}
    assert max(shares.values()) - min(shares.values()) <= 12  # the seeds themselves


def test_the_same_seed_makes_the_same_inputs_and_another_one_others() -> None:
    assert mutants("enrolment", 500) == mutants("enrolment", 500)
    assert mutants("enrolment", 500) != mutants("enrolment", 500, seed=8)


def test_an_input_comes_back_from_its_line_unchanged() -> None:
    for given in mutants("notifications", 1500):
        assert Input.unpacked(json.loads(as_line(given, "why"))) == given


def test_the_mutants_are_of_every_kind_and_of_everything_that_is_named() -> None:
    made = [how for given in mutants("catalog", 20_000) for how in given.made_by]
    kinds = {how.partition(":")[0] for how in made}
    assert kinds == {"body", "bytes", "path", "query", "header", "token"}
    names = {how.partition(":")[2] for how in made if how.startswith("token:")}
    assert names >= {*tokens.GOOD, *tokens.ODD, *tokens.FORGED}
    bodies = b"\n".join(given.body for given in mutants("catalog", 20_000))
    wanted = (b"NaN", b"Infinity", b"1e308", b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b"[" * 2000)
    assert not [part for part in wanted if part not in bodies]
    assert any(_doubled(given.body) for given in mutants("catalog", 5000))


def _doubled(body: bytes) -> bool:
    """Whether a key stands twice in one object."""
    try:
        pairs = json.loads(body, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return False
    names = [pair[0] for pair in pairs if isinstance(pair, tuple)] if pairs else []
    return len(names) != len(set(names))


def test_most_mutants_stay_close_to_the_good_request() -> None:
    given = mutants("membership", 3000)
    assert sum(len(one.made_by) <= 1 for one in given) > len(given) / 2
    good = [one for one in given if not one.made_by]
    assert len(given) / 100 < len(good) < len(given) / 5


def test_a_tree_writes_what_it_read_and_also_what_json_must_not_say() -> None:
    text = b'{"a":[1,{"b":null}],"c":"\\u00e4"}'
    assert json.loads(trees.dump(trees.parse(text))) == json.loads(text)
    twice = trees.Members([["a", 1], ["a", trees.Raw(b"NaN")]])
    assert trees.dump(twice) == b'{"a":1,"a":NaN}'


def test_every_event_type_that_somebody_hears_has_a_good_record() -> None:
    heard = {kind.type for kind in EVENTS.values() if kind.topic.consumers}
    assert {good.ce_type for good in records.good()} == heard


def test_records_are_mutated_in_key_value_and_headers() -> None:
    made = list(islice(records.mutants(7), 5000))
    assert made == list(islice(records.mutants(7), 5000))
    kinds = {how.partition(":")[0] for given in made for how in given.made_by}
    assert kinds == {"key", "value", "bytes", "header"}
    topics = Counter(given.topic for given in made)
    assert set(topics) == {good.topic for good in records.good()}
    assert max(topics.values()) - min(topics.values()) <= 1
