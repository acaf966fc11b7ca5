"""What a declaration of accession must contain (§ 15 and § 15a GenG; domain page 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.refusal import Refusal, Rule

from membership.commands import Declaration
from membership.domain import refusals
from membership.domain.rulebook import Articles


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that the law asks for; `pointer` is its place in the request."""

    code: str
    law: str
    pointer: str
    rule: Rule
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Check:
    """A condition and whether a declaration fulfils it."""

    condition: Condition
    fulfilled: bool

    def told(self, language: str) -> dict[str, str | bool]:
        """For people: code, fulfilled, note, law."""
        condition = self.condition
        note = condition.de if language == "de" else condition.en
        return {
            "code": condition.code,
            "fulfilled": self.fulfilled,
            "note": note,
            "law": condition.law,
        }


TEXT_FORM = Condition(
    "text-form",
    "§ 15 (1) GenG",
    "/form",
    refusals.NOT_IN_TEXT_FORM,
    "Die Erklärung liegt in Textform vor.",
    "The declaration is in text form.",
)
UNCONDITIONAL = Condition(
    "unconditional",
    "§ 15 (1) GenG",
    "/condition",
    refusals.CONDITIONAL,
    "Die Erklärung ist unbedingt; ein nötiger Beschluss liegt vor.",
    "The declaration is unconditional; a decision that it needs has been taken.",
)
ARTICLES_SHOWN = Condition(
    "articles-shown",
    "§ 15 (1) GenG",
    "/satzung_shown_at",
    refusals.ARTICLES_NOT_SHOWN,
    "Die Satzung stand vor der Erklärung bereit.",
    "The articles were available before the declaration.",
)
PAYMENT_DUTY = Condition(
    "payment-duty-accepted",
    "§ 15a GenG",
    "/accepts_payment_duty",
    refusals.PAYMENT_DUTY_NOT_ACCEPTED,
    "Die Pflicht zur Einzahlung ist ausdrücklich übernommen.",
    "The duty to pay for the shares is expressly accepted.",
)
LONGER_NOTICE = Condition(
    "longer-notice-accepted",
    "§ 15a GenG",
    "/accepts_longer_notice",
    refusals.LONGER_NOTICE_NOT_ACCEPTED,
    "Die Kündigungsfrist von mehr als einem Jahr ist ausdrücklich angenommen.",
    "The period of notice of more than a year is expressly accepted.",
)


def checks(declaration: Declaration, articles: Articles) -> list[Check]:
    """Every condition, fulfilled or not. The longer notice only where the articles have one."""
    shown = declaration.articles_shown_at
    found = [
        Check(TEXT_FORM, declaration.form == "text"),
        Check(UNCONDITIONAL, not declaration.conditional),
        Check(ARTICLES_SHOWN, shown is not None and shown < declaration.declared_at),
        Check(PAYMENT_DUTY, declaration.accepts_payment_duty),
    ]
    if articles.longer_notice:
        found.append(Check(LONGER_NOTICE, declaration.accepts_longer_notice))
    return found


def refusal(found: Sequence[Check], language: str) -> Refusal | None:
    """The no for the first condition that is not fulfilled; it carries all the checks."""
    failed = next((check for check in found if not check.fulfilled), None)
    if failed is None:
        return None
    told = [check.told(language) for check in found]
    return failed.condition.rule.refuse(failed.condition.pointer, checks=told)


def not_yet(pointer: str, moment: datetime, now: datetime) -> Refusal | None:
    """The no for an instant that lies in the future."""
    return refusals.IN_THE_FUTURE.refuse(pointer) if moment > now else None
