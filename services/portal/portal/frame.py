"""What the frame of a page shows of the person who is signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from portal.backend import DOWN, Backend, Refused, part


@dataclass(frozen=True)
class Me:
    """Name, organisation and unread messages. A page works without all of it."""

    given_name: str = ""
    organisation: dict[str, Any] = field(default_factory=dict)
    organisation_down: bool = False
    unread: int = 0


NOBODY = Me()


async def about_me(api: Backend, organisation_id: UUID | None) -> Me:
    """Ask the services; what cannot be had stays empty.

    Raises:
        SignedOut: they do not accept the token any more.
    """
    contact, organisation, notices = await asyncio.gather(
        part(_or_none(api.get("/api/notifications/contacts/me"))),
        part(_or_none(_organisation(api, organisation_id))),
        part(_or_none(api.get("/api/notifications/notices", limit=1))),
    )
    return Me(
        given_name=contact["given_name"] or "" if isinstance(contact, dict) else "",
        organisation=organisation or {},
        organisation_down=organisation is DOWN,
        unread=notices["unread"] if isinstance(notices, dict) else 0,
    )


async def _organisation(api: Backend, organisation_id: UUID | None) -> Any:
    if organisation_id is None:
        return None
    return await api.get("/api/membership/organisations/me")


async def _or_none(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except Refused:
        return None
