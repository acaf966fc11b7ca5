"""What the office does in steps: a form, a page that repeats what will happen, the deed.

Between the steps nothing is kept but what stands in the form: its fields, the version of the
organisation that was looked at with its figures, and the key that makes a double click one deed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from portal import changed, formats, forms
from portal.backend import Down, Refused, Unavailable, part
from portal.forms import Field
from portal.page import Flash, Page, new_key
from portal.words import N_

CHANGED = N_("Die Angaben wurden inzwischen geändert. So stehen sie jetzt:")

NOT_NOW = N_("Das ist gerade nicht möglich. Ihre Angaben bleiben stehen; es wurde nichts geändert.")
NOT_KNOWN = N_(
    "Wir wissen noch nicht, ob das angekommen ist. Senden Sie es in einer Minute noch einmal: "
    "Eingetragen wird es nur einmal."
)


STANDING: tuple[tuple[str, str, Callable[[int, str], str]], ...] = (
    ("employees", N_("Mitarbeitende"), formats.number),
    ("shares", N_("Anteile"), formats.number),
    ("balance_cents", N_("Eingezahlt"), changed.euros),
    ("outstanding_cents", N_("Offen"), changed.euros),
)


def figures(about: Mapping[str, Any]) -> changed.Figures:
    """How an organisation stands; none for what is no organisation."""
    return [(label, about[name], write) for name, label, write in STANDING if name in about]


@dataclass(frozen=True)
class Repeat:
    """What will happen, in sentences, and the button that does it."""

    sentences: list[str]
    button: str


@dataclass(frozen=True)
class Act:
    """One deed. `about` fetches what it is about; its `version` is sent as `If-Match`.

    With `at_once` the form itself says what will happen, and its button does it.
    """

    title: str
    fields: tuple[Field, ...]
    method: str
    address: Callable[[Page], str]
    about: Callable[[Page], Awaitable[Mapping[str, Any]]]
    repeat: Callable[[Page, Mapping[str, Any], Mapping[str, Any]], Repeat]
    done: Callable[[Page, Mapping[str, Any], Any], Flash]
    back: Callable[[Page, Any], str]
    start: Callable[[Page, Mapping[str, Any]], Mapping[str, str]] = lambda _page, _about: {}
    more: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _about: {}
    check: Callable[[Page, Mapping[str, Any], Mapping[str, Any]], Mapping[str, str]] = (
        lambda _page, _about, _body: {}
    )
    at_once: bool = False

    async def show(self, page: Page) -> Response:
        """The empty form."""
        about = await self.about(page)
        values = {field.name: "" for field in self.fields} | dict(self.start(page, about))
        return await self._form(page, about, values, {}, new_key())

    async def take(self, page: Page) -> Response:
        """The next step of what was sent."""
        form = await page.form()
        values = forms.typed(form, self.fields)
        key = str(form.get("schluessel", "")) or new_key()
        about = await part(self.about(page))
        if isinstance(about, Down):
            kept = {name: str(form.get(name, "")) for name in ("fassung", "gesehen")}
            return await self._form(page, kept, values, {}, key, (503, page.say(NOT_NOW)))
        body, errors = forms.read(values, self.fields)
        step = form.get("schritt")
        if errors or step == "aendern":
            return await self._form(page, about, values, self._said(page, errors, step), key)
        if wrong := self.check(page, about, body):
            return await self._form(page, about, values, wrong, key)
        if step != "ausfuehren" and not self.at_once:
            return await page.render(
                "office/confirm.html", act=self, about=about, values=values, key=key,
                repeat=self.repeat(page, about, body), seen=_seen(about),
                cancel=self.back(page, about),
            )  # fmt: skip
        return await self._do(page, about, values, {**self.more(about), **body}, key)

    def _said(self, page: Page, errors: Mapping[str, str], step: object) -> Mapping[str, str]:
        """Errors in the page's language; none for somebody who only wants to change something."""
        if step == "aendern":
            return {}
        labels = {field.name: page.say(field.label) for field in self.fields}
        return {name: page.say(text, label=labels[name]) for name, text in errors.items()}

    async def _do(
        self,
        page: Page,
        about: Mapping[str, Any],
        values: Mapping[str, str],
        body: Mapping[str, Any],
        key: str,
    ) -> Response:
        form = await page.form()
        headers = {"Idempotency-Key": key}
        if version := str(form.get("fassung", "")):
            headers["If-Match"] = f'"{version}"'
        try:
            made = await page.api.send(self.method, self.address(page), body, headers=headers)
        except Refused as no:
            if no.status in (403, 404):
                raise
            if no.status == 412:
                now = await self.about(page)
                return await self._form(page, now, values, {}, new_key(), (409, page.say(CHANGED)))
            errors = forms.by_field(no, self.fields, page.say)
            return await self._form(page, about, values, errors, new_key())
        except Unavailable as no:
            text = page.say(NOT_KNOWN if no.sent else NOT_NOW)
            return await self._form(page, about, values, {}, key, (503, text))
        return page.go(self.back(page, made), self.done(page, about, made))

    async def _form(
        self,
        page: Page,
        about: Mapping[str, Any],
        values: Mapping[str, str],
        errors: Mapping[str, str],
        key: str,
        notice: tuple[int, str] | None = None,
    ) -> Response:
        """The form with what was typed. `notice`: a status, and what is said above the fields."""
        return await page.render(
            "office/act.html",
            status=notice[0] if notice else 422 if errors else 200,
            act=self,
            about=about,
            values=values,
            errors=errors,
            notice=notice[1] if notice else "",
            standing=await _standing(page, about, notice),
            key=key,
            seen=_seen(about),
            repeat=self.repeat(page, about, {})
            if self.at_once and "gesehen" not in about
            else None,
            cancel=self.back(page, about),
        )


def _kept(about: Mapping[str, Any]) -> bool:
    """Whether nobody could be asked, so that all there is came with the form."""
    return "gesehen" in about


def _seen(about: Mapping[str, Any]) -> Mapping[str, str]:
    """What a form carries of what was looked at: its version and its figures."""
    if _kept(about):
        return about
    version = str(about.get("version", ""))
    return {"fassung": version, "gesehen": changed.shown(figures(about))}


async def _standing(
    page: Page, about: Mapping[str, Any], notice: tuple[int, str] | None
) -> dict[str, str]:
    """The figures as they are; after a change those that are others with what they were, too."""
    now = {
        page.say(label): write(about[name], page.lang)
        for name, label, write in STANDING
        if name in about
    }
    before = str((await page.form()).get("gesehen", "")) if notice else ""
    return now | dict(changed.since(page, before, figures(about)))
