"""The list of members as a document: PDF/UA-1, so that a screen reader can read it too."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from membership.domain.calendar import BERLIN
from membership.views.members import MembersView, MemberView, amount

TEMPLATE = Path(__file__).with_name("members.typ")
TITLE = "Mitgliederliste"
HEADER = (
    "Nummer",
    "Mitglied",
    "Mitglied seit",
    "Ausscheiden zum",
    "Anteile",
    "weitere Anteile",
    "gezeichnet, Euro",
    "eingezahlt, Euro",
)


def as_pdf(members: MembersView, reason: str | None, now: datetime) -> bytes:
    """The document. It takes a while (some 50 ms for 500 members): not for the event loop.

    A sign that the fonts do not have (they know every European script) is shown as a box; such
    a document is still tagged, but the standard forbids it, so it does not claim the standard.
    """
    import typst  # some 45 MB, only for those who ask for it

    fonts = typst.Fonts(include_system_fonts=False)
    data = {"list": json.dumps(_told(members, reason, now))}
    try:
        return typst.compile(TEMPLATE, sys_inputs=data, font_paths=fonts, pdf_standards="ua-1")
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        return typst.compile(TEMPLATE, sys_inputs=data, font_paths=fonts)


def _told(members: MembersView, reason: str | None, now: datetime) -> dict[str, Any]:
    made = now.astimezone(BERLIN)
    totals = members.totals
    said = [f"Stand: {_day(members.on)}"]
    if reason:
        said.append(f"Anlass der Einsicht: {reason}")
    return {
        "title": f"{TITLE} zum {_day(members.on)}",
        "made_on": {"year": made.year, "month": made.month, "day": made.day},
        "made_at": f"{_day(made.date())} um {made:%H:%M} Uhr",
        "said": said,
        "header": HEADER,
        "rows": [_row(member) for member in members.items],
        "totals": [
            "Summe",
            "ein Mitglied" if totals.members == 1 else f"{totals.members} Mitglieder",
            "",
            "",
            str(totals.shares),
            "",
            _euros(totals.amount_cents),
            _euros(totals.balance_cents),
        ],
    }


def _row(member: MemberView) -> list[Any]:
    town = " ".join(filter(None, (member.postcode, member.city)))
    address = ", ".join(filter(None, (member.street, town)))
    if member.country != "DE":
        address = ", ".join(filter(None, (address, member.country)))
    return [
        f"{member.member_number:04d}",
        [member.name, address],
        _day(member.member_since_on),
        _day(member.ends_on) if member.ends_on else "",
        str(member.shares),
        str(member.further_shares),
        _euros(member.amount_cents),
        _euros(member.balance_cents),
    ]


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _euros(cents: int) -> str:
    whole, comma, part = amount(cents).partition(",")
    return f"{int(whole):,}".replace(",", ".") + comma + part
