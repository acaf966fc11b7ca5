"""A person as notifications knows one: name, mail, language, and how he or she wants to be told.

Nothing of it ever leaves this service except in the person's own mail and in answers to the
person or to the own organisation.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal
from uuid import UUID

from contracts.refusal import Rule
from email_validator import EmailNotValidError, validate_email

from notifications.domain.hours import QuietHours

Language = Literal["de", "en"]
Channel = Literal["mail", "portal"]

MAIL_UNUSABLE = Rule(
    "mail-unusable",
    422,
    "This is not a mail address that we can write to.",
    "An diese Mailadresse können wir nicht schreiben.",
)
NAME_UNUSABLE = Rule(
    "name-unusable",
    422,
    "A name has 1 to 100 characters, no control characters and no '=?'.",
    "Ein Name hat 1 bis 100 Zeichen, keine Steuerzeichen und kein „=?“.",
)
QUIET_HOURS_HALF = Rule(
    "quiet-hours-incomplete",
    422,
    "Quiet hours need a start and an end.",
    "Ruhezeiten brauchen einen Anfang und ein Ende.",
)

# The parser of Python 3.11 decodes an encoded word with a line break into a header of its own.
ENCODED_WORD = "=?"


@dataclass(frozen=True, slots=True)
class Person:
    """What is known about one person. Without a name there is no contact, only preferences."""

    person_ref: UUID
    organisation_id: UUID | None
    given_name: str | None = None
    family_name: str | None = None
    mail: str | None = None
    department: str | None = None
    language: Language = "de"
    channel: Channel = "mail"
    quiet: QuietHours | None = None
    version: int = 0

    @property
    def has_contact(self) -> bool:
        """Whether name and mail are known."""
        return self.mail is not None

    @property
    def name(self) -> str | None:
        """The name as it is shown; None where it is not known."""
        parts = [part for part in (self.given_name, self.family_name) if part]
        return " ".join(parts) or None

    def belongs_to(self, organisation_id: UUID | None) -> bool:
        """Whether an organisation may see or write to this person. Nobody else is told anything."""
        return organisation_id is not None and self.organisation_id == organisation_id

    def mail_from(self, now: datetime, urgent: bool) -> datetime | None:
        """When a mail may leave; None where none should: no address, or only the portal wished."""
        if self.mail is None or self.channel != "mail":
            return None
        return now if urgent or self.quiet is None else self.quiet.next_open(now)


def _is_plain(text: str) -> bool:
    """No control, format, surrogate or line-separating characters, and no encoded word."""
    return ENCODED_WORD not in text and not any(
        unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in text
    )


def clean_name(text: str, pointer: str) -> str:
    """A part of a name (or a department), with single spaces.

    Raises:
        Refusal: `name-unusable`.
    """
    name = unicodedata.normalize("NFC", re.sub(r" +", " ", text.strip(" ")))
    if not 1 <= len(name) <= 100 or not _is_plain(name):
        raise NAME_UNUSABLE.refuse(pointer)
    return name


def clean_mail(text: str, pointer: str = "/mail") -> str:
    """An address that any mail server takes (domain in ASCII, local part as given).

    Raises:
        Refusal: `mail-unusable`. It never repeats the address.
    """
    if not _is_plain(text) or len(text) > 254:
        raise MAIL_UNUSABLE.refuse(pointer)
    try:
        checked = validate_email(
            text.strip(" "),
            check_deliverability=False,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            test_environment=True,
            strict=True,
        )
    except EmailNotValidError:
        raise MAIL_UNUSABLE.refuse(pointer) from None
    address = checked.ascii_email
    if address is None or "." not in address.rpartition("@")[2]:
        raise MAIL_UNUSABLE.refuse(pointer)
    return address


def quiet_hours(start: time | None, end: time | None) -> QuietHours | None:
    """Both ends or none.

    Raises:
        Refusal: `quiet-hours-incomplete`.
    """
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise QUIET_HOURS_HALF.refuse("/quiet_from" if start is None else "/quiet_to")
    return QuietHours(start, end)
