"""The public MOOChub feed."""

from typing import Annotated

from chassis.http import Read, problems
from chassis.problems import NOT_ACCEPTABLE
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response

from catalog.domain.bridge import course, links, takes_version_3
from catalog.views import export

router = APIRouter(prefix="/bridges/moochub", tags=["bridges"])

KIND = "application/vnd.api+json"


@router.get(
    "/courses",
    response_class=JSONResponse,
    responses={**problems(), 200: {"description": "A MOOChub v3 page", "content": {KIND: {}}}},
)
async def courses(
    request: Request,
    read: Read,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """All published offers as a MOOChub v3 feed, 50 to a page. Other versions: 406."""
    if not takes_version_3(accept):
        raise NOT_ACCEPTABLE.refuse()
    settings = request.app.state.settings
    async with read() as tx:
        offers, last = await export.page(tx, page, settings.public_url)
    base = f"{settings.public_url}/bridges/moochub/courses"
    feed = {
        "links": links(base, page, last),
        "data": [course(offer, settings.operator_name) for offer in offers],
    }
    return JSONResponse(feed, media_type=f"{KIND}; moochub-version=3")
