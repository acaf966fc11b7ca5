"""Figures of the catalogue, and the synthetic offer that nobody shall find."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from chassis.testing import TestApp
from contracts import synthetic
from contracts.catalog import OfferAccepted, OfferRejected
from prometheus_client import REGISTRY

from deploy.synthetic.probe import course
from services.catalog.tests.builders import an_offer, sent


def figure(name: str, **labels: str) -> float:
    """What this process shows."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def shown(app: TestApp) -> dict[str, float]:
    """The figures after a look at the tables."""
    await app.running.timers.once("figures")
    kinds = {kind: figure("kc_seats", kind=kind) for kind in ("capacity", "taken", "waiting")}
    return {"offers": figure("kc_offers"), "runs": figure("kc_runs"), **kinds}


async def import_synthetically(app: TestApp) -> dict[str, Any]:
    """As `deploy/synthetic` does it every minute."""
    body = {"source": synthetic.PROVIDER, "feed": {"data": [course(datetime.now(UTC))]}}
    async with app.http("coordinator", "provider", provider=synthetic.PROVIDER) as probe:
        answer = await probe.post("/api/catalog/imports/moochub", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["records"][0])


async def test_the_synthetic_offer_can_be_booked_and_is_in_no_list_and_no_figure(
    app: TestApp,
) -> None:
    real = an_offer(offer_ref=f"REAL-{uuid4().hex[:8]}")
    await app.send_raw(sent(real))
    await app.heard(OfferAccepted, lambda e: e.offer_ref == real["offer_ref"])
    before = await shown(app)
    first, again = await import_synthetically(app), await import_synthetically(app)
    assert first["result"] != "rejected", first
    assert (again["effect"], again["run_ids"]) == ("unchanged", first["run_ids"])
    assert len(first["run_ids"]) == 1
    assert await shown(app) == before
    async with app.http("employee") as http:
        assert (await http.get(f"/api/catalog/offers/{first['offer_id']}")).status_code == 200
        for query in ("q=Synthetische", f"provider={synthetic.PROVIDER}", "limit=100"):
            found = (await http.get(f"/api/catalog/offers?{query}")).json()
            assert first["offer_id"] not in {item["offer_id"] for item in found["items"]}
            named = {facet["value"] for facet in found["facets"]["provider"]}
            assert synthetic.PROVIDER not in named
        feed = await http.get("/bridges/moochub/courses")
    assert feed.json()["data"]
    assert "Synthetische Buchung" not in feed.text


async def test_seats_of_runs_on_offer_are_added_up(app: TestApp) -> None:
    before = await shown(app)
    offer = an_offer(offer_ref=f"SEATS-{uuid4().hex[:8]}")
    await app.send_raw(sent(offer))
    await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"])
    after = await shown(app)
    assert after["offers"] == before["offers"] + 1
    assert after["runs"] == before["runs"] + len(offer["runs"])
    seats = sum(run["capacity"] for run in offer["runs"])
    assert after["capacity"] == before["capacity"] + seats


async def test_verdicts_are_shown_for_known_providers_only(app: TestApp) -> None:
    ref, stranger = f"BAD-{uuid4().hex[:8]}", f"stranger-{uuid4().hex[:8]}"
    good = an_offer(offer_ref=f"GOOD-{uuid4().hex[:8]}")
    bad = {**an_offer(offer_ref=ref), "format": "seminar"}
    unknown = {**an_offer(offer_ref=ref), "provider_id": stranger, "format": "seminar"}
    await app.send_raw(sent(good), sent(bad), sent(unknown))
    await app.heard(OfferAccepted, lambda e: e.offer_ref == good["offer_ref"])
    await app.heard(OfferRejected, lambda e: e.offer_ref == ref, 2)
    await app.running.timers.once("figures")
    provider = good["provider_id"]
    assert figure("kc_verdicts_day", provider=provider, verdict="accepted") >= 1
    assert figure("kc_verdicts_day", provider=provider, verdict="rejected") >= 1
    assert figure("kc_verdicts_day", provider="unknown", verdict="rejected") >= 1
    assert figure("kc_verdicts_day", provider=stranger, verdict="rejected") == 0
