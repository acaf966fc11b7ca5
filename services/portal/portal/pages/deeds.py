"""What the office enters for an organisation, each with the sentence that is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portal import formats
from portal.forms import Field
from portal.page import Flash, Page
from portal.pages.acts import Act, Repeat
from portal.words import N_

ORGANISATIONS = "/api/membership/organisations"
HERE = "/genossenschaft/organisationen"
KINDS = (
    ("town", N_("Stadt")),
    ("municipality", N_("Gemeinde")),
    ("county", N_("Landkreis")),
    ("association", N_("Zweckverband")),
    ("company", N_("Kommunales Unternehmen")),
    ("other", N_("Andere")),
)
SHARE_KINDS = (("mandatory", N_("Pflichtanteile")), ("voluntary", N_("Freiwillige Anteile")))


async def organisation_of(page: Page) -> Mapping[str, Any]:
    """The organisation of the address."""
    address = f"{ORGANISATIONS}/{page.part_of('organisation_id')}"
    found: Mapping[str, Any] = await page.api.get(address)
    return found


async def _nothing(_page: Page) -> Mapping[str, Any]:
    return {}


def _at(what: str) -> Callable[[Page], str]:
    return lambda page: f"{ORGANISATIONS}/{page.part_of('organisation_id')}/{what}"


def back(page: Page, about: Any) -> str:
    """The page of the organisation; of all, before there is one."""
    id_ = page.request.path_params.get("organisation_id") or (about or {}).get("organisation_id")
    return f"{HERE}/{id_}" if id_ else HERE


def done_with(title: str) -> Callable[[Page, Mapping[str, Any], Any], Flash]:
    """What is said afterwards, where no more is to be said than that."""
    return lambda page, _about, _made: Flash("success", page.say(title))


def _euros(page: Page, cents: int) -> str:
    return formats.euros(cents, page.lang, exact=True)


# -- register


def _registers(page: Page, _about: Mapping[str, Any], body: Mapping[str, Any]) -> Repeat:
    sentence = N_("%(name)s (%(code)s) wird mit %(employees)s Mitarbeitenden eingetragen.")
    told = page.say(
        sentence,
        name=body["name"],
        code=body["code"],
        employees=formats.number(body["employees"], page.lang),
    )
    prices = N_("Das ist noch keine Mitgliedschaft: Bis zur Zulassung gilt der Normalpreis.")
    button = page.say(N_("%(name)s eintragen"), name=body["name"])
    return Repeat([told, page.say(prices)], button)


REGISTER = Act(
    title=N_("Organisation eintragen"),
    fields=(
        Field("name", N_("Name"), "/name", size=""),
        Field(
            "kuerzel",
            N_("Kürzel"),
            "/code",
            hint=N_("Kleinbuchstaben, Ziffern und Bindestriche, zum Beispiel stadt-musterstadt"),
        ),
        Field("art", N_("Art"), "/kind", "choice", options=KINDS),
        Field("mitarbeitende", N_("Zahl der Mitarbeitenden"), "/employees", "number", size="s"),
        Field("strasse", N_("Straße und Hausnummer"), "/street", optional=True),
        Field("plz", N_("Postleitzahl"), "/postcode", optional=True, size="s"),
        Field("ort", N_("Ort"), "/city", optional=True),
        Field(
            "kennung",
            N_("Kennung in der Anmeldung"),
            "/organisation_id",
            optional=True,
            hint=N_("Nur wenn sich Mitarbeitende dieser Organisation schon anmelden können."),
        ),
    ),
    method="POST",
    address=lambda _page: ORGANISATIONS,
    about=_nothing,
    repeat=_registers,
    done=done_with(N_("Die Organisation ist eingetragen.")),
    back=back,
)

# -- pay


def _pays(page: Page, about: Mapping[str, Any], body: Mapping[str, Any]) -> Repeat:
    amount = _euros(page, body["amount_cents"])
    told = page.say(
        N_("%(amount)s von %(name)s, eingegangen am %(day)s, werden auf die Anteile gebucht."),
        amount=amount,
        name=about["name"],
        day=formats.day(body["received_on"], page.lang),
    )
    rest = max(0, about["outstanding_cents"] - body["amount_cents"])
    left = page.say(N_("Danach sind noch %(rest)s offen."), rest=_euros(page, rest))
    return Repeat([told, left], page.say(N_("%(amount)s buchen"), amount=amount))


def _not_too_much(
    page: Page, about: Mapping[str, Any], body: Mapping[str, Any]
) -> Mapping[str, str]:
    """The service says so, too; here it is said before the page that repeats."""
    if body["amount_cents"] <= about["outstanding_cents"]:
        return {}
    rest = _euros(page, about["outstanding_cents"])
    return {"betrag": page.say(N_("Offen sind nur noch %(rest)s."), rest=rest)}


PAY = Act(
    title=N_("Zahlung buchen"),
    fields=(
        Field("betrag", N_("Betrag in Euro"), "/amount_cents", "euros", size="s"),
        Field("eingang", N_("Eingegangen am"), "/received_on", "day", size="s"),
        Field("zweck", N_("Verwendungszweck"), "/reference", optional=True),
    ),
    method="POST",
    address=_at("payments"),
    about=organisation_of,
    repeat=_pays,
    done=done_with(N_("Die Zahlung ist gebucht.")),
    back=back,
    check=_not_too_much,
    start=lambda page, about: {
        "betrag": formats.amount(about["outstanding_cents"], page.lang),
        "eingang": page.now.date().isoformat(),
    },
)

# -- subscribe


def _subscribes(page: Page, about: Mapping[str, Any], body: Mapping[str, Any]) -> Repeat:
    shares = formats.number(body["shares"], page.lang)
    values = {
        "name": about["name"],
        "kind": page.say(dict(SHARE_KINDS)[body["kind"]]),
        "shares": shares,
        "cents": _euros(page, body["shares"] * about["share_cents"]),
    }
    told = page.say(
        N_("%(name)s zeichnet weitere Anteile (%(kind)s): %(shares)s, zusammen %(cents)s."),
        **values,
    )
    after = formats.number(about["shares"] + body["shares"], page.lang)
    sum_ = page.say(N_("Danach sind insgesamt %(shares)s Anteile gezeichnet."), shares=after)
    return Repeat([told, sum_], page.say(N_("Anteile zeichnen: %(shares)s"), shares=shares))


SUBSCRIBE = Act(
    title=N_("Anteile zeichnen"),
    fields=(
        Field("anteile", N_("Zahl der weiteren Anteile"), "/shares", "number", size="s"),
        Field("art", N_("Art der Anteile"), "/kind", "choice", options=SHARE_KINDS),
        Field("erklaert", N_("Erklärung vom"), "/declared_at", "day_begins", size="s"),
    ),
    method="POST",
    address=_at("shares"),
    about=organisation_of,
    repeat=_subscribes,
    done=done_with(N_("Die Anteile sind gezeichnet.")),
    back=back,
    start=lambda page, about: {
        "anteile": str(sum(task["shares"] for task in about["tasks"]) or ""),
        "erklaert": page.now.date().isoformat(),
    },
)

# -- count


def _counts(page: Page, _about: Mapping[str, Any], _body: Mapping[str, Any]) -> Repeat:
    told = N_(
        "Die Zahl bestimmt die Stufe. Verlangt die neue Stufe mehr Anteile, entsteht eine Aufgabe; "
        "gezeichnet wird nichts von selbst."
    )
    return Repeat([page.say(told)], page.say(N_("Speichern")))


COUNT = Act(
    title=N_("Zahl der Mitarbeitenden ändern"),
    fields=(
        Field("mitarbeitende", N_("Zahl der Mitarbeitenden"), "/employees", "number", size="s"),
    ),
    method="PUT",
    address=_at("employees"),
    about=organisation_of,
    repeat=_counts,
    done=done_with(N_("Die Zahl der Mitarbeitenden ist gespeichert.")),
    back=back,
    start=lambda _page, about: {"mitarbeitende": str(about["employees"])},
    at_once=True,
)

# -- leave


def _leaves(page: Page, about: Mapping[str, Any], body: Mapping[str, Any]) -> Repeat:
    told = page.say(
        N_("Die Kündigung von %(name)s, eingegangen am %(day)s, wird eingetragen."),
        name=about["name"],
        day=formats.on_day(body["received_at"], page.lang),
    )
    end = N_(
        "Die Mitgliedschaft endet mit dem letzten Tag eines Jahres, sobald die Kündigungsfrist der "
        "Satzung eingehalten ist. Bis dahin gilt der Mitgliedspreis."
    )
    button = page.say(N_("Kündigung von %(name)s eintragen"), name=about["name"])
    return Repeat([told, page.say(end)], button)


def _left(page: Page, _about: Mapping[str, Any], made: Any) -> Flash:
    text = page.say(
        N_("Die Mitgliedschaft endet am %(day)s."), day=formats.day(made["ends_on"], page.lang)
    )
    return Flash("success", page.say(N_("Die Kündigung ist eingetragen.")), text)


GIVE_NOTICE = Act(
    title=N_("Kündigung eintragen"),
    fields=(
        Field(
            "eingang",
            N_("Eingegangen am"),
            "/received_at",
            "day_begins",
            N_("Es zählt der Tag, an dem die Kündigung bei der Genossenschaft eingegangen ist."),
            size="s",
        ),
    ),
    method="POST",
    address=_at("notice"),
    about=organisation_of,
    repeat=_leaves,
    done=_left,
    back=back,
    start=lambda page, _about: {"eingang": page.now.date().isoformat()},
)
