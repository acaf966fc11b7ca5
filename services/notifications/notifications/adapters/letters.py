"""A notice as a mail: text and HTML of the same words, a calendar entry, safe headers.

Nothing of a user or provider reaches a header unchecked: Python 3.11 decodes an encoded word with
a line break in it into a header of its own (CVE-2024-6923). Controls and `=?` are taken out, and
the finished bytes are read again: a mail with a header that we did not write is not sent.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, compat32
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifications.adapters import calendars
from notifications.adapters.wording import LABELS
from notifications.adapters.words import Words, written
from notifications.domain.announcer import Notice
from notifications.domain.course import Dossier
from notifications.domain.person import Language, Person

SUBJECT = 76
"""Longest subject, in characters; longer titles are cut at a word."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: a mailbox that people read, and where the links lead to."""

    address: str
    name: str
    reply_to: str
    public_url: str

    @property
    def domain(self) -> str:
        """The right side of every Message-ID."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is ready to be handed over."""

    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the words of every mail in one language."""

    hello: str
    hello_unknown: str
    bye: str
    person: str
    coordinator: str
    settings: str
    rest: str


FRAMES: dict[Language, Frame] = {
    "de": Frame(
        hello="Guten Tag {name},",
        hello_unknown="Guten Tag,",
        bye="Freundliche Grüße",
        person="Sie bekommen diese Nachricht, weil sie Ihren Platz betrifft. "
        "Antworten Sie einfach, wenn Sie Fragen haben.",
        coordinator="Sie bekommen diese Nachricht, weil Sie gebucht haben. "
        "Antworten Sie einfach, wenn Sie Fragen haben.",
        settings="Sprache, Mails und Ruhezeiten einstellen",
        rest="{n} weitere Personen stehen in der Liste im Portal.",
    ),
    "en": Frame(
        hello="Hello {name},",
        hello_unknown="Hello,",
        bye="Kind regards",
        person="You get this message because it is about your seat. "
        "Just reply if you have questions.",
        coordinator="You get this message because you made the booking. "
        "Just reply if you have questions.",
        settings="Change language, mails and quiet hours",
        rest="{n} more people are on the list in the portal.",
    ),
}
HEADERS = {
    "from",
    "reply-to",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "content-language",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}


class UnsafeLetterError(ValueError):
    """A header appeared that nobody wrote. A bug, or somebody tries something."""


@cache
def _templates(kind: str) -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "texts"),
        autoescape=kind == "html",  # noqa: S701 - the other kind is text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )


def letter(dossier: Dossier, sender: Sender, now: datetime) -> Letter | None:
    """The mail of a notice; None where no address is known any more.

    Raises:
        UnsafeLetterError: never, as far as we know.
    """
    person = dossier.recipient
    if person is None or person.mail is None:
        return None
    words = written(dossier, person.language)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["Reply-To"] = Address(addr_spec=sender.reply_to or sender.address)
    message["To"] = Address(in_header(person.name or "", 100), addr_spec=person.mail)
    message["Subject"] = in_header(words.subject, SUBJECT)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{dossier.notice.message_key}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    _fill(message, dossier, words, sender)
    message["Content-Language"] = words.language
    content = message.as_bytes()
    _refuse_strange_headers(content)
    return Letter(person.mail, content)


def _fill(message: EmailMessage, dossier: Dossier, words: Words, sender: Sender) -> None:
    url = sender.public_url.rstrip("/") + words.path
    values = _around(words, dossier.recipient, dossier.notice, sender) | {"url": url}
    text = _templates("txt").get_template("mail.txt.jinja").render(values)
    html = _templates("html").get_template("mail.html.jinja").render(values)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    calendar = calendars.attachment(dossier, sender.address, url, words.language)
    if calendar is not None:
        method = calendars.method_for(dossier) or "REQUEST"
        message.add_alternative(
            calendar.decode(), subtype="calendar", params={"method": method}, cte="base64"
        )
        # Once more as a file: for mail programs that only show what is attached.
        name = "termin.ics" if words.language == "de" else "date.ics"
        message.add_attachment(calendar, maintype="application", subtype="ics", filename=name)


def _around(
    words: Words, recipient: Person | None, notice: Notice, sender: Sender
) -> dict[str, object]:
    frame = FRAMES[words.language]
    name = recipient.name if recipient else None
    prefix = "" if words.language == "de" else "/en"
    return {
        "words": words,
        "labels": LABELS[words.language],
        "greeting": frame.hello.replace("{name}", name) if name else frame.hello_unknown,
        "bye": frame.bye,
        "sender": sender.name,
        "footer": frame.person if notice.audience == "person" else frame.coordinator,
        "settings_word": frame.settings,
        "settings_url": f"{sender.public_url.rstrip('/')}{prefix}/einstellungen",
        "rest": frame.rest.replace("{n}", str(words.rest)) if words.rest else "",
    }


def in_header(text: str, longest: int) -> str:
    """Text of somebody else as it may stand in a header: one line, no encoded words, cut short."""
    plain = "".join(
        " " if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else sign
        for sign in text
    )
    while "=?" in plain or "?=" in plain:
        plain = plain.replace("=?", "= ").replace("?=", " =")
    plain = re.sub(r"\s+", " ", plain).strip()
    if len(plain) <= longest:
        return plain
    cut = plain[: longest - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > longest // 2 else cut).rstrip(" ,;:–-") + "…"


def _refuse_strange_headers(content: bytes) -> None:
    names = [name.lower() for name in BytesHeaderParser(policy=compat32).parsebytes(content)]
    if len(set(names)) != len(names) or not set(names) <= HEADERS:
        raise UnsafeLetterError("a header appeared that nobody wrote")
