"""Taking in MOOChub feeds."""

import asyncio
import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from chassis.auth import Actor, Allowed
from chassis.http import Body, Write, problems
from chassis.problems import INVALID
from contracts.refusal import FORBIDDEN, Rule
from fastapi import APIRouter, Request
from pydantic import Field

from catalog import handlers
from catalog.adapters.fetch import Fetched, fetch_feed
from catalog.commands import ImportFeed
from catalog.domain.imports import (
    MAX_RECORDS,
    FeedRecord,
    ImportReport,
    is_whole,
    judge_page,
)
from catalog.domain.words import fold
from catalog.settings import Settings

router = APIRouter(prefix="/api/catalog", tags=["imports"])

NOT_A_FEED = Rule(
    "not-a-feed",
    422,
    "A feed has `data`: a list of courses, or one course.",
    "Ein Feed hat `data`: eine Liste von Kursen oder einen Kurs.",
)
FEED_OR_URL = Rule(
    "feed-or-url",
    422,
    "Send either a feed or the URL of one.",
    "Senden Sie entweder einen Feed oder dessen URL.",
)
NO_SLUG = Rule(
    "source-unusable",
    422,
    "The source needs letters or digits.",
    "Der Name der Quelle braucht Buchstaben oder Ziffern.",
)
TOO_MANY = Rule(
    "too-many-records", 422, "The feed has too many records.", "Der Feed hat zu viele Einträge."
)


class ImportBody(Body):
    """A feed, or where it can be read. `source` names it; the same source is brought up to date."""

    source: Annotated[str, Field(min_length=1, max_length=80)]
    feed: dict[str, Any] | None = None
    url: Annotated[str, Field(max_length=2000)] | None = None


@router.post("/imports/moochub", responses=problems(403, 413))
async def import_moochub(
    request: Request,
    body: ImportBody,
    actor: Annotated[Actor, Allowed("office", "provider")],
    write: Write,
) -> ImportReport:
    """Take in a MOOChub feed: official version 3 or the dialect of Xikolo.

    The report has a result per record; a bad record stops no other. The office imports for any
    source, which becomes the provider; a provider imports its own offers, whatever the source is
    called. The same feed again changes nothing. An offer that a whole feed (no `next`, no `prev`)
    leaves out is withdrawn.
    """
    settings: Settings = request.app.state.settings
    source = slug(body.source)
    provider = _provider(actor, source)
    if (body.feed is None) == (body.url is None):
        raise FEED_OR_URL.refuse("/feed")
    if body.url is not None:
        fetched = await fetch_feed(body.url, settings)
    else:
        fetched = await asyncio.to_thread(_given, request.state.body)
    now = request.app.state.clock()
    records = await asyncio.to_thread(_judged, fetched, provider, settings, now)
    command = ImportFeed(
        source=source,
        provider_id=provider,
        provider_name=body.source.strip() if provider == source else None,
        records=tuple(records),
        complete=fetched.whole,
        warnings=tuple(fetched.warnings),
        cause=write.cause,
    )
    return await write(handlers.import_feeds, command)


def slug(source: str) -> str:
    """A source as a readable id: `openHPI` is `openhpi`.

    Raises:
        Refusal: nothing of it can stand in an id.
    """
    made = re.sub(r"[^a-z0-9]+", "-", fold(source)).strip("-")[:80].strip("-")
    if not made:
        raise NO_SLUG.refuse("/source")
    return made


def _provider(actor: Actor, source: str) -> str:
    if actor.has("office"):
        return source
    if actor.provider is None or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", actor.provider):
        raise FORBIDDEN.refuse("/source")
    return actor.provider


def _given(raw: bytes) -> Fetched:
    """The feed of the request, read again for exact prices (no binary fractions)."""
    try:
        feed = json.loads(raw, parse_float=Decimal)["feed"]
    except InvalidOperation:  # an exponent of twenty digits
        raise INVALID.refuse("/feed") from None
    if not isinstance(feed.get("data"), list | dict):
        raise NOT_A_FEED.refuse("/feed/data")
    return Fetched([feed], is_whole(feed))


def _judged(fetched: Fetched, provider: str, settings: Settings, now: datetime) -> list[FeedRecord]:
    records: list[FeedRecord] = []
    for number, page in enumerate(fetched.pages, 1):
        if isinstance(page["data"], list) and len(page["data"]) + len(records) > MAX_RECORDS:
            raise TOO_MANY.refuse("/feed/data", limit=MAX_RECORDS)
        records += judge_page(page, number, provider, settings.moochub_capacity, now)
    return records
