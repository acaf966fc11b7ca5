"""What narrows a search and how it comes: filters, facets, days, orders, pages."""

from typing import Any
from uuid import uuid4

import pytest
from chassis.testing import TestApp

from services.catalog.tests.builders import a_run, an_offer
from services.catalog.tests.conftest import find, ids, publish


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "format=seminar",
        "sort=random",
        "max_price_cents=-1",
        "ids=x",
        "ids=",
        "ids=" + ",".join(["94f26ada-313f-4e32-a143-94323cac6970"] * 101),
        "max_price_cents=99999999999999999999",
        "starts_after=yesterday",
        "starts_after=2027-01-01T00:00:00",
        "starts_after=0001-01-01T00:00:00%2B14:00",
        "starts_before=9999-12-31T23:59:59-14:00",
        "skill=%00",
        "starts_after=1700000000",
        "starts_before=1.7e9",
        "starts_after=-1",
        "starts_after=2027-02-30",
        "starts_before=2101-01-01",
        "starts_after=20270101",
        "starts_after=2027-01",
        "cursor=x",
        "cursor=W10",
        "cursor=%F0%9F%99%82",
        "cursor=WyJzdGFydCIsZmFsc2UsIjIwMjYiLDEsIngiXQ",
    ],
)
async def test_a_wrong_wish_is_a_problem_with_a_pointer(app: TestApp, query: str) -> None:
    async with app.http("employee") as http:
        answer = await http.get(f"/api/catalog/offers?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"]


async def test_offers_are_found_by_their_ids_and_other_wishes_narrow_them(app: TestApp) -> None:
    tag = f"kennung{uuid4().hex[:8]}"
    a, b, c = await publish(
        app,
        an_offer(title=f"Eins {tag}", format="presence"),
        an_offer(title=f"Zwei {tag}"),
        an_offer(title=f"Drei {tag}"),
    )
    both = f"{a},{b},{uuid4()}"
    found = await find(app, ids=both, sort="title")
    assert (ids(found), found["total"]) == ([a, b], 2)
    assert ids(await find(app, ids=[b, a], sort="title")) == [a, b]
    assert ids(await find(app, ids=both, format="presence")) == [a]
    assert ids(await find(app, ids=both, q=f"zwei {tag}")) == [b]
    assert ids(await find(app, ids=both, q=f"drei {tag}")) == []
    assert c not in ids(await find(app, ids=both, limit=1, sort="title"))
    page = await find(app, ids=both, limit=1, sort="title")
    following = await find(app, ids=both, limit=1, sort="title", cursor=page["next_cursor"])
    assert (ids(page), ids(following)) == ([a], [b])


async def test_a_cursor_belongs_to_its_order(app: TestApp) -> None:
    await publish(app, an_offer(), an_offer())
    cursor = (await find(app, sort="price", limit=1))["next_cursor"]
    async with app.http("employee") as http:
        answer = await http.get(f"/api/catalog/offers?sort=title&cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


@pytest.mark.parametrize("sort", ["relevance", "start", "price", "title"])
async def test_pages_hold_everything_once_also_when_offers_come_in_between(
    app: TestApp, sort: str
) -> None:
    tag = f"seite{uuid4().hex[:8]}"

    def numbered(n: int) -> dict[str, Any]:
        return an_offer(
            title=f"{tag} {'ab' * (n % 3)}",
            price={"standard_cents": 100 * (n % 4), "member_cents": 0},
            runs=[a_run(starts_at=f"2027-02-{n % 5 + 10}T08:00:00Z")] if n % 6 else [],
        )

    wanted = set(await publish(app, *(numbered(n) for n in range(13))))
    seen: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        page = await find(app, q=tag, sort=sort, limit=4, **({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        cursor = page["next_cursor"]
        pages += 1
        await publish(app, an_offer(title="Ganz neu, ohne das Wort"))
    assert pages == 4
    assert len(seen) == len(set(seen)) == 13
    assert set(seen) == wanted


async def test_offers_come_in_the_order_that_was_asked_for(app: TestApp) -> None:
    tag = f"folge{uuid4().hex[:8]}"
    a, b, c = await publish(
        app,
        an_offer(title=f"Zebra {tag}", price={"standard_cents": 1, "member_cents": 1}),
        an_offer(
            title=f"Äpfel {tag}",
            price={"standard_cents": 3, "member_cents": 1},
            runs=[a_run(starts_at="2027-02-25T08:00:00Z")],
        ),
        an_offer(title=f"Birnen {tag}", price={"standard_cents": 2, "member_cents": 1}, runs=[]),
    )
    assert ids(await find(app, q=tag, sort="price")) == [a, c, b]
    assert ids(await find(app, q=tag, sort="title")) == [b, c, a]
    assert ids(await find(app, q=tag, sort="start")) == [b, a, c]


async def test_filters_narrow_and_facets_ignore_their_own(app: TestApp) -> None:
    tag = f"filter{uuid4().hex[:8]}"
    esco = {"framework": "ESCO", "code": "http://data.europa.eu/esco/skill/1"}
    one, two, three = await publish(
        app,
        an_offer(title=tag, format="presence"),
        an_offer(title=tag, format="hybrid", skills=[esco], provider_id="vwa-wuerttemberg"),
        an_offer(title=tag, format="hybrid", price={"standard_cents": 900, "member_cents": 900}),
    )
    hybrid = await find(app, q=tag, format="hybrid")
    assert set(ids(hybrid)) == {two, three}
    assert hybrid["total"] == 2
    count = {v["value"]: v["count"] for v in hybrid["facets"]["format"]}
    assert count == {"hybrid": 2, "presence": 1}
    assert {v["value"]: v["count"] for v in hybrid["facets"]["provider"]} == {
        "hochschule-rhein-neckar": 1,
        "vwa-wuerttemberg": 1,
    }
    assert set(ids(await find(app, q=tag, format=["hybrid", "presence"]))) == {one, two, three}
    assert ids(await find(app, q=tag, provider="vwa-wuerttemberg")) == [two]
    assert set(ids(await find(app, q=tag, skill="1.3"))) == {one, three}
    assert ids(await find(app, q=tag, skill=f"ESCO:{esco['code']}")) == [two]
    assert ids(await find(app, q=tag, max_price_cents=900)) == [three]


async def test_dates_choose_offers_and_the_run_that_is_shown(app: TestApp) -> None:
    tag = f"datum{uuid4().hex[:8]}"
    runs = [
        a_run(
            run_ref="alt",
            starts_at="2020-03-01T08:00:00Z",
            ends_at="2020-03-02T08:00:00Z",
            booking_closes_at="2020-02-01T08:00:00Z",
        ),
        a_run(
            run_ref="mai",
            starts_at="2027-05-01T08:00:00Z",
            ends_at="2027-05-02T08:00:00Z",
            booking_closes_at="2027-04-01T08:00:00Z",
        ),
        a_run(
            run_ref="juni",
            starts_at="2027-06-01T08:00:00Z",
            ends_at="2027-06-02T08:00:00Z",
            booking_closes_at="2027-05-01T08:00:00Z",
        ),
    ]
    await publish(app, an_offer(title=tag, runs=runs))
    (item,) = (await find(app, q=tag))["items"]
    assert item["next_run"]["starts_at"] == "2027-05-01T08:00:00Z"
    assert item["free_seats"] == 20
    (item,) = (await find(app, q=tag, starts_after="2027-05-15T00:00:00Z"))["items"]
    assert item["next_run"]["starts_at"] == "2027-06-01T08:00:00Z"
    wished = {"starts_after": "2027-05-15T00:00:00Z", "starts_before": "2027-05-20T00:00:00Z"}
    assert (await find(app, q=tag, **wished))["items"] == []


async def test_a_plain_day_is_a_day_in_berlin(app: TestApp) -> None:
    tag = f"tag{uuid4().hex[:8]}"
    late = a_run(starts_at="2027-03-27T22:59:59Z", ends_at="2027-04-02T15:00:00Z")
    early = late | {"run_ref": "b", "starts_at": "2027-03-27T23:00:00Z"}
    last = late | {"run_ref": "c", "starts_at": "2027-03-28T21:59:59Z"}
    before, first, final, after = await publish(
        app,
        an_offer(title=tag, runs=[late]),
        an_offer(title=tag, runs=[early]),
        an_offer(title=tag, runs=[last]),
        an_offer(title=tag, runs=[last | {"starts_at": "2027-03-28T22:00:00Z"}]),
    )
    day = {"starts_after": "2027-03-28", "starts_before": "2027-03-28"}  # 23 hours: summer time
    assert ids(await find(app, q=tag, sort="start", **day)) == [first, final]
    assert ids(await find(app, q=tag, sort="start", starts_after="2027-03-28")) == [
        first,
        final,
        after,
    ]
    assert ids(await find(app, q=tag, sort="start", starts_before="2027-03-27")) == [before]
    instant = "2027-03-28T00:00:00+01:00"
    assert ids(await find(app, q=tag, sort="start", starts_after=instant)) == [first, final, after]


async def test_providers_find_their_own(app: TestApp) -> None:
    mine = f"akademie-{uuid4().hex[:8]}"
    (offer_id,) = await publish(app, an_offer(provider_id=mine))
    async with app.http("provider", provider=mine) as http:
        assert ids((await http.get("/api/catalog/offers?provider=me")).json()) == [offer_id]
    async with app.http("employee") as http:
        assert (await http.get("/api/catalog/offers?provider=me")).status_code == 403
