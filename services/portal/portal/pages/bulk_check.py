"""Booking for many: what would happen row by row, then the booking and its result."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import accounting, changed, drafts, enrolments, formats, people, sheets
from portal import roster as lists
from portal.backend import Down, Refused, part
from portal.page import Flash, Page
from portal.pages import screen
from portal.pages.bulk_result import settled
from portal.pages.bulk_start import COORDINATOR, Errors
from portal.pages.offer import rules
from portal.roster import Roster, Row, Verdict
from portal.words import N_

BULK = f"{enrolments.PATH}/bulk"
LONGEST_MAIL = 320  # characters that an address can have


async def check(
    page: Page,
    errors: Errors | None = None,
    given: Roster | None = None,
    before: str | None = None,
) -> Response:
    """Every row with what would become of it, and the sum.

    `before`: the figures somebody agreed to, where they are others by now.
    """
    roster = given or await drafts.roster(page)
    if roster.run_id is None:
        return page.go("/buchungen/neu/termin")
    if not roster.rows:
        return page.go("/buchungen/neu/personen")
    run = await page.api.get(f"/api/catalog/runs/{roster.run_id}")
    verdicts = await _kept_verdicts(page, roster)
    down = isinstance(verdicts, Down)
    shown = [] if isinstance(verdicts, Down) else verdicts
    total = lists.sum_of(shown, member_today(page))
    free = [rule for rule in rules(page, run) if rule["fee"] == 0]
    return await page.render(
        "bulk/check.html",
        status=422 if errors else 200 if before is None else 409,
        roster=roster,
        run=run,
        seats=await part(page.api.get(f"/api/enrolment/runs/{roster.run_id}/seats")),
        verdicts=lists.sorted_(shown)[: lists.SHOWN],
        bad=sum(each.bad for each in shown),
        total=len(shown),
        sum=total,
        shown=changed.shown(figures(total)),
        changes=None if before is None or down else changed.since(page, before, figures(total)),
        price_of=lambda each: lists.price_of(each, member_today(page)),
        free_until=free[-1]["until"] if free else None,
        down=down,
        errors=errors or {},
        encodings=list(sheets.ENCODINGS.items()),
        separators=[(mark, page.say(word)) for mark, word in sheets.SEPARATORS.items()],
    )


async def _kept_verdicts(page: Page, roster: Roster) -> list[Verdict] | Down:
    """The verdicts; who some of the rows are is known by then, and kept."""
    before = roster.kept()
    verdicts = await part(judge(page, roster))
    await page.meet()
    if roster.kept() != before:
        await drafts.keep(page, roster)
    return verdicts


def figures(total: lists.Sum) -> changed.Figures:
    """What is agreed to by the button."""
    return (
        (N_("Plätze"), total.seats, formats.number),
        (N_("Personen auf der Warteliste"), total.line, formats.number),
        (N_("Summe"), total.cents, changed.euros),
    )


def member_today(page: Page) -> bool | None:
    """Whether the own organisation is a member; None when nobody can be asked (after `meet`)."""
    if page.me.organisation_down:
        return None
    return bool(page.me.organisation.get("member_today"))


async def judge(page: Page, roster: Roster) -> list[Verdict]:
    """A verdict on each row: first who it is, then whether there is a seat."""
    mails = [row.mail for row in roster.rows if _can_be_asked(row.mail) and not row.ref]
    found = await _by_mail(page, mails)
    first = {row.number: lists.identify(row, found) for row in roster.rows}
    known = [row for row in roster.rows if first[row.number] is None]
    said = await _tried(page, roster, known) if known else []
    verdicts = [each for each in first.values() if each]
    return verdicts + [lists.judged(row, each) for row, each in zip(known, said, strict=True)]


def _can_be_asked(mail: str) -> bool:
    """One text that is no address of anybody must not cost all others their answer."""
    return 0 < len(mail) <= LONGEST_MAIL and mail.isprintable()


async def _by_mail(page: Page, mails: list[str]) -> dict[str, list[dict[str, Any]]] | None:
    known: dict[str, list[dict[str, Any]]] = {}
    for first in range(0, len(mails), people.AT_ONCE):
        asked = {"mails": mails[first : first + people.AT_ONCE]}
        found = await part(page.api.send("POST", f"{people.CONTACTS}/resolve", asked))
        if isinstance(found, Down):
            return None
        known |= {each["mail"].lower(): each["people"] for each in found}
    return known


async def _tried(page: Page, roster: Roster, known: list[Row]) -> list[dict[str, Any]]:
    body = {"run_id": roster.run_id, "people": [row.ref for row in known]}
    try:
        answer = await page.api.send("POST", BULK, body, dry_run="true")
    except Refused as no:
        # the run itself takes nobody any more: every row has the same answer
        return [{"code": no.code, "detail": no.detail}] * len(known)
    return list(answer["rows"])


async def act(page: Page) -> Response:
    """Correct rows, take one out, add somebody whom we do not know, or book."""
    form = await page.form()
    roster = await drafts.roster(page)
    todo, _, number = str(form.get("tun", "")).partition(":")
    if roster.run_id is None or not roster.rows:
        return page.go("/buchungen/neu/ergebnis" if roster.result else "/buchungen/neu/termin")
    errors = correct(page, roster, form)
    row = roster.row(number)
    if todo == "entfernen" and row:
        roster.remove(row.number)
    elif todo == "erfassen" and row:
        errors |= await _record(page, row)
    await drafts.keep(page, roster)
    if errors:
        return await check(page, errors, roster)
    if todo == "buchen":
        return await book(page, roster, str(form.get("gezeigt", "")))
    return page.go("/buchungen/neu/pruefen")


def correct(page: Page, roster: Roster, form: FormData) -> Errors:
    """Take over what was typed; a changed address means somebody else."""
    errors: Errors = {}
    for row in roster.rows:
        row.name = str(form.get(f"name-{row.number}", row.name)).strip()
        row.department = str(form.get(f"amt-{row.number}", row.department)).strip()
        mail = str(form.get(f"mail-{row.number}", row.mail)).strip()
        if mail != row.mail:
            row.mail, row.ref = mail, None
        row.ref = str(form.get(f"ref-{row.number}") or "") or row.ref
    roster.all_or_nothing = form.get("modus") == "alle"
    for name, field, label in accounting.CODES:
        typed = str(form.get(name, getattr(roster, field))).strip()
        setattr(roster, field, typed)
        if problem := accounting.wrong(page, label, typed):
            errors[name] = problem
    return errors


async def _record(page: Page, row: Row) -> Errors:
    """Add a person of the own organisation who is not known yet."""
    given, family = lists.name_parts(row.name)
    if not family:
        text = page.say(N_("Bitte geben Sie Vorname und Nachname an."))
        return {f"name-{row.number}": text}
    body = {
        "given_name": given or None,
        "family_name": family,
        "mail": row.mail,
        "department": row.department or None,
    }
    try:
        made = await page.api.send("POST", people.CONTACTS, body)
    except Refused as no:
        pointer = next((each.get("pointer", "") for each in no.errors), "")
        named = {"mail": "mail", "department": "amt"}
        field = next((name for part_, name in named.items() if part_ in pointer + no.code), "name")
        return {f"{field}-{row.number}": no.detail}
    row.ref, row.name = made["person_ref"], made["name"] or row.name
    return {}


async def book(page: Page, roster: Roster, shown: str) -> Response:
    """Book what was shown. If anything is different by now, show it again instead."""
    verdicts = await judge(page, roster)
    await page.meet()
    total = lists.sum_of(verdicts, member_today(page))
    if shown != changed.shown(figures(total)) or not total.bookable:
        if (await drafts.roster(page)).id != roster.id:  # a second click: it is done already
            return page.go("/buchungen/neu/ergebnis")
        return await check(page, None, roster, shown)
    body = lists.order(roster, verdicts)
    headers = {
        "Idempotency-Key": lists.key_of(roster, body),
        "Prefer": f"wait={page.settings.settle_seconds}",
    }
    try:
        answer = await page.api.send("POST", BULK, body, headers=headers)
    except Refused as no:
        if no.status == 403:
            raise
        return await check(page, {"modus" if roster.all_or_nothing else "": no.detail}, roster)
    await drafts.remember(page, roster)
    await drafts.keep(page, settled(roster, verdicts, answer))
    return page.go("/buchungen/neu/ergebnis")


async def problems(page: Page) -> Response:
    """The rows that need a hand, as a file."""
    roster = await drafts.roster(page)
    if roster.run_id is None or not roster.rows:
        return page.go("/buchungen/neu/termin")
    verdicts = await part(judge(page, roster))
    if isinstance(verdicts, Down):
        text = page.say(N_("Die Liste kann gerade nicht geprüft werden."))
        return page.go("/buchungen/neu/pruefen", Flash("warning", text))
    heads = [N_("Zeile"), N_("Name"), N_("Dienst-E-Mail"), N_("Was fehlt")]
    lines = [[page.say(head) for head in heads]]
    for each in lists.sorted_(verdicts):
        if each.bad:
            row = each.row
            lines.append([str(row.number), row.name, row.mail, page.say(each.text)])
    return Response(
        sheets.written(lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="zu-korrigieren.csv"'},
    )


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        screen("/buchungen/neu/pruefen", check, post=act, roles=COORDINATOR),
        screen("/buchungen/neu/fehler.csv", problems, roles=COORDINATOR),
    ]
