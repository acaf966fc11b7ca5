"""Submissions over the real Kafka: one verdict each, published offers, nothing twice."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog import handlers
from chassis.records import RawRecord
from chassis.testing import TestApp
from contracts.catalog import (
    OfferAccepted,
    OfferChanged,
    OfferPublished,
    OfferRejected,
    OfferWithdrawn,
    RunCancelled,
    RunChanged,
    RunScheduled,
    RunWithdrawn,
)
from sqlalchemy import text

from services.catalog.tests.builders import (
    PROVIDER,
    a_run,
    an_offer,
    headers,
    key_of,
    recalled,
    sent,
)


async def accepted(app: TestApp, offer: dict[str, Any], count: int = 1) -> list[OfferAccepted]:
    return await app.heard(
        OfferAccepted, lambda e: (e.provider_id, e.offer_ref) == key(offer), count
    )


def key(offer: dict[str, Any]) -> tuple[str, str]:
    return (offer["provider_id"], offer["offer_ref"])


async def kept(app: TestApp, offer: dict[str, Any], **wishes: Any) -> list[dict[str, Any]]:
    """What its provider sees of the submissions of an offer, the newest first."""
    async with app.http("provider", provider=offer["provider_id"]) as http:
        answer = await http.get("/api/catalog/submissions", params={"limit": 100, **wishes})
    assert answer.status_code == 200, answer.text
    return [row for row in answer.json()["items"] if row["offer_ref"] == offer["offer_ref"]]


async def test_an_offer_is_accepted_published_and_answers_its_submission(app: TestApp) -> None:
    offer, ce_id = an_offer(), str(uuid4())
    await app.send_raw(sent(offer, ce_id=ce_id, ce_correlationid="a-correlation-id"))
    (verdict,) = await accepted(app, offer)
    assert verdict.submission_id == UUID(ce_id)
    assert verdict.meta.correlation_id == "a-correlation-id"
    assert verdict.meta.causation_id == ce_id
    (published,) = await app.heard(OfferPublished, lambda e: e.offer_id == verdict.offer_id)
    (run,) = await app.heard(RunScheduled, lambda e: e.run_id == verdict.run_ids["a"])
    assert (published.standard_cents, run.capacity, run.title) == (44_100, 20, offer["title"])
    assert (published.version, run.version) == (1, 1)


async def test_a_wrong_offer_is_rejected_with_everything_that_is_wrong(app: TestApp) -> None:
    offer = an_offer(format="seminar", runs=[a_run(capacity=-3)])
    await app.send_raw(sent(offer))
    (verdict,) = await app.heard(OfferRejected, lambda e: e.offer_ref == offer["offer_ref"])
    assert [(e.pointer, e.code) for e in verdict.errors] == [
        ("/format", "unknown-value"),
        ("/runs/0/capacity", "too-small"),
    ]


POISON: list[tuple[str, bytes | None, str]] = [
    ("not JSON", b"this is not JSON", "not-json"),
    ("not UTF-8", b"\xff\xfe\xfa", "not-utf8"),
    ("NaN", b'{"capacity": NaN}', "not-a-number"),
    ("a lone surrogate", b'{"title": "\\ud800"}', "bad-character"),
    ("NUL", b'{"title": "a\\u0000b"}', "bad-character"),
    ("deep nesting", b"[" * 100_000, "too-deep"),
    ("a key twice", b'{"a": 1, "a": 2}', "duplicate-key"),
    ("a tombstone", None, "empty"),
    ("a list", b"[1]", "not-an-object"),
]


@pytest.mark.parametrize(("value", "code"), [p[1:] for p in POISON], ids=[p[0] for p in POISON])
async def test_poison_gets_a_verdict_under_its_key(
    app: TestApp, value: bytes | None, code: str
) -> None:
    ref, ce_id = f"POISON-{uuid4().hex[:8]}", str(uuid4())
    record = f"{PROVIDER}/{ref}".encode()
    await app.send_raw(("provider.offers", record, value, headers(ce_id=ce_id)))
    (verdict,) = await app.heard(OfferRejected, lambda e: e.submission_id == UUID(ce_id))
    assert (verdict.provider_id, verdict.offer_ref) == (PROVIDER, ref)
    assert code in [error.code for error in verdict.errors]


async def test_a_record_without_headers_and_key_gets_a_verdict_too(app: TestApp) -> None:
    offer = an_offer()
    body = json.dumps(offer).encode()
    await app.send_raw(("provider.offers", None, body, []))
    (verdict,) = await app.heard(OfferRejected, lambda e: e.offer_ref == offer["offer_ref"])
    assert [e.code for e in verdict.errors] == ["key-mismatch"]


async def test_headers_that_are_not_text_stop_nothing(app: TestApp) -> None:
    offer = an_offer()
    odd = [("ce_type", b"\xff\xff"), ("ce_id", None), ("traceparent", b"\x00")]
    body = json.dumps(offer).encode()
    await app.send_raw(("provider.offers", key_of(offer).encode(), body, odd))
    (verdict,) = await app.heard(OfferRejected, lambda e: e.offer_ref == offer["offer_ref"])
    assert [e.code for e in verdict.errors] == ["unknown-type"]


async def test_the_same_record_again_has_no_second_verdict(app: TestApp) -> None:
    offer = an_offer()
    record = sent(offer)
    await app.send_raw(record, record)
    await app.send_raw(record)
    await app.settled()
    assert len(await accepted(app, offer)) == 1
    assert [row["unchanged_since"] for row in await kept(app, offer)] == [None]


async def test_the_same_content_again_has_a_verdict_and_no_change(app: TestApp) -> None:
    offer = an_offer()
    await app.send_raw(sent(offer))
    await app.send_raw(sent(offer))
    first, second = await accepted(app, offer, 2)
    assert (first.offer_id, first.run_ids) == (second.offer_id, second.run_ids)
    assert len(await app.heard(OfferPublished, lambda e: e.offer_id == first.offer_id)) == 1
    assert not await app.heard(OfferChanged, lambda e: e.offer_id == first.offer_id, 0)


async def test_several_submissions_of_an_offer_in_one_batch_are_decided_in_order(
    app: TestApp,
) -> None:
    offer = an_offer(runs=[a_run(), a_run(run_ref="b")])
    changed = offer | {"title": "Neuer Titel", "runs": [a_run(capacity=9), a_run(run_ref="c")]}
    await app.send_raw(sent(offer), sent(changed), recalled(offer), sent(changed))
    verdicts = await accepted(app, offer, 4)
    offer_id = verdicts[0].offer_id
    assert {verdict.offer_id for verdict in verdicts} == {offer_id}
    published = await app.heard(OfferPublished, lambda e: e.offer_id == offer_id, 2)
    assert [event.version for event in published] == [1, 4]
    withdrawn = await app.heard(RunWithdrawn, lambda e: e.offer_id == offer_id, 3)
    assert [e.run_id for e in withdrawn].count(verdicts[0].run_ids["b"]) == 1
    (again,) = await app.heard(RunChanged, lambda e: e.offer_id == offer_id)
    assert (again.title, again.version) == ("Neuer Titel", 2)
    async with app.http("employee") as http:
        shown = (await http.get(f"/api/catalog/offers/{offer_id}")).json()
    states = {run["run_ref"]: run["state"] for run in shown["runs"]}
    assert states == {"a": "scheduled", "b": "withdrawn", "c": "scheduled"}
    assert shown["version"] == 4


async def test_a_rejected_change_leaves_the_published_offer(app: TestApp) -> None:
    offer = an_offer()
    await app.send_raw(sent(offer), sent(offer | {"title": "x" * 301}))
    (verdict,) = await accepted(app, offer)
    await app.heard(OfferRejected, lambda e: e.offer_ref == offer["offer_ref"])
    async with app.http("employee") as http:
        shown = (await http.get(f"/api/catalog/offers/{verdict.offer_id}")).json()
    assert shown["title"] == offer["title"]


async def test_a_cancelled_run_is_told_and_not_bookable(app: TestApp) -> None:
    offer = an_offer()
    await app.send_raw(sent(offer), sent(offer | {"runs": [a_run(cancelled=True)]}))
    (first, _) = await accepted(app, offer, 2)
    (event,) = await app.heard(RunCancelled, lambda e: e.run_id == first.run_ids["a"])
    assert event.version == 2
    async with app.http("employee") as http:
        run = (await http.get(f"/api/catalog/runs/{event.run_id}")).json()
    assert (run["state"], run["bookable"]) == ("cancelled", False)


async def test_a_withdrawn_offer_is_not_found_but_can_be_read(app: TestApp) -> None:
    word = f"wort{uuid4().hex[:8]}"
    offer = an_offer(title=f"Rückzug {word}")
    await app.send_raw(sent(offer), recalled(offer))
    (first, _) = await accepted(app, offer, 2)
    await app.heard(OfferWithdrawn, lambda e: e.offer_id == first.offer_id)
    async with app.http("employee") as http:
        found = (await http.get("/api/catalog/offers", params={"q": word})).json()
        shown = (await http.get(f"/api/catalog/offers/{first.offer_id}")).json()
    assert found["items"] == []
    assert shown["state"] == "withdrawn"


async def test_taking_back_what_was_never_there_is_rejected(app: TestApp) -> None:
    offer = an_offer()
    await app.send_raw(recalled(offer))
    (verdict,) = await app.heard(OfferRejected, lambda e: e.offer_ref == offer["offer_ref"])
    assert [e.code for e in verdict.errors] == ["unknown-offer"]


async def test_html_is_clean_when_it_is_read(app: TestApp) -> None:
    offer = an_offer(description_html="<p>Ja<script>x</script><img src=x onerror=y></p>")
    await app.send_raw(sent(offer))
    (verdict,) = await accepted(app, offer)
    async with app.http("employee") as http:
        shown = (await http.get(f"/api/catalog/offers/{verdict.offer_id}")).json()
    assert shown["description_html"] == "<p>Ja</p>"


async def test_hundreds_at_once_get_a_verdict_each(app: TestApp) -> None:
    tag = uuid4().hex[:8]
    offers = [an_offer(offer_ref=f"{tag}-{n}") for n in range(300)]
    bad = [an_offer(offer_ref=f"{tag}-bad-{n}", language=7) for n in range(30)]
    await app.send_raw(*map(sent, offers), *map(sent, bad))
    ours = await app.heard(OfferAccepted, lambda e: e.offer_ref.startswith(tag), 300)
    refused = await app.heard(OfferRejected, lambda e: str(e.offer_ref).startswith(tag), 30)
    assert (len(ours), len(refused)) == (300, 30)


async def test_providers_look_up_their_submissions_and_nobody_elses(app: TestApp) -> None:
    offer, ce_id = an_offer(format="seminar"), str(uuid4())
    await app.send_raw(sent(offer, ce_id=ce_id))
    await app.heard(OfferRejected, lambda e: e.submission_id == UUID(ce_id))
    address = f"/api/catalog/submissions/{ce_id}"
    async with app.http("provider", provider=PROVIDER) as http:
        one = (await http.get(address)).json()
        page = (await http.get("/api/catalog/submissions?verdict=rejected&limit=1")).json()
        more = await http.get(f"/api/catalog/submissions?cursor={page['next_cursor']}")
    assert json.loads(one["payload"]) == offer
    assert one["errors"][0]["pointer"] == "/format"
    assert page["items"][0]["verdict"] == "rejected"
    assert more.status_code == 200
    async with app.http("provider", provider="somebody-else") as http:
        assert (await http.get(address)).status_code == 404
    async with app.http("provider") as http:
        assert (await http.get(address)).status_code == 404
    async with app.http("office") as http:
        assert (await http.get(address)).status_code == 200
    async with app.http("employee") as http:
        assert (await http.get(address)).status_code == 403


async def test_old_submissions_are_forgotten(app: TestApp) -> None:
    await app.send_raw(sent(an_offer()))
    await app.settled()
    app.clock.advance(days=91)
    try:
        assert await app.running.timers.once("old-submissions") > 0
    finally:
        app.clock.reset()
    async with app.db.reading() as tx:
        assert await tx.row(text("SELECT 1 FROM submission")) is None


async def test_a_submission_can_be_tried_first(app: TestApp) -> None:
    costs = {
        "fixed_cents": 318_000,
        "overhead_percent": 15,
        "per_seat_cents": 6_200,
        "expected_members": 10,
        "expected_others": 2,
        "member_factor_percent": 80,
    }
    offer = an_offer(costs=costs, description_html="<p onclick=x>a</p>")
    del offer["price"]
    async with app.http("provider", provider=PROVIDER) as http:
        good = (await http.post("/api/catalog/offers/check", json=offer)).json()
        bad = (await http.post("/api/catalog/offers/check", json={})).json()
        odd = await http.post("/api/catalog/offers/check", json=[1])
    assert (good["verdict"], good["preview"]["standard_cents"]) == ("accepted", 44_100)
    assert good["preview"]["description_html"] == "<p>a</p>"
    assert good["calculation"]["full_cost_participants"] == 12
    assert (bad["verdict"], odd.status_code) == ("rejected", 422)
    async with app.http("employee") as http:
        assert (await http.post("/api/catalog/offers/check", json=offer)).status_code == 403


async def test_two_replicas_that_meet_the_same_new_offer_give_it_one_id(app: TestApp) -> None:
    offer = an_offer()
    body = json.dumps(offer).encode()

    async def replica() -> None:
        record = RawRecord(uuid4(), "", key_of(offer), body, {}, app.clock())
        async with app.db.transaction() as tx:
            await handlers.hear_submissions(tx, [record])

    await asyncio.gather(*(replica() for _ in range(5)))
    verdicts = await accepted(app, offer, 5)
    assert len({verdict.offer_id for verdict in verdicts}) == 1
    offer_id = verdicts[0].offer_id
    assert len(await app.heard(OfferPublished, lambda e: e.offer_id == offer_id)) == 1
