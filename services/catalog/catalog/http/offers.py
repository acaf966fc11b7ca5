"""Finding and reading offers and runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth import Actor, SignedIn
from chassis.http import Read, problems
from chassis.problems import INVALID
from contracts.provider import Format
from contracts.refusal import FORBIDDEN, NOT_FOUND
from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema

from catalog.domain.dates import begin, end
from catalog.views import offers as views
from catalog.views.found import Found
from catalog.views.question import Question, Sort
from catalog.views.search import search

router = APIRouter(prefix="/api/catalog", tags=["offers"])


Word = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]
DAY_OR_INSTANT = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "format": "date-time"},
        ]
    }
)
From = Annotated[datetime, BeforeValidator(begin), DAY_OR_INSTANT]
Until = Annotated[datetime, BeforeValidator(end), DAY_OR_INSTANT]


MOST_IDS = 100
Ids = Annotated[list[str], Field(max_length=MOST_IDS)]
"""Ids as `ids=a,b` or `ids=a&ids=b`."""


class Wishes(BaseModel):
    """The filters of the search. Those of one name add up, those of different names narrow."""

    q: Annotated[str, Field(max_length=20_000)] = ""
    ids: Ids = []
    format: Annotated[list[Format], Field(max_length=4)] = []
    skill: Annotated[list[Word], Field(max_length=50)] = []
    provider: Annotated[list[Word], Field(max_length=50)] = []
    place: Annotated[Word, Field(max_length=100)] = ""
    free_only: bool = False
    starts_after: From | None = None
    starts_before: Until | None = None
    max_price_cents: Annotated[int, Field(ge=0, le=10**10)] | None = None
    sort: Sort | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=2000)] | None = None

    def question(self, actor: Actor) -> Question:
        """What is looked for, and by whom (`provider=me`)."""
        return Question(
            q=self.q.strip(),
            ids=_ids(self.ids),
            formats=self.format,
            providers=[_own(name, actor) for name in self.provider],
            skills=self.skill,
            place=self.place.strip(),
            free_only=self.free_only,
            starts_after=self.starts_after,
            starts_before=self.starts_before,
            max_price_cents=self.max_price_cents,
            sort=self.sort or ("relevance" if self.q.strip() else "start"),
            limit=self.limit,
        )


def _ids(entries: Sequence[str]) -> list[UUID]:
    """The ids that are named, at most 100."""
    try:
        wanted = [UUID(part) for entry in entries for part in entry.split(",")]
    except ValueError:
        raise INVALID.refuse("/ids") from None
    if len(wanted) > MOST_IDS:
        raise INVALID.refuse("/ids", limit=MOST_IDS)
    return wanted


def _own(name: str, actor: Actor) -> str:
    """`me` is the provider of the token."""
    if name != "me":
        return name
    if actor.provider is None:
        raise FORBIDDEN.refuse(allowed=["provider"])
    return actor.provider


@router.get("/offers", responses=problems(403))
async def find_offers(wishes: Annotated[Wishes, Query()], actor: SignedIn, read: Read) -> Found:
    """Find published offers.

    Filters of one name add up (`format=hybrid&format=presence`), filters of different names
    narrow. `skill` takes a code of DigComp 2.2 (`1.3`) or a key (`ESCO:…`); `provider=me` are
    one's own. Sorted by relevance where there are words, else by the start of the next run.
    `starts_after` and `starts_before` take an instant with an offset or a day (in
    Europe/Berlin): from its start on, until its end. `place` is a part of a run's location;
    with `free_only` only offers with a bookable run that has free seats count. All of these have
    to fit the same run. `ids=a,b` (or `ids=a&ids=b`, up to 100) looks among these offers only;
    unknown and withdrawn ones are left out. A `q` without any word finds nothing; `suggestion` is
    another spelling of one that finds nothing or nearly nothing.
    """
    async with read() as tx:
        return await search(tx, wishes.question(actor), wishes.cursor)


@router.get("/offers/{offer_id}", responses=problems(404))
async def read_offer(offer_id: UUID, _: SignedIn, read: Read) -> views.OfferView:
    """An offer with its runs. A withdrawn one says so in `state`: bookings of it go on."""
    async with read() as tx:
        offer = await views.offer(tx, offer_id)
    if offer is None:
        raise NOT_FOUND.refuse()
    return offer


@router.get("/runs", responses=problems())
async def read_runs(
    _: SignedIn, read: Read, ids: Annotated[list[str], Query(min_length=1, max_length=MOST_IDS)]
) -> views.RunsView:
    """Several runs: `ids=a,b` or `ids=a&ids=b`, up to 100. Unknown ones are left out."""
    wanted = _ids(ids)
    async with read() as tx:
        return views.RunsView(items=await views.runs(tx, wanted))


@router.get("/runs/{run_id}", responses=problems(404))
async def read_run(run_id: UUID, _: SignedIn, read: Read) -> views.RunView:
    """A run with its seats and rules."""
    async with read() as tx:
        found = await views.runs(tx, [run_id])
    if not found:
        raise NOT_FOUND.refuse()
    return found[0]
