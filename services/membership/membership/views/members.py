"""The list of members on any day (§ 30, § 31 GenG), from the history of what was valid when."""

import csv
import io
from datetime import date
from typing import Any
from uuid import UUID

from chassis.database import Transaction
from chassis.http import View
from sqlalchemy import text

from membership.domain.calendar import berlin_day
from membership.domain.rulebook import Rulebook

OF_DAY = text("""
    SELECT m.member_number, m.member_since_on, m.ends_on, m.notice_received_at,
           o.organisation_id, o.code, o.name, o.street, o.postcode, o.city, o.country,
           (SELECT coalesce(sum(shares), 0) FROM share_subscription s
             WHERE s.member_number = m.member_number AND s.subscribed_on <= :on) AS shares,
           (SELECT coalesce(sum(amount_cents), 0) FROM share_payment p
             WHERE p.member_number = m.member_number AND p.received_on <= :on) AS balance_cents
      FROM membership m JOIN organisation o USING (organisation_id)
     WHERE m.member_since_on <= :on AND (m.ends_on IS NULL OR m.ends_on >= :on)
     ORDER BY m.member_number
""")


class MemberView(View):
    """A member on the day. `ends_on` only if the notice had arrived by then."""

    member_number: int
    organisation_id: UUID
    code: str
    name: str
    street: str | None
    postcode: str | None
    city: str | None
    country: str
    member_since_on: date
    ends_on: date | None
    shares: int
    further_shares: int
    amount_cents: int
    balance_cents: int


class TotalsView(View):
    """Sums over the list."""

    members: int
    shares: int
    amount_cents: int
    balance_cents: int


class MembersView(View):
    """The list of members on a day. `amount_cents` is the nominal of the subscribed shares."""

    on: date
    items: list[MemberView]
    totals: TotalsView


async def of_day(tx: Transaction, rules: Rulebook, on: date) -> MembersView:
    """Who was (or, by what is known today, will be) a member on a day, with how many shares."""
    share_cents = rules.articles_on(on).share_cents
    rows = await tx.rows(OF_DAY, {"on": on})
    items = [_member(dict(row), on, share_cents) for row in rows]
    return MembersView(
        on=on,
        items=items,
        totals=TotalsView(
            members=len(items),
            shares=sum(item.shares for item in items),
            amount_cents=sum(item.amount_cents for item in items),
            balance_cents=sum(item.balance_cents for item in items),
        ),
    )


def _member(row: dict[str, Any], on: date, share_cents: int) -> MemberView:
    received_at = row.pop("notice_received_at")
    known = received_at is not None and berlin_day(received_at) <= on
    shares = int(row.pop("shares"))
    return MemberView(
        **{**row, "ends_on": row["ends_on"] if known else None},
        shares=shares,
        further_shares=max(0, shares - 1),
        amount_cents=shares * share_cents,
    )


HEADER = (
    "Mitgliedsnummer",
    "Kürzel",
    "Name",
    "Straße",
    "PLZ",
    "Ort",
    "Land",
    "Mitglied seit",
    "Ausscheiden zum",
    "Anteile",
    "Weitere Anteile",
    "Gezeichnet (EUR)",
    "Eingezahlt (EUR)",
)


def as_csv(members: MembersView) -> bytes:
    """The list for a German spreadsheet: UTF-8 with its mark, `;`, decimal comma, CRLF."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    for member in members.items:
        writer.writerow([harmless(cell) for cell in _cells(member)])
    totals = members.totals
    sums = (totals.shares, "", amount(totals.amount_cents), amount(totals.balance_cents))
    writer.writerow(["Summe", totals.members, *[""] * 7, *sums])
    return out.getvalue().encode("utf-8-sig")


def _cells(member: MemberView) -> list[object]:
    return [
        member.member_number,
        member.code,
        member.name,
        member.street,
        member.postcode,
        member.city,
        member.country,
        member.member_since_on,
        member.ends_on,
        member.shares,
        member.further_shares,
        amount(member.amount_cents),
        amount(member.balance_cents),
    ]


def amount(cents: int) -> str:
    """Euro with a decimal comma and no other sign."""
    return f"{cents // 100},{cents % 100:02d}"


def harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(cell, str) and cell.lstrip()[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{cell}" if cell.strip() else cell
    return cell
