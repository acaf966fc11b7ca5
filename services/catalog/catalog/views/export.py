"""Which offers stand on a page of the MOOChub feed."""

from datetime import datetime

from chassis.database import Row, Transaction
from contracts import synthetic
from sqlalchemy import text

from catalog.domain.bridge import Exported

PAGE_SIZE = 50

COUNT = text("""
    SELECT count(*) AS total FROM offer
     WHERE state = 'published' AND provider_id <> :synthetic
""")
PAGE = text("""
    SELECT o.*, p.name AS provider_name,
           (SELECT coalesce(json_agg(json_build_array(r.starts_at, r.ends_at)
                                     ORDER BY r.starts_at, r.run_id), '[]')
              FROM run r WHERE r.offer_id = o.offer_id AND r.state = 'scheduled') AS dates
      FROM offer o JOIN provider p USING (provider_id)
     WHERE o.state = 'published' AND o.provider_id <> :synthetic
     ORDER BY o.published_at, o.offer_id
     LIMIT CAST(:limit AS integer) OFFSET CAST(:offset AS bigint)
""")


async def page(tx: Transaction, number: int, public_url: str) -> tuple[list[Exported], int]:
    """The offers of a page (from 1), and the number of the last page."""
    real = {"synthetic": synthetic.PROVIDER}
    row = await tx.row(COUNT, real)
    total = row["total"] if row else 0
    place = {"limit": PAGE_SIZE, "offset": (number - 1) * PAGE_SIZE}
    rows = await tx.rows(PAGE, {**real, **place})
    return [_exported(row, public_url) for row in rows], max(1, -(-total // PAGE_SIZE))


def _exported(row: Row, public_url: str) -> Exported:
    fields = {name: row[name] for name in Exported.__dataclass_fields__ if name in row}
    dates = [
        (datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in row["dates"]
    ]
    url = row["url"] or f"{public_url.rstrip('/')}/kurse/{row['offer_id']}"
    return Exported(**{**fields, "dates": dates, "url": url})
