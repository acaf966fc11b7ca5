"""Feeds through the door: in the request, and by URL from a real HTTP server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from catalog.adapters.fetch import may_connect
from chassis.testing import TestApp
from contracts.catalog import OfferAccepted, OfferPublished, OfferWithdrawn

from services.catalog.tests.builders import an_offer, sent

DATA = Path(__file__).parent / "data"
ADDRESS = "/api/catalog/imports/moochub"


def a_feed(*ids: str, name: str = "E-Akte kompakt", **links: str) -> dict[str, Any]:
    """A page of a feed with a record for each id."""
    feed: dict[str, Any] = json.loads((DATA / "synthetic-xikolo-shape.json").read_text("utf-8"))
    (record,) = feed["data"]
    attributes = record["attributes"] | {"name": name}
    feed["data"] = [record | {"id": id_, "attributes": attributes} for id_ in ids]
    feed["links"] |= links
    return feed


async def post(app: TestApp, body: dict[str, Any], *roles: str, **claims: Any) -> Any:
    """The report of an import, or the problem."""
    async with app.http(*(roles or ("office",)), **claims) as http:
        answer = await http.post(ADDRESS, json=body)
    return answer.json() | {"_status": answer.status_code}


async def test_a_feed_is_published_and_the_same_again_changes_nothing(app: TestApp) -> None:
    source, feed = f"Feed {uuid4().hex[:8]}", a_feed(str(uuid4()), str(uuid4()))
    report = await post(app, {"source": source, "feed": feed})
    assert report["_status"] == 200, report
    assert (report["complete"], report["counts"]["created"]) == (True, 2)
    assert report["provider_id"] == source.lower().replace(" ", "-")
    ids = [record["offer_id"] for record in report["records"]]
    await app.heard(OfferPublished, lambda e: str(e.offer_id) in ids, 2)
    again = await post(app, {"source": source, "feed": feed})
    assert [again["counts"][n] for n in ("created", "changed", "unchanged")] == [0, 0, 2]
    async with app.http("employee") as http:
        shown = (await http.get(f"/api/catalog/offers/{ids[0]}")).json()
    assert (shown["provider_name"], shown["standard_cents"]) == (source, 14_900)


async def test_what_a_whole_feed_leaves_out_is_withdrawn_not_deleted(app: TestApp) -> None:
    source, a, b = f"feed-{uuid4().hex[:8]}", str(uuid4()), str(uuid4())
    first = await post(app, {"source": source, "feed": a_feed(a, b)})
    gone = next(r["offer_id"] for r in first["records"] if r["id"] == b)
    half = await post(app, {"source": source, "feed": a_feed(a, next="https://example.org/2")})
    assert (half["complete"], half["withdrawn"]) == (False, [])
    whole = await post(app, {"source": source, "feed": a_feed(a)})
    assert whole["withdrawn"] == [gone]
    await app.heard(OfferWithdrawn, lambda e: str(e.offer_id) == gone)
    async with app.http("employee") as http:
        assert (await http.get(f"/api/catalog/offers/{gone}")).json()["state"] == "withdrawn"


async def test_prices_are_exact(app: TestApp) -> None:
    feed = a_feed(str(uuid4()))
    feed["data"][0]["attributes"]["offers"][0]["price"] = 1.15
    report = await post(app, {"source": f"feed-{uuid4().hex[:8]}", "feed": feed})
    async with app.http("employee") as http:
        shown = await http.get(f"/api/catalog/offers/{report['records'][0]['offer_id']}")
    assert shown.json()["standard_cents"] == 115


async def test_a_number_that_nobody_can_read_is_refused(app: TestApp) -> None:
    raw = b'{"source": "Feed", "feed": {"data": [], "a": 1e99999999999999999999}}'
    async with app.http("office") as http:
        headers = {"Content-Type": "application/json"}
        answer = await http.post(ADDRESS, content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_provider_imports_its_own_offers_whatever_the_source_is_called(
    app: TestApp,
) -> None:
    mine = f"akademie-{uuid4().hex[:8]}"
    body = {"source": "somebody else", "feed": a_feed(str(uuid4()))}
    report = await post(app, body, "provider", provider=mine)
    assert report["provider_id"] == mine
    assert (await post(app, body, "provider"))["_status"] == 403
    assert (await post(app, body, "employee"))["_status"] == 403


async def test_a_provider_that_speaks_itself_is_not_overruled_by_a_feed(app: TestApp) -> None:
    mine, ref = f"akademie-{uuid4().hex[:8]}", str(uuid4())
    await app.send_raw(sent(an_offer(provider_id=mine, offer_ref=ref)))
    await app.heard(OfferAccepted, lambda e: e.offer_ref == ref)
    report = await post(app, {"source": mine, "feed": a_feed(ref)})
    assert report["records"][0]["errors"][0]["code"] == "other-source"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"source": "x"}, "feed-or-url"),
        ({"source": "x", "feed": {}, "url": "https://example.org"}, "feed-or-url"),
        ({"source": "x", "feed": {}}, "not-a-feed"),
        ({"source": "x", "feed": {"data": "y"}}, "not-a-feed"),
        ({"source": "!!", "feed": {"data": []}}, "source-unusable"),
        ({"source": "x", "feed": {"data": [1] * 5001}}, "too-many-records"),
        ({"source": "", "feed": {"data": []}}, "invalid"),
        ({"source": "x", "url": "file:///etc/passwd"}, "feed-unreadable"),
        ({"source": "x", "url": "http://user:pass@127.0.0.1/"}, "feed-unreadable"),
        ({"source": "x", "url": "http://[::1/"}, "feed-unreadable"),
        ({"source": "x", "url": "http://127.0.0.1:1/"}, "feed-unreadable"),
        ({"source": "x", "url": "http://10.0.0.1/"}, "feed-unreadable"),
        ({"source": "x", "url": "http://169.254.169.254/latest/meta-data"}, "feed-unreadable"),
        ({"source": "x", "url": "http://[::ffff:10.0.0.1]/"}, "feed-unreadable"),
        ({"source": "x", "url": "http://no-such-host.invalid/"}, "feed-unreadable"),
    ],
)
async def test_what_is_no_feed_is_a_problem(app: TestApp, body: dict[str, Any], code: str) -> None:
    answer = await post(app, body)
    assert (answer["_status"], answer["code"]) == (422, code)


async def test_a_body_above_the_limit_is_too_large(app: TestApp) -> None:
    answer = await post(app, {"source": "x", "feed": {"data": ["x" * 9_000_000]}})
    assert (answer["_status"], answer["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_public_addresses_are_connected_to(address: str, public: bool) -> None:
    assert may_connect(ip_address(address)) is public
    assert may_connect(ip_address(address), [ip_network("0.0.0.0/0"), ip_network("::/0")])


class Site:
    """A web server with pages of a feed, on this machine."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = site.pages.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, path: str, feed: Any, status: int = 200, **headers: str) -> None:
        """Publish a page."""
        body = feed if isinstance(feed, bytes) else json.dumps(feed).encode()
        self.pages[path] = (status, headers, body)

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


async def by_url(app: TestApp, site: Site, path: str = "/1") -> Any:
    return await post(app, {"source": f"feed-{uuid4().hex[:8]}", "url": site.url + path})


async def test_a_feed_is_read_by_url_page_by_page(app: TestApp, site: Site) -> None:
    site.put("/1", a_feed(str(uuid4()), next=f"{site.url}/2"))
    site.put("/2", a_feed(str(uuid4()), next="/3", prev="/1"))
    site.put("/3", a_feed(str(uuid4()), prev="/2"))
    report = await by_url(app, site)
    assert (report["complete"], report["counts"]["created"]) == (True, 3)
    assert [record["page"] for record in report["records"]] == [1, 2, 3]


async def test_reading_from_the_middle_is_not_the_whole_feed(app: TestApp, site: Site) -> None:
    site.put("/2", a_feed(str(uuid4()), prev="/1"))
    assert (await by_url(app, site, "/2"))["complete"] is False


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"next": "/1"}, "links-in-a-circle"),
        ({"next": "/missing"}, "wrong-status"),
        ({"next": "http://localhost/x"}, "other-host"),
        ({"next": "http://127.0.0.1:1/x"}, "other-host"),
        ({"next": "/broken"}, "not-json"),
        ({"next": "/redirect"}, "redirected"),
        ({"next": "/large"}, "too-large"),
        ({"next": "/compressed"}, "compressed"),
        ({"next": "/nothing"}, "not-a-feed"),
    ],
)
async def test_a_feed_that_breaks_off_is_taken_in_as_far_as_read(
    app: TestApp, site: Site, second: dict[str, str], code: str
) -> None:
    site.put("/1", a_feed(str(uuid4()), **second))
    site.put("/broken", b'{"data": [')
    site.put("/redirect", b"", 302, Location="/1")
    site.put("/large", b" " * 9_000_000)
    site.put("/compressed", b"{}", 200, **{"Content-Encoding": "gzip"})
    site.put("/nothing", {})
    report = await by_url(app, site)
    assert (report["complete"], report["counts"]["created"]) == (False, 1)
    assert [warning["code"] for warning in report["warnings"]] == [code]
