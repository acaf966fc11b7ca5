"""Organisations and the rules that they set."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from chassis.database import Transaction, columns
from sqlalchemy import text

from enrolment.domain.house import HouseRules

HOUSES = text("""
    SELECT id, approval_required, hold_hours, land, version
      FROM organisation WHERE id = ANY(CAST(:ids AS uuid[]))
""")
ADD_HOUSES = text("""
    INSERT INTO organisation (id, code)
    SELECT id, code FROM unnest(CAST(:ids AS uuid[]), CAST(:codes AS text[])) AS t(id, code)
     ORDER BY id
    ON CONFLICT (id) DO UPDATE SET code = COALESCE(EXCLUDED.code, organisation.code)
""")
LOCK_HOUSES = text("""
    SELECT id FROM organisation WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")
SAVE_HOUSES = text("""
    UPDATE organisation o
       SET approval_required = t.approval_required, hold_hours = t.hold_hours, land = t.land,
           version = t.version
      FROM unnest(CAST(:ids AS uuid[]), CAST(:approval_required AS boolean[]),
                  CAST(:hold_hours AS int[]), CAST(:land AS text[]), CAST(:version AS int[]))
        AS t(id, approval_required, hold_hours, land, version)
     WHERE o.id = t.id
""")


async def read_houses(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, HouseRules]:
    """The rules of organisations, as far as they are known."""
    listed = list(ids)
    rows = await tx.rows(HOUSES, {"ids": listed}) if listed else []
    return {
        row["id"]: HouseRules(
            row["approval_required"], row["hold_hours"], row["land"], row["version"]
        )
        for row in rows
    }


async def lock_houses(tx: Transaction, ids: set[UUID]) -> dict[UUID, HouseRules]:
    """The rules of organisations, locked; who set none gets a row with the default ones."""
    await tx.execute(ADD_HOUSES, {"ids": sorted(ids), "codes": [None] * len(ids)})
    await tx.execute(LOCK_HOUSES, {"ids": list(ids)})
    return await read_houses(tx, ids)


async def save_houses(tx: Transaction, houses: Mapping[UUID, HouseRules]) -> None:
    """Write rules of organisations."""
    names = ("approval_required", "hold_hours", "land", "version")
    await tx.execute(SAVE_HOUSES, {"ids": list(houses), **columns(houses.values(), names)})


async def name_organisations(tx: Transaction, codes: Mapping[UUID, str]) -> None:
    """Remember which organisations there are."""
    ids = sorted(codes)
    if ids:
        await tx.execute(ADD_HOUSES, {"ids": ids, "codes": [codes[id_] for id_ in ids]})
