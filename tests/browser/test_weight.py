"""What a first visit weighs. Times are told (`.run/screens/weight.json`), never asserted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.browser.person import SCREENS, Person
from tests.browser.world import World

Seat = Callable[..., Person]
KB = 1000
TIMES = """() => new Promise(done => {
    let lcp = 0, cls = 0;
    new PerformanceObserver(list => { for (const e of list.getEntries()) lcp = e.startTime; })
        .observe({type: 'largest-contentful-paint', buffered: true});
    new PerformanceObserver(list => { for (const e of list.getEntries()) cls += e.value; })
        .observe({type: 'layout-shift', buffered: true});
    const first = performance.getEntriesByName('first-contentful-paint')[0];
    setTimeout(() => done({first_paint_ms: Math.round(first ? first.startTime : 0),
                           largest_paint_ms: Math.round(lcp), shift: cls}), 500);
})"""


def visit(person: Person, path: str) -> dict[str, Any]:
    """Open a page; what came over the wire, and when it was painted."""
    session = person.context.new_cdp_session(person.page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["type"]}))
    session.on(
        "Network.loadingFinished",
        lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}),
    )
    person.page.goto(f"{person.base}{path}", wait_until="networkidle")
    seen: dict[str, Any] = person.page.evaluate(TIMES)
    session.detach()
    real = {id_: size for id_, size in sizes.items() if kinds.get(id_) != "EventSource" and size}
    by_kind: dict[str, float] = {}
    for id_, size in real.items():
        kind = kinds.get(id_, "other").lower()
        by_kind[kind] = by_kind.get(kind, 0) + size
    return {**seen, "requests": len(real), "bytes": sum(real.values()), "bytes_by_kind": by_kind}


def test_a_first_visit_is_light_and_the_next_page_lighter(seat: Seat, world: World) -> None:
    visitor = seat()
    first = visit(visitor, f"/kurse/{world.seen.offer_id}")
    after = visit(visitor, "/hilfe")
    listed = visit(visitor, "/kurse")
    SCREENS.mkdir(parents=True, exist_ok=True)
    told = {"first visit, a course": first, "next page": after, "list of 25": listed}
    (SCREENS / "weight.json").write_text(json.dumps(told, indent=1))
    assert first["bytes"] <= 150 * KB
    assert first["requests"] <= 8
    assert first["bytes_by_kind"]["font"] <= 65 * KB
    assert first["bytes_by_kind"]["script"] <= 25 * KB
    assert after["bytes"] <= 12 * KB
    assert after["requests"] == 1
    for each in told.values():
        assert each["shift"] < 0.01
