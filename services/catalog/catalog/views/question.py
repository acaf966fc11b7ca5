"""What somebody looks for, and where the next page of the answer begins."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.refusal import Rule

Sort = Literal["relevance", "start", "price", "title"]

BAD_CURSOR = Rule(
    "bad-cursor",
    422,
    "This cursor is not one of ours, or belongs to another order.",
    "Diese Fortsetzungsmarke stammt nicht von uns oder gehört zu einer anderen Sortierung.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody looks for. None and empty: no such wish.

    A `q` of signs only (`%`, an emoji) is a wish that nothing fulfils.
    """

    q: str = ""
    ids: Sequence[UUID] = ()
    formats: Sequence[str] = ()
    providers: Sequence[str] = ()
    skills: Sequence[str] = ()
    starts_after: datetime | None = None
    starts_before: datetime | None = None
    place: str = ""
    free_only: bool = False
    max_price_cents: int | None = None
    sort: Sort = "start"
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins, and the moment that all pages of one search speak about."""

    sort: Sort
    similar: bool
    at: datetime
    key: float | str
    last: UUID

    def packed(self) -> str:
        """The opaque form for clients."""
        fields = [self.sort, self.similar, self.at.isoformat(), self.key, str(self.last)]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    @staticmethod
    def unpack(packed: str, sort: Sort) -> "Cursor":
        """The way back.

        Raises:
            Refusal: it is not one of ours, or of another order.
        """
        try:
            raw = base64.urlsafe_b64decode(packed.encode("ascii") + b"=" * (-len(packed) % 4))
            of, similar, at, key, last = json.loads(raw)
            cursor = Cursor(of, bool(similar), datetime.fromisoformat(at), key, UUID(last))
            wanted = {"title": str, "relevance": float}.get(sort, int)
            fits = of == sort and type(key) is wanted and cursor.at.tzinfo is not None
            fits = fits and (not isinstance(key, int) or abs(key) <= 1 << 62)
            fits = fits and (not isinstance(key, str) or "\x00" not in key)
            str(key).encode()
        except (ValueError, TypeError, AttributeError, binascii.Error):
            fits = False
        if not fits:
            raise BAD_CURSOR.refuse("/cursor")
        return cursor
