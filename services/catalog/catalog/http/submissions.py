"""For providers: try a submission before sending it, and look up what became of one."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from chassis.auth import Actor, Allowed
from chassis.http import Read, View, problems
from contracts.catalog import Finding
from contracts.refusal import NOT_FOUND
from fastapi import APIRouter, Body, Query, Request

from catalog.domain.judge import judge_document
from catalog.domain.offers import OfferTerms
from catalog.views import submissions

router = APIRouter(prefix="/api/catalog", tags=["submissions"])

Provider = Annotated[Actor, Allowed("provider", "office")]


class Preview(View):
    """How an offer would be published."""

    title: str
    description_html: str
    standard_cents: int
    member_cents: int
    saving_cents: int
    runs: int


class CalculationView(View):
    """What follows from costs: prices, and from how many participants on they carry them."""

    standard_cents: int
    member_cents: int
    revenue_cents: int
    total_cents: int
    surplus_cents: int
    full_cost_participants: int
    direct_cost_participants: int


class Checked(View):
    """What the verdict on a submission would be."""

    verdict: Literal["accepted", "rejected"]
    errors: list[Finding]
    warnings: list[Finding]
    preview: Preview | None
    calculation: CalculationView | None


@router.post("/offers/check", responses=problems(403, 413))
async def check_offer(
    request: Request, body: Annotated[dict[str, Any], Body()], _: Provider
) -> Checked:
    """Judge a submission without submitting it. Nothing is stored or told.

    Warnings that compare it with what is published already come with the verdict only.
    """
    found = judge_document(body, request.app.state.clock())
    made, terms = found.calculation, found.terms
    return Checked(
        verdict="rejected" if found.errors else "accepted",
        errors=list(found.errors),
        warnings=list(found.warnings),
        preview=None if terms is None else _preview(terms),
        calculation=None if made is None else CalculationView(**asdict(made)),
    )


def _preview(terms: OfferTerms) -> Preview:
    return Preview(
        title=terms.title,
        description_html=terms.description_html,
        standard_cents=terms.standard_cents,
        member_cents=terms.member_cents,
        saving_cents=terms.standard_cents - terms.member_cents,
        runs=len(terms.runs),
    )


@router.get("/submissions", responses=problems(403))
async def list_submissions(
    actor: Provider,
    read: Read,
    verdict: Annotated[Literal["accepted", "rejected"] | None, Query()] = None,
    unchanged: Annotated[bool | None, Query()] = None,
    cursor: Annotated[int | None, Query(ge=1, le=1 << 62)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> submissions.SubmissionsView:
    """Submissions with their verdicts, the newest first: one's own, for the office all.

    `unchanged=true` gives those that were accepted and changed nothing, `false` all others.
    """
    which = submissions.Which(_whose(actor), verdict, unchanged)
    async with read() as tx:
        return await submissions.page(tx, which, cursor, limit)


@router.get("/submissions/{submission_id}", responses=problems(403, 404))
async def read_submission(
    submission_id: UUID, actor: Provider, read: Read
) -> submissions.WholeSubmission:
    """A submission with what was sent; a foreign one is as a missing one."""
    async with read() as tx:
        found = await submissions.one(tx, submission_id, _whose(actor))
    if found is None:
        raise NOT_FOUND.refuse()
    return found


def _whose(actor: Actor) -> str | None:
    """None: everybody's. A token without a provider sees nobody's."""
    return None if actor.has("office") else actor.provider or ""
