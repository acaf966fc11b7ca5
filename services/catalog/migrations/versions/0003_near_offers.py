"""Offers with words like one that nobody offers: for the spelling that the search proposes.

The trigram index answers `<%` down to a threshold of the session. A function sets it for itself
alone: the search for similar words keeps its own, stricter one.
"""

from alembic import op

revision = "0003_near_offers"
down_revision = "0002_dead_letter_acts"

NEAR = """
CREATE FUNCTION near_offers(asked text, hidden_provider text, at_most integer)
RETURNS TABLE (title text, keywords text[])
LANGUAGE sql STABLE SET pg_trgm.word_similarity_threshold = 0.35
AS $$
    SELECT o.title, o.keywords FROM offer o
     WHERE o.state = 'published' AND o.provider_id <> hidden_provider AND asked <% o.words
     ORDER BY asked <<-> o.words, o.offer_id LIMIT at_most
$$
"""


def upgrade() -> None:
    """Create the function."""
    op.execute(NEAR)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP FUNCTION near_offers")
