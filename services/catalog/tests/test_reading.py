"""One offer and some runs by their ids, for who is signed in."""

from uuid import uuid4

from chassis.testing import TestApp
from contracts.catalog import OfferAccepted

from services.catalog.tests.builders import a_run, an_offer
from services.catalog.tests.conftest import publish


async def test_only_who_is_signed_in_may_look(app: TestApp) -> None:
    async with app.client() as http:
        for path in ("offers", f"offers/{uuid4()}", f"runs/{uuid4()}", f"runs?ids={uuid4()}"):
            assert (await http.get(f"/api/catalog/{path}")).status_code == 401


async def test_what_there_is_not_is_not_found(app: TestApp) -> None:
    async with app.http("employee") as http:
        assert (await http.get(f"/api/catalog/offers/{uuid4()}")).status_code == 404
        assert (await http.get(f"/api/catalog/runs/{uuid4()}")).status_code == 404
        assert (await http.get("/api/catalog/offers/x")).status_code == 422


async def test_several_runs_come_in_one_call_in_the_order_asked_for(app: TestApp) -> None:
    offer = an_offer(runs=[a_run(), a_run(run_ref="b")])
    await publish(app, offer)
    (verdict,) = await app.heard(OfferAccepted, lambda e: e.offer_ref == offer["offer_ref"])
    wanted = [str(verdict.run_ids["b"]), str(verdict.run_ids["a"])]
    async with app.http("employee") as http:
        answer = await http.get(f"/api/catalog/runs?ids={','.join([*wanted, str(uuid4())])}")
        too_many = ",".join(str(uuid4()) for _ in range(200))
        many = await http.get(f"/api/catalog/runs?ids={too_many}")
        odd = await http.get("/api/catalog/runs?ids=x")
    assert [run["run_id"] for run in answer.json()["items"]] == wanted
    assert (many.status_code, odd.status_code) == (422, 422)
