"""Figures of the catalogue, for Prometheus: read from the tables by a timer.

The synthetic offer is in none of them.
"""

from chassis.database import Transaction
from contracts import synthetic
from prometheus_client import Gauge
from sqlalchemy import text

MOST_PROVIDERS = 50
"""Providers with a figure of their own; all further ones are `others`."""

OFFERS = Gauge("kc_offers", "Offers that are published")
RUNS = Gauge("kc_runs", "Runs to come that are on offer")
SEATS = Gauge("kc_seats", "Seats of these runs", ["kind"])
LINES = Gauge("kc_runs_with_line", "Runs of these for which people stand in line")
VERDICTS = Gauge(
    "kc_verdicts_day", "Verdicts on submissions of the last 24 hours", ["provider", "verdict"]
)

ON_OFFER = text("""
    SELECT (SELECT count(*) FROM offer WHERE state = 'published' AND provider_id <> :synthetic)
             AS offers,
           count(*) AS runs, coalesce(sum(r.capacity), 0) AS capacity,
           coalesce(sum(s.taken), 0) AS taken, coalesce(sum(s.held), 0) AS held,
           coalesce(sum(s.waiting), 0) AS waiting, count(*) FILTER (WHERE s.waiting > 0) AS lines
      FROM run r JOIN offer o USING (offer_id) LEFT JOIN run_seats s USING (run_id)
     WHERE r.state = 'scheduled' AND r.ends_at > :now AND o.provider_id <> :synthetic
""")
# What strangers write as a provider is no label: only providers that are known have a figure.
JUDGED = text("""
    WITH day AS (
        SELECT coalesce(p.provider_id, 'unknown') AS provider, s.verdict, count(*) AS n
          FROM submission s LEFT JOIN provider p USING (provider_id)
         WHERE s.decided_at > CAST(:now AS timestamptz) - interval '1 day'
           AND s.provider_id IS DISTINCT FROM :synthetic
         GROUP BY 1, 2
    ), ranked AS (
        SELECT *, dense_rank() OVER (ORDER BY total DESC, provider) AS place
          FROM (SELECT *, sum(n) OVER (PARTITION BY provider) AS total FROM day) counted
    )
    SELECT CASE WHEN place <= :most THEN provider ELSE 'others' END AS provider, verdict,
           sum(n) AS n
      FROM ranked GROUP BY 1, 2
""")


async def measure(tx: Transaction) -> int:
    """Show how full runs are and what was judged. It handles no row, so a timer runs it once."""
    wanted = {"now": tx.now, "synthetic": synthetic.PROVIDER}
    row = await tx.row(ON_OFFER, wanted)
    if row is not None:
        OFFERS.set(row["offers"])
        RUNS.set(row["runs"])
        LINES.set(row["lines"])
        for kind in ("capacity", "taken", "held", "waiting"):
            SEATS.labels(kind).set(row[kind])
    judged = await tx.rows(JUDGED, {**wanted, "most": MOST_PROVIDERS})
    VERDICTS.clear()
    for row in judged:
        VERDICTS.labels(row["provider"], row["verdict"]).set(row["n"])
    return 0
