"""The search: words, filters, facets, and a cursor that survives what is published meanwhile.

Every word of the question has to be found: as a German stem, as the beginning of a word, or
inside a word of title and keywords (`recht` in `Vergaberecht`). Only where that finds nothing,
similar words count too (typing errors). Words like `der` narrow nothing beside others; a question
of such words only is taken literally, and one without any word finds nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from chassis.database import Transaction
from contracts import synthetic
from sqlalchemy import TextClause, text

from catalog.domain import words
from catalog.domain.skills import DIGCOMP
from catalog.views import found as answer
from catalog.views import suggestion
from catalog.views.found import Found
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

# Runs that could be meant: they are not over, and fit the dates and the place that are asked for.
_FITS = """r.offer_id = o.offer_id AND r.state = 'scheduled'
           AND r.ends_at > CAST(:at AS timestamptz)
           AND (CAST(:after AS timestamptz) IS NULL OR r.starts_at >= CAST(:after AS timestamptz))
           AND (CAST(:before AS timestamptz) IS NULL OR r.starts_at < CAST(:before AS timestamptz))
           AND (CAST(:place AS text) IS NULL
                OR strpos(replace(replace(replace(replace(lower(r.location), 'ä', 'ae'), 'ö', 'oe'),
                                          'ü', 'ue'), 'ß', 'ss'), CAST(:place AS text)) > 0)"""
_FREE = """r.booking_closes_at > CAST(:at AS timestamptz)
           AND r.capacity > coalesce(s.taken, 0)"""
# One pass over the offers serves the page and the counts beside it: each pass looks at the runs of
# every offer, and that is what a search without words costs.
_SEARCH = """
WITH found AS MATERIALIZED (
    SELECT o.offer_id, o.provider_id, o.format, o.skill_keys, o.standard_cents, o.title_key,
           {rank} AS rank, n.run_id, n.starts_at, coalesce(n.has_free, false) AS has_free,
           coalesce(o.format = ANY(CAST(:formats AS text[])), true) AS in_format,
           coalesce(o.provider_id = ANY(CAST(:providers AS text[])), true) AS in_provider,
           coalesce(o.skill_keys && CAST(:skills AS text[]), true) AS in_skill
      FROM offer o
      LEFT JOIN LATERAL (
        SELECT r.run_id, r.starts_at, bool_or({free}) OVER () AS has_free
          FROM run r LEFT JOIN run_seats s ON s.run_id = r.run_id
         WHERE {fits}
           AND (NOT CAST(:free_only AS boolean) OR ({free}))
         ORDER BY r.booking_closes_at <= CAST(:at AS timestamptz), r.starts_at, r.run_id
         LIMIT 1) n ON true
     WHERE o.state = 'published' AND o.provider_id <> CAST(:synthetic AS text)
       AND (CAST(:max_price AS bigint) IS NULL OR o.standard_cents <= CAST(:max_price AS bigint))
       AND (NOT CAST(:needs_run AS boolean) OR n.run_id IS NOT NULL)
       {matches}
), page AS (
    SELECT sort_key, offer_id, run_id
      FROM (SELECT *, {key} AS sort_key FROM found
             WHERE in_format AND in_provider AND in_skill) f
     WHERE CAST(:first AS boolean)
        OR (sort_key, offer_id) > (CAST(:key AS {kind}), CAST(:last AS uuid))
     ORDER BY sort_key, offer_id LIMIT CAST(:limit AS integer)
), facet AS (
    SELECT 'format' AS facet, format AS value, count(*) AS count FROM found
     WHERE in_provider AND in_skill GROUP BY 2
    UNION ALL
    SELECT 'provider', provider_id, count(*) FROM found WHERE in_format AND in_skill GROUP BY 2
    UNION ALL
    SELECT 'skill', key, count(*) FROM found, unnest(skill_keys) key
     WHERE in_format AND in_provider GROUP BY 2
    UNION ALL
    SELECT 'free_only', '', count(*) FILTER (WHERE has_free) FROM found
     WHERE in_format AND in_provider AND in_skill
    UNION ALL
    SELECT 'total', '', count(*) FROM found WHERE in_format AND in_provider AND in_skill
)
SELECT CASE WHEN row_number() OVER (ORDER BY page.sort_key, page.offer_id) = 1
            THEN (SELECT json_agg(f ORDER BY f.facet, f.count DESC, f.value) FROM facet f)
       END AS facets, page.sort_key, o.offer_id, o.offer_ref, o.title, o.provider_id AS provider,
       p.name AS provider_name, o.format, o.language, o.workload_hours, o.skills,
       o.standard_cents, o.member_cents, r.run_id, r.starts_at, r.ends_at, r.location, r.capacity,
       r.booking_closes_at, coalesce(s.taken, 0) AS taken, coalesce(s.waiting, 0) AS waiting
  FROM (SELECT) one
  LEFT JOIN page ON true
  LEFT JOIN offer o USING (offer_id)
  LEFT JOIN provider p ON p.provider_id = o.provider_id
  LEFT JOIN run r ON r.run_id = page.run_id
  LEFT JOIN run_seats s ON s.run_id = page.run_id
 ORDER BY page.sort_key, page.offer_id
"""
PROVIDER_NAMES = text("""
    SELECT provider_id, name FROM provider WHERE provider_id = ANY(CAST(:ids AS text[]))
""")


@cache
def _statement(sort: Sort, count: int, similar: bool, of_ids: bool) -> TextClause:
    """The search for a question of so many words, among the named offers or all."""
    each = ["AND o.offer_id = ANY(CAST(:ids AS uuid[]))"] if of_ids else []
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
    parts = {"fits": _FITS, "free": _FREE, "matches": matches, "key": key, "kind": kind}
    return text(_SEARCH.format(rank=rank if count else NO_RANK, **parts))


async def search(tx: Transaction, question: Question, packed: str | None) -> Found:
    """Find offers.

    Raises:
        Refusal: the cursor is none of ours.
    """
    cursor = Cursor.unpack(packed, question.sort) if packed else None
    if question.q and not words.question(question.q):
        nothing = answer.Facets()
        return Found(items=[], facets=nothing, total=0, similar=False, next_cursor=None)
    if cursor:
        return await _page(tx, question, cursor, cursor.similar)
    found = exact = await _page(tx, question, None, similar=False)
    if not exact.total and words.question(question.q):
        fuzzy = await _page(tx, question, None, similar=True)
        found = fuzzy if fuzzy.total else exact
    if exact.total > suggestion.NEARLY_NOTHING or not words.question(question.q):
        return found
    return found.model_copy(update={"suggestion": await _meant(tx, question, exact.total)})


async def _meant(tx: Transaction, question: Question, hits: int) -> str | None:
    """Another spelling of the question that finds clearly more, with the same filters."""
    other = await suggestion.respelt(tx, question.q, hits)
    if other is None:
        return None
    found = await _page(tx, replace(question, q=other, limit=1), None, similar=False)
    return other if found.total >= suggestion.enough(hits) else None


async def _page(tx: Transaction, question: Question, cursor: Cursor | None, similar: bool) -> Found:
    asked = words.question(question.q)
    at = cursor.at if cursor else tx.now
    place = {
        "first": cursor is None,
        "key": cursor.key if cursor else None,
        "last": cursor.last if cursor else None,
        "limit": question.limit + 1,
    }
    statement = _statement(question.sort, len(asked), similar, bool(question.ids))
    rows = list(await tx.rows(statement, {**_params(question, asked, at), **place}))
    counted = rows[0]["facets"]
    rows = [row for row in rows if row["offer_id"] is not None]  # one is there in any case
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
        items=[answer.item(row, tx.now) for row in rows],
        facets=answer.facets(counted, {row["provider_id"]: row["name"] for row in names}),
        total=answer.count_of(counted, "total"),
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
        "place": words.spelt_out(question.place) or None,
        "free_only": question.free_only,
        "needs_run": bool(
            question.starts_after
            or question.starts_before
            or question.free_only
            or words.spelt_out(question.place)
        ),
        "max_price": question.max_price_cents,
        "at": at,
        "synthetic": synthetic.PROVIDER,
    }
    if question.ids:
        params["ids"] = list(question.ids)
    if asked:
        params |= {
            "exact": " | ".join(f"'{word}'" for word in asked),
            "prefix": " | ".join(f"'{word}':*" for word in asked),
            "folded": " ".join(asked),
        }
    for number, word in enumerate(asked):
        params |= {f"t{number}": f"'{word}':*", f"w{number}": word}
    return params
