"""Applications for membership: a checklist, and one decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import formats, longer
from portal.backend import Down, part
from portal.forms import Field
from portal.page import Flash, Page
from portal.pages import deeds, screen
from portal.pages.acts import Act, Repeat
from portal.words import N_

APPLICATIONS = "/api/membership/applications"
HERE = "/genossenschaft/antraege"
DECIDED = {
    "": ("applied", N_("Zu entscheiden")),
    "zugelassen": ("admitted", N_("Zugelassen")),
    "abgelehnt": ("rejected", N_("Abgelehnt")),
}
REASONS = (
    ("", N_("Bitte wählen")),
    ("requirements-not-met", N_("Die Voraussetzungen der Satzung sind nicht erfüllt")),
    ("no-power-of-representation", N_("Die Vertretungsbefugnis ist nicht nachgewiesen")),
    ("not-a-public-body", N_("Die Organisation gehört nicht zum Kreis der Mitglieder")),
    ("withdrawn-by-applicant", N_("Die Organisation hat den Antrag zurückgezogen")),
    ("other", N_("Ein anderer Grund")),
)
WORDS = dict(REASONS)
CHECKS = (
    ("", N_("Keiner davon")),
    ("text-form", N_("Textform der Erklärung")),
    ("unconditional", N_("Unbedingte Erklärung")),
    ("articles-shown", N_("Bereitstellung der Satzung")),
    ("payment-duty-accepted", N_("Pflicht zur Einzahlung")),
    ("longer-notice-accepted", N_("Längere Kündigungsfrist")),
)


async def overview(page: Page) -> Response:
    """The list; on a wide screen with the oldest open one beside it."""
    which = page.query.get("stand", "")
    rows = await _listed(page, which)
    first = rows.items[0]["application_id"] if rows.items else None
    one = await part(_one(page, first)) if first else None
    return await _render(page, rows, which, one, chosen=False)


async def show(page: Page) -> Response:
    """One application, with the others of its state beside it."""
    one = await _one(page, page.part_of("application_id"))
    which = next(key for key, (state, _) in DECIDED.items() if state == one["state"])
    listed = await part(_listed(page, which))
    return await _render(page, listed or longer.NONE, which, one, chosen=True)


async def _render(page: Page, rows: longer.Rows, which: str, one: Any, *, chosen: bool) -> Response:
    return await page.render(
        "office/applications.html",
        rows=rows,
        which=which if which in DECIDED else "",
        states_shown=DECIDED,
        one=one,
        chosen=chosen,
        reasons=WORDS,
        check_names=dict(CHECKS),
        missing=[check for check in one["checks"] if not check["fulfilled"]] if one else [],
    )


async def _listed(page: Page, which: str) -> longer.Rows:
    state = DECIDED.get(which, DECIDED[""])[0]
    return await longer.read(
        page,
        lambda cursor, limit: page.api.get(APPLICATIONS, state=state, cursor=cursor, limit=limit),
    )


async def _one(page: Page, application_id: str) -> dict[str, Any]:
    """The application with its organisation (a page can do without that)."""
    application = await page.api.get(f"{APPLICATIONS}/{application_id}")
    address = f"/api/membership/organisations/{application['organisation_id']}"
    return {**application, "organisation": await part(page.api.get(address))}


async def _about(page: Page) -> Mapping[str, Any]:
    """An application that is still to be decided."""
    one = await _one(page, page.part_of("application_id"))
    if one["state"] != "applied":
        raise page.missing()
    return one


def _detail(_page: Page, about: Any) -> str:
    return f"{HERE}/{about['application_id']}"


NO_MAIL = N_("Das Portal verschickt dazu keine E-Mail. Bitte schreiben Sie an %(name)s, %(mail)s.")


def _contact(about: Mapping[str, Any]) -> dict[str, str]:
    """Who signed, as far as that is still kept."""
    signatory = about.get("signatory") or {"name": about["organisation_name"], "mail": ""}
    return {"name": signatory["name"], "mail": signatory["mail"]}


def _admits(page: Page, about: Mapping[str, Any], _body: Mapping[str, Any]) -> Repeat:
    name, organisation = about["organisation_name"], about["organisation"]
    entered = N_("%(name)s wird in die Mitgliederliste eingetragen.")
    prices = N_(
        "Der Mitgliedspreis gilt für Buchungen ab diesem Tag; frühere Buchungen ändern sich nicht."
    )
    told = [page.say(entered, name=name), page.say(prices), page.say(NO_MAIL, **_contact(about))]
    if not isinstance(organisation, Down):
        told.insert(1, page.say(SHARES, **shares_of(page, organisation)))
    return Repeat(told, page.say(N_("%(name)s zulassen"), name=name))


SHARES = N_("Gezeichnete Pflichtanteile: %(shares)s, zusammen %(cents)s.")


def shares_of(page: Page, organisation: Mapping[str, Any]) -> dict[str, str]:
    """The mandatory shares of the organisation's tier, and what they cost."""
    shares = organisation["tier_shares"]
    cents = shares * organisation["share_cents"]
    return {
        "shares": formats.number(shares, page.lang),
        "cents": formats.euros(cents, page.lang, exact=True),
    }


def _admitted(page: Page, about: Mapping[str, Any], made: Any) -> Flash:
    title = page.say(N_("%(name)s ist zugelassen."), name=about["organisation_name"])
    text = page.say(
        N_("Mitgliedsnummer %(number)s, Mitglied seit %(day)s."),
        number=made["member_number"],
        day=formats.day(made["member_since_on"], page.lang),
    )
    return Flash("success", title, text)


def _rejects(page: Page, about: Mapping[str, Any], _body: Mapping[str, Any]) -> Repeat:
    told = [
        page.say(NO_MAIL, **_contact(about)),
        page.say(
            N_(
                "Die Erklärung mit allen Namen wird sofort gelöscht. "
                "Das lässt sich nicht zurücknehmen."
            )
        ),
    ]
    return Repeat(told, page.say(N_("Antrag ablehnen und Erklärung löschen")))


def _rejected(page: Page, _about: Mapping[str, Any], _made: Any) -> Flash:
    title = page.say(N_("Der Antrag ist abgelehnt."))
    return Flash("success", title, page.say(N_("Die Erklärung ist gelöscht.")))


ADMIT = Act(
    title=N_("Antrag zulassen"),
    fields=(
        Field(
            "tag",
            N_("Tag der Zulassung"),
            "/admitted_on",
            "day",
            N_("Der Tag der Entscheidung; er darf nicht in der Zukunft liegen."),
        ),
    ),
    method="POST",
    address=lambda page: f"{APPLICATIONS}/{page.part_of('application_id')}/admission",
    about=_about,
    repeat=_admits,
    done=_admitted,
    back=_detail,
    start=lambda page, _about: {"tag": page.now.date().isoformat()},
    at_once=True,
)
REJECT = Act(
    title=N_("Antrag ablehnen"),
    fields=(Field("grund", N_("Grund der Ablehnung"), "/reason_code", "choice", options=REASONS),),
    method="POST",
    address=lambda page: f"{APPLICATIONS}/{page.part_of('application_id')}/rejection",
    about=_about,
    repeat=_rejects,
    done=_rejected,
    back=_detail,
    at_once=True,
)


def _asks(page: Page, about: Mapping[str, Any], _body: Mapping[str, Any]) -> Repeat:
    told = [
        page.say(N_("Die Anforderung steht mit Datum beim Antrag, bis er abgelehnt wird.")),
        page.say(NO_MAIL, **_contact(about)),
    ]
    return Repeat(told, page.say(N_("Anforderung eintragen")))


def _asked(page: Page, about: Mapping[str, Any], _made: Any) -> Flash:
    title = page.say(N_("Die Anforderung ist eingetragen."))
    return Flash("success", title, page.say(NO_MAIL, **_contact(about)))


REQUEST = Act(
    title=N_("Nachweis anfordern"),
    fields=(
        Field(
            "nachweis",
            N_("Welcher Nachweis fehlt?"),
            "/document",
            hint=N_("Zum Beispiel: Beschluss des Kreistags, Nachweis der Vertretungsbefugnis"),
        ),
        Field("punkt", N_("Zu diesem Punkt"), "/check", "choice", optional=True, options=CHECKS),
        Field("hinweis", N_("Hinweis"), "/note", "lines", optional=True),
    ),
    method="POST",
    address=lambda page: f"{APPLICATIONS}/{page.part_of('application_id')}/document-request",
    about=_about,
    repeat=_asks,
    done=_asked,
    back=_detail,
    at_once=True,
)


def _applies(page: Page, about: Mapping[str, Any], body: Mapping[str, Any]) -> Repeat:
    told = page.say(
        N_("Für %(name)s wird die Beitrittserklärung von %(who)s vom %(day)s eingetragen."),
        name=about["name"],
        who=body["signatory"]["name"],
        day=formats.on_day(body["declared_at"], page.lang),
    )
    next_ = page.say(N_("Über den Antrag entscheiden Sie danach unter Aufnahmeanträge."))
    return Repeat([told, next_], page.say(N_("Erklärung eintragen")))


APPLY = Act(
    title=N_("Beitrittserklärung eintragen"),
    fields=(
        Field("wer", N_("Unterzeichnet von"), "/signatory/name"),
        Field(
            "funktion", N_("Funktion"), "/signatory/function", hint=N_("Zum Beispiel: Landrätin")
        ),
        Field("mail", N_("E-Mail"), "/signatory/mail", "email"),
        Field("satzung", N_("Satzung bereitgestellt am"), "/satzung_shown_at", "moment"),
        Field("erklaert", N_("Erklärung abgegeben am"), "/declared_at", "moment"),
        Field(
            "unbedingt",
            N_("Die Erklärung ist unbedingt und liegt in Textform vor (§ 15 GenG)."),
            "",
            "ticked",
        ),
        Field(
            "pflicht",
            N_("Die Pflicht zur Einzahlung ist ausdrücklich übernommen (§ 15a GenG)."),
            "/accepts_payment_duty",
            "ticked",
        ),
    ),
    method="POST",
    address=lambda _page: APPLICATIONS,
    about=deeds.organisation_of,
    repeat=_applies,
    done=deeds.done_with(N_("Die Beitrittserklärung ist eingetragen.")),
    back=deeds.back,
    more=lambda about: {"organisation_id": about["organisation_id"]},
)


def routes() -> list[BaseRoute]:
    """The addresses."""
    one = HERE + "/{application_id:uuid}"
    return [
        screen(HERE, overview, roles=("office",)),
        screen(one, show, roles=("office",)),
        screen(f"{one}/zulassen", ADMIT.show, post=ADMIT.take, roles=("office",)),
        screen(f"{one}/nachweis", REQUEST.show, post=REQUEST.take, roles=("office",)),
        screen(f"{one}/ablehnen", REJECT.show, post=REJECT.take, roles=("office",)),
    ]
