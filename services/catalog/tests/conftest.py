"""The catalogue at work: offers are published to it, and found in it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from catalog.app import build
from chassis.testing import Servers, TestApp, running
from chassis.testing_issuer import Issuer
from contracts.catalog import OfferAccepted

from services.catalog.tests.builders import sent


@pytest.fixture(scope="package")
async def app(servers: Servers, issuer: Issuer) -> AsyncIterator[TestApp]:
    """The catalogue, on a database of its own; feeds of this machine may be read."""
    async with running(build, servers, issuer, feed_networks=["127.0.0.0/8"]) as test:
        yield test


async def publish(app: TestApp, *offers: dict[str, Any]) -> list[str]:
    """Publish offers; their ids."""
    await app.send_raw(*map(sent, offers))
    refs = [offer["offer_ref"] for offer in offers]
    verdicts = await app.heard(OfferAccepted, lambda e: e.offer_ref in refs, len(refs))
    ids = {verdict.offer_ref: str(verdict.offer_id) for verdict in verdicts}
    return [ids[ref] for ref in refs]


async def find(app: TestApp, **wishes: Any) -> dict[str, Any]:
    """A page of the search."""
    async with app.http("employee") as http:
        answer = await http.get("/api/catalog/offers", params=wishes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    """The offers of a page, in its order."""
    return [item["offer_id"] for item in found["items"]]
