"""The search: words, filters, facets, and a cursor that survives what is published meanwhile.

Every word of the question has to be found: as a German stem, as the beginning of a word, or
inside a word of title and keywords (`recht` in `Vergaberecht`). Only where that finds nothing,
similar words count too (typing errors). Words like `der` narrow nothing beside others; a question
of such words only is taken literally, and one without any word finds nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from chassis.database import Row, Transaction
from chassis.http import View
from contracts import synthetic
from sqlalchemy import TextClause, text

from catalog.domain import words
from catalog.domain.skills import DIGCOMP, labels
from catalog.views.offers import SkillView, skills
from catalog.views.question import Cursor, Question, Sort

# Sort keys: value and type. An offer without a coming run is the last by start.
KEYS: dict[Sort, tuple[str, str]] = {
    "relevance": ("-rank", "double precision"),
    "start": (
        "coalesce(CAST(extract(epoch FROM starts_at) * 1000 AS bigint), 4611686018427387904)",
        "bigint",
    ),
    "price": ("standard_cents", "bigint"),
    "title": ("title_key", "text"),
}

NO_RANK = "CAST(0 AS double precision)"
ANY_STEM = "to_tsquery('german', CAST(:prefix AS text))"

_BASE = """
WITH found AS (
    SELECT o.offer_id, o.provider_id, o.format, o.skill_keys, o.standard_cents, o.title_key,
           {rank} AS rank, n.run_id, n.starts_at,
           coalesce(o.format = ANY(CAST(:formats AS text[])), true) AS in_format,
           coalesce(o.provider_id = ANY(CAST(:providers AS text[])), true) AS in_provider,
           coalesce(o.skill_keys && CAST(:skills AS text[]), true) AS in_skill
      FROM offer o
      LEFT JOIN LATERAL (
        SELECT r.run_id, r.starts_at FROM run r
         WHERE r.offer_id = o.offer_id AND r.state = 'scheduled'
           AND r.ends_at > CAST(:at AS timestamptz)
           AND (CAST(:after AS timestamptz) IS NULL OR r.starts_at >= CAST(:after AS timestamptz))
           AND (CAST(:before AS timestamptz) IS NULL OR r.starts_at < CAST(:before AS timestamptz))
         ORDER BY r.booking_closes_at <= CAST(:at AS timestamptz), r.starts_at, r.run_id
         LIMIT 1) n ON true
     WHERE o.state = 'published' AND o.provider_id <> CAST(:synthetic AS text)
       AND (CAST(:max_price AS bigint) IS NULL OR o.standard_cents <= CAST(:max_price AS bigint))
       AND (CAST(:after AS timestamptz) IS NULL AND CAST(:before AS timestamptz) IS NULL
            OR n.run_id IS NOT NULL)
       {matches}
)
"""
_PAGE = """
SELECT f.sort_key, o.offer_id, o.offer_ref, o.title, o.provider_id AS provider,
       p.name AS provider_name, o.format, o.language, o.workload_hours, o.skills,
       o.standard_cents, o.member_cents, r.run_id, r.starts_at, r.ends_at, r.location, r.capacity,
       r.booking_closes_at, coalesce(s.taken, 0) AS taken, coalesce(s.waiting, 0) AS waiting
  FROM (SELECT *, {key} AS sort_key FROM found WHERE in_format AND in_provider AND in_skill) f
  JOIN offer o USING (offer_id)
  JOIN provider p ON p.provider_id = o.provider_id
  LEFT JOIN run r ON r.run_id = f.run_id
  LEFT JOIN run_seats s ON s.run_id = f.run_id
 WHERE CAST(:first AS boolean)
    OR (f.sort_key, f.offer_id) > (CAST(:key AS {kind}), CAST(:last AS uuid))
 ORDER BY f.sort_key, f.offer_id LIMIT CAST(:limit AS integer)
"""
_FACETS = """
SELECT 'format' AS facet, format AS value, count(*) AS count FROM found
 WHERE in_provider AND in_skill GROUP BY 2
UNION ALL
SELECT 'provider', provider_id, count(*) FROM found WHERE in_format AND in_skill GROUP BY 2
UNION ALL
SELECT 'skill', key, count(*) FROM found, unnest(skill_keys) key
 WHERE in_format AND in_provider GROUP BY 2
UNION ALL
SELECT 'total', '', count(*) FROM found WHERE in_format AND in_provider AND in_skill
 ORDER BY 1, 3 DESC, 2
"""
PROVIDER_NAMES = text("""
    SELECT provider_id, name FROM provider WHERE provider_id = ANY(CAST(:ids AS text[]))
""")


class NextRun(View):
    """The run that one would book: the next that is bookable, else the next."""

    run_id: UUID
    starts_at: datetime
    ends_at: datetime
    location: str | None
    booking_closes_at: datetime
    bookable: bool
    capacity: int
    free_seats: int
    waiting: int


class FoundOffer(View):
    """An offer in a list. `free_seats` are those of the next run."""

    offer_id: UUID
    offer_ref: str
    title: str
    provider: str
    provider_name: str
    format: str
    language: str
    workload_hours: int | None
    skills: list[SkillView]
    standard_cents: int
    member_cents: int
    saving_cents: int
    next_run: NextRun | None
    free_seats: int | None


class FacetValue(View):
    """How many offers there would be with this value of the filter."""

    value: str
    count: int
    label: dict[str, str] | None = None


class Facets(View):
    """Counts per value; each facet ignores its own filter."""

    format: list[FacetValue]
    provider: list[FacetValue]
    skill: list[FacetValue]


class Found(View):
    """A page of the search. `similar`: nothing fitted exactly, these are similar."""

    items: list[FoundOffer]
    facets: Facets
    total: int
    similar: bool
    next_cursor: str | None


@cache
def _statements(sort: Sort, count: int, similar: bool) -> tuple[TextClause, TextClause]:
    """The page and the facets for a question of so many words."""
    each = []
    for n in range(count):
        stem, word = f"to_tsquery('german', CAST(:t{n} AS text))", f"CAST(:w{n} AS text)"
        ways = [f"(numnode({stem}) = 0 AND numnode({ANY_STEM}) > 0)", f"o.search @@ {stem}"]
        ways.append(f"length({word}) > 2 AND o.words LIKE '%' || {word} || '%'")
        if similar:
            ways.append(f"length({word}) > 3 AND {word} <% o.words")
        each.append(f"AND ({' OR '.join(ways)})")
    rank = (
        "CAST(ts_rank(o.search, to_tsquery('german', CAST(:exact AS text))) * 4"
        f" + ts_rank(o.search, {ANY_STEM})"
        " + word_similarity(CAST(:folded AS text), o.words) AS double precision)"
    )
    matches = "\n       ".join(each)
    key, kind = KEYS[sort]
    page = _BASE.format(rank=rank if count else NO_RANK, matches=matches)
    page += _PAGE.format(key=key, kind=kind)
    return text(page), text(_BASE.format(rank=NO_RANK, matches=matches) + _FACETS)


async def search(tx: Transaction, question: Question, packed: str | None) -> Found:
    """Find offers.

    Raises:
        Refusal: the cursor is none of ours.
    """
    cursor = Cursor.unpack(packed, question.sort) if packed else None
    if question.q and not words.question(question.q):
        nothing = Facets(format=[], provider=[], skill=[])
        return Found(items=[], facets=nothing, total=0, similar=False, next_cursor=None)
    similar = bool(cursor and cursor.similar)
    found = await _page(tx, question, cursor, similar)
    if not found.total and not similar and words.question(question.q):
        fuzzy = await _page(tx, question, None, similar=True)
        return fuzzy if fuzzy.total else found
    return found


async def _page(tx: Transaction, question: Question, cursor: Cursor | None, similar: bool) -> Found:
    asked = words.question(question.q)
    at = cursor.at if cursor else tx.now
    page, facets = _statements(question.sort, len(asked), similar)
    wanted = _params(question, asked, at)
    place = {
        "first": cursor is None,
        "key": cursor.key if cursor else None,
        "last": cursor.last if cursor else None,
        "limit": question.limit + 1,
    }
    rows = list(await tx.rows(page, {**wanted, **place}))
    counted = await tx.rows(facets, wanted)
    more = len(rows) > question.limit
    rows = rows[: question.limit]
    following = None
    if more:
        last = rows[-1]
        following = Cursor(question.sort, similar, at, last["sort_key"], last["offer_id"]).packed()
    names = await tx.rows(
        PROVIDER_NAMES, {"ids": [row["value"] for row in counted if row["facet"] == "provider"]}
    )
    return Found(
        items=[_item(row, tx.now) for row in rows],
        facets=_facets(counted, {row["provider_id"]: row["name"] for row in names}),
        total=next(row["count"] for row in counted if row["facet"] == "total"),
        similar=similar,
        next_cursor=following,
    )


def _params(question: Question, asked: Sequence[str], at: datetime) -> dict[str, Any]:
    skill_keys = [k for skill in question.skills for k in (skill, f"{DIGCOMP}:{skill}")]
    params: dict[str, Any] = {
        "formats": list(question.formats) or None,
        "providers": list(question.providers) or None,
        "skills": skill_keys or None,
        "after": question.starts_after,
        "before": question.starts_before,
        "max_price": question.max_price_cents,
        "at": at,
        "synthetic": synthetic.PROVIDER,
    }
    if asked:
        params |= {
            "exact": " | ".join(f"'{word}'" for word in asked),
            "prefix": " | ".join(f"'{word}':*" for word in asked),
            "folded": " ".join(asked),
        }
    for number, word in enumerate(asked):
        params |= {f"t{number}": f"'{word}':*", f"w{number}": word}
    return params


def _item(row: Row, now: datetime) -> FoundOffer:
    fields = {name: row[name] for name in FoundOffer.model_fields if name in row}
    run: NextRun | None = None
    if row["run_id"] is not None:
        inner = {name: row[name] for name in NextRun.model_fields if name in row}
        run = NextRun(
            **inner,
            bookable=row["booking_closes_at"] > now,
            free_seats=max(0, row["capacity"] - row["taken"]),
        )
    return FoundOffer(
        **{
            **fields,
            "skills": skills(row["skills"]),
            "saving_cents": row["standard_cents"] - row["member_cents"],
            "next_run": run,
            "free_seats": run.free_seats if run else None,
        }
    )


def _facets(rows: Sequence[Row], names: Mapping[str, str]) -> Facets:
    def values(facet: str) -> list[FacetValue]:
        return [
            FacetValue(value=row["value"], count=row["count"], label=_label(row, names))
            for row in rows
            if row["facet"] == facet
        ]

    return Facets(format=values("format"), provider=values("provider"), skill=values("skill"))


def _label(row: Row, names: Mapping[str, str]) -> dict[str, str] | None:
    if row["facet"] == "provider":
        return {"de": names.get(row["value"], row["value"])}
    if row["facet"] == "skill":
        framework, _, code = row["value"].partition(":")
        return dict(labels(framework, code))
    return None
