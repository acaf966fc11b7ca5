"""The SQL of offers and runs: one statement per table and batch."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

from chassis.database import Transaction, columns
from contracts.base import rfc3339
from sqlalchemy import text

from catalog.domain import words
from catalog.domain.cleaning import plain_text
from catalog.domain.offers import Key, Offer, OfferTerms, Run
from catalog.domain.shelf import Shelf
from catalog.domain.skills import labels, skill_key

# Offers that do not exist yet cannot be locked as rows, so their names are locked: two writers of
# the same offer come one after the other. In the order of the hashes, so nobody waits in a circle.
LOCK = text("""
    SELECT pg_advisory_xact_lock(hash) FROM (
        SELECT DISTINCT hashtextextended(name, 0) AS hash
          FROM unnest(CAST(:names AS text[])) name ORDER BY hash
    ) sorted
""")
KEYS_OF_SOURCES = text("""
    SELECT provider_id, offer_ref FROM offer WHERE source = ANY(CAST(:sources AS text[]))
""")
OFFERS = text("""
    SELECT offer_id, provider_id, offer_ref, source, state, version, fingerprint, published_at,
           changed_at
      FROM offer WHERE (provider_id, offer_ref) IN (
        SELECT * FROM unnest(CAST(:providers AS text[]), CAST(:refs AS text[])))
""")
RUNS = text("""
    SELECT r.run_id, r.offer_id, r.run_ref, r.state, r.version, r.fingerprint,
           coalesce(s.taken, 0) AS taken
      FROM run r LEFT JOIN run_seats s USING (run_id)
     WHERE r.offer_id = ANY(CAST(:ids AS uuid[]))
""")
SAVE_PROVIDERS = text("""
    INSERT INTO provider (provider_id, name)
    SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:names AS text[])) AS t(id, name) ORDER BY id
    ON CONFLICT (provider_id) DO NOTHING
""")
_OFFER = (
    "offer_id, provider_id, offer_ref, source, state, version, fingerprint, title,"
    " description_html, language, format, workload_hours, url, keywords, skills, skill_keys,"
    " standard_cents, member_cents, published_at, changed_at, title_key, words, body_words"
)
_RUN = (
    "run_id, offer_id, run_ref, state, version, fingerprint, starts_at, ends_at, location,"
    " capacity, min_participants, booking_closes_at, cancellation_policy, decision_on"
)


def _upsert(table: str, names: str, key: str) -> str:
    """Rows come as one JSON array: lists and objects in columns have no other set-based way."""
    taken = ", ".join(f"{n} = EXCLUDED.{n}" for n in names.split(", ") if n.strip() != key)
    return (
        f"INSERT INTO {table} ({names}) "  # noqa: S608 - only our own constants
        f"SELECT {names} FROM json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json)) "
        f"ON CONFLICT ({key}) DO UPDATE SET {taken}"
    )


SAVE_OFFERS = text(_upsert("offer", _OFFER, "offer_id"))
SAVE_RUNS = text(_upsert("run", _RUN, "run_id"))
CLOSE_OFFERS = text("""
    UPDATE offer o SET state = t.state, version = t.version, changed_at = t.changed_at
      FROM unnest(CAST(:offer_id AS uuid[]), CAST(:state AS text[]), CAST(:version AS integer[]),
                  CAST(:changed_at AS timestamptz[])) AS t(offer_id, state, version, changed_at)
     WHERE o.offer_id = t.offer_id
""")
CLOSE_RUNS = text("""
    UPDATE run r SET state = t.state, version = t.version
      FROM unnest(CAST(:run_id AS uuid[]), CAST(:state AS text[]), CAST(:version AS integer[]))
        AS t(run_id, state, version)
     WHERE r.run_id = t.run_id
""")


async def open_shelf(
    tx: Transaction, keys: Collection[Key], sources: Collection[str] = ()
) -> Shelf:
    """The offers of these keys and of these sources, locked until the end of the transaction."""
    wanted = set(keys)
    if sources:
        await tx.execute(LOCK, {"names": [f"source {source}" for source in sources]})
        rows = await tx.rows(KEYS_OF_SOURCES, {"sources": list(sources)})
        wanted |= {(row["provider_id"], row["offer_ref"]) for row in rows}
    if not wanted:
        return Shelf([], uuid4)
    await tx.execute(LOCK, {"names": [f"offer {provider}/{ref}" for provider, ref in wanted]})
    providers, refs = [key[0] for key in wanted], [key[1] for key in wanted]
    offers = await tx.rows(OFFERS, {"providers": providers, "refs": refs})
    runs = await tx.rows(RUNS, {"ids": [row["offer_id"] for row in offers]})
    by_offer: dict[Any, dict[str, Run]] = {row["offer_id"]: {} for row in offers}
    for row in runs:
        by_offer[row["offer_id"]][row["run_ref"]] = Run(**row)
    return Shelf((Offer(**row, runs=by_offer[row["offer_id"]]) for row in offers), uuid4)


async def close_shelf(
    tx: Transaction, shelf: Shelf, names: Mapping[str, str] | None = None
) -> None:
    """Save what changed and tell it, in the same transaction. `names` are those of providers."""
    told = [(offer, offer.terms) for offer in shelf.changed if offer.terms is not None]
    if told:
        known = {o.provider_id: _readable_name(o.provider_id) for o, _ in told} | dict(names or {})
        await tx.execute(SAVE_PROVIDERS, {"ids": list(known), "names": list(known.values())})
        rows = [_offer_row(offer, terms) for offer, terms in told]
        await tx.execute(SAVE_OFFERS, {"rows": json.dumps(rows)})
    closed = [offer for offer in shelf.changed if offer.terms is None]
    if closed:
        names_ = ("offer_id", "state", "version", "changed_at")
        await tx.execute(CLOSE_OFFERS, columns(closed, names_))
    await _save_runs(tx, shelf.changed_runs)
    await tx.emit(*shelf.events)


async def _save_runs(tx: Transaction, runs: Sequence[Run]) -> None:
    rows = [_run_row(run) for run in runs if run.terms is not None]
    if rows:
        await tx.execute(SAVE_RUNS, {"rows": json.dumps(rows)})
    closed = [run for run in runs if run.terms is None]
    if closed:
        await tx.execute(CLOSE_RUNS, columns(closed, ("run_id", "state", "version")))


def _readable_name(provider_id: str) -> str:
    """What a provider is called until somebody says better: `hochschule-x` is `Hochschule X`."""
    return " ".join(word.capitalize() for word in provider_id.split("-") if word)


def _offer_row(offer: Offer, terms: OfferTerms) -> dict[str, Any]:
    competences = [labels(skill.framework, skill.code).values() for skill in terms.skills]
    return {
        "offer_id": str(offer.offer_id),
        "provider_id": offer.provider_id,
        "offer_ref": offer.offer_ref,
        "source": offer.source,
        "state": offer.state,
        "version": offer.version,
        "fingerprint": "\\x" + offer.fingerprint.hex(),
        "title": terms.title,
        "description_html": terms.description_html,
        "language": terms.language,
        "format": terms.format,
        "workload_hours": terms.workload_hours,
        "url": terms.url,
        "keywords": list(terms.keywords),
        "skills": [skill.model_dump() for skill in terms.skills],
        "skill_keys": [skill_key(skill.framework, skill.code) for skill in terms.skills],
        "standard_cents": terms.standard_cents,
        "member_cents": terms.member_cents,
        "published_at": rfc3339(offer.published_at),
        "changed_at": rfc3339(offer.changed_at),
        "title_key": words.document(terms.title),
        "words": words.document(
            terms.title, terms.offer_ref, _readable_name(terms.provider_id), *terms.keywords
        ),
        "body_words": words.document(
            plain_text(terms.description_html),
            *(label for found in competences for label in found),
            *(run.location or "" for run in terms.runs),
        ),
    }


def _run_row(run: Run) -> dict[str, Any]:
    terms = run.terms
    if terms is None:
        raise LookupError("a run without terms is closed, not saved")
    return {
        "run_id": str(run.run_id),
        "offer_id": str(run.offer_id),
        "run_ref": run.run_ref,
        "state": run.state,
        "version": run.version,
        "fingerprint": "\\x" + run.fingerprint.hex(),
        "starts_at": rfc3339(terms.starts_at),
        "ends_at": rfc3339(terms.ends_at),
        "location": terms.location,
        "capacity": terms.capacity,
        "min_participants": terms.min_participants,
        "booking_closes_at": rfc3339(terms.booking_closes_at),
        "cancellation_policy": [step.model_dump() for step in terms.cancellation_policy],
        "decision_on": terms.decision_on and terms.decision_on.isoformat(),
    }
