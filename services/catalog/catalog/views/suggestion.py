"""How a question may have been meant: words that nobody offers, spelt as offers spell them.

The words come from titles and keywords of published offers and from nowhere else. Whether the
question spelt like that finds more is for the search to say.
"""

import re
from collections.abc import Iterator, Sequence

from chassis.database import Row, Transaction
from contracts import synthetic
from sqlalchemy import text

from catalog.domain import words

NEARLY_NOTHING = 2
"""A question with more hits than this is spelt well enough."""

MORE = 5
"""So many times the own hits another spelling needs, where the own one has some."""

LIKENESS = 0.35
"""The least share of three-letter pieces that two words have in common (`exel`, `excel`: 0.375).

The function `near_offers` looks for offers with the same threshold."""

MIN_WORD = 4
MAX_TEXT = 200
MAX_STRANGE = 3
"""A question with more strange words is about something else, not spelt badly."""

CANDIDATES = 40
"""So many offers are looked at for each strange word, the nearest first."""

_WORD = re.compile(r"[^\W_]+")

# A word is strange that no more offers have than the whole question found: it is what narrows it.
STRANGE = text("""
    SELECT w.word
      FROM unnest(CAST(:words AS text[])) AS w(word)
     WHERE numnode(to_tsquery('german', '''' || w.word || '''')) > 0
       AND (SELECT count(*) FROM offer o
             WHERE o.state = 'published' AND o.provider_id <> CAST(:synthetic AS text)
               AND (o.search @@ to_tsquery('german', '''' || w.word || ''':*')
                    OR o.words LIKE '%' || w.word || '%')) <= CAST(:hits AS integer)
""")
OFFERS_NEAR = text("""
    SELECT w.word, o.title, o.keywords
      FROM unnest(CAST(:words AS text[])) AS w(word)
     CROSS JOIN LATERAL near_offers(w.word, CAST(:synthetic AS text),
                                    CAST(:candidates AS integer)) o
""")
NEAREST = text("""
    SELECT DISTINCT ON (asked) asked, near
      FROM unnest(CAST(:asked AS text[]), CAST(:near AS text[])) AS pair(asked, near)
     WHERE asked <> near AND similarity(asked, near) >= CAST(:likeness AS real)
     ORDER BY asked, similarity(asked, near) DESC, near
""")


def enough(hits: int) -> int:
    """How many hits another spelling needs."""
    return max(1, hits * MORE)


async def respelt(tx: Transaction, q: str, hits: int) -> str | None:
    """The question with its strange words replaced by the nearest ones, if there are some."""
    asked = [word for word in words.question(q) if len(word) >= MIN_WORD]
    if not asked or len(q) > MAX_TEXT:
        return None
    those = {"words": asked, "hits": hits, "synthetic": synthetic.PROVIDER}
    strange = [row["word"] for row in await tx.rows(STRANGE, those)]
    if not 0 < len(strange) <= MAX_STRANGE:
        return None
    those = {"words": strange, "candidates": CANDIDATES, "synthetic": synthetic.PROVIDER}
    near = await tx.rows(OFFERS_NEAR, those)
    written = {(asked, words.fold(word)): word for asked, word in _pairs(near)}
    pairs = {"asked": [pair[0] for pair in written], "near": [pair[1] for pair in written]}
    rows = await tx.rows(NEAREST, {**pairs, "likeness": LIKENESS})
    nearest = {row["asked"]: written[row["asked"], row["near"]] for row in rows}
    if not nearest:
        return None
    return _WORD.sub(lambda word: nearest.get(words.fold(word[0]), word[0]), q)


def _pairs(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Every strange word with every word of the offers near it, as it is written there."""
    for row in rows:
        for word in _WORD.findall(" ".join([row["title"], *row["keywords"]])):
            if len(word) >= MIN_WORD:
                yield row["word"], word
