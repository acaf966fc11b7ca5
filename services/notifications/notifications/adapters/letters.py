"""A notice as a mail: text and HTML of the same words, a calendar entry, safe headers.

Nothing of a user or provider reaches a header unchecked: Python 3.11 decodes an encoded word with
a line break in it into a header of its own (CVE-2024-6923). Controls and `=?` are taken out, and
the finished bytes are read again: a mail with a header that we did not write is not sent.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime, formataddr
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifications.adapters import calendars
from notifications.adapters.wording import LABELS
from notifications.adapters.words import Words, written
from notifications.domain.announcer import Notice
from notifications.domain.course import Dossier
from notifications.domain.person import Language, Person

LINES = compat32.clone(linesep="\r\n", cte_type="7bit")
QUOTED = Charset("utf-8")
QUOTED.body_encoding = QP
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
    approver: str
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
        approver="Sie bekommen diese Nachricht, weil Sie über Anfragen Ihrer Organisation "
        "entscheiden. Antworten Sie einfach, wenn Sie Fragen haben.",
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
        approver="You get this message because you decide on requests of your organisation. "
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
    message = _body(dossier, words, sender)
    headers = {
        "From": formataddr((sender.name, sender.address)),
        "Reply-To": sender.reply_to or sender.address,
        "To": formataddr((in_header(person.name or "", 100), person.mail)),
        "Subject": _encoded(in_header(words.subject, SUBJECT)),
        "Date": format_datetime(now),
        "Message-ID": f"<{dossier.notice.message_key}@{sender.domain}>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": words.language,
    }
    for name, value in headers.items():
        message[name] = value
    content = message.as_bytes(policy=LINES)
    _refuse_strange_headers(content)
    return Letter(person.mail, content)


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", 76, "Subject").encode()


def _text(text: str, kind: str) -> MIMEText:
    return MIMEText(text, kind, QUOTED)  # type: ignore[arg-type]


def _body(dossier: Dossier, words: Words, sender: Sender) -> MIMEMultipart:
    """Text, HTML and calendar entry as alternatives; the entry once more as a file.

    The classes of `email.mime` do not parse the headers that we give them: no text of somebody
    else is read as a header, and a mail costs half the time.
    """
    url = sender.public_url.rstrip("/") + words.path
    values = _around(words, dossier.recipient, dossier.notice, sender) | {"url": url}
    text = _templates("txt").get_template("mail.txt.jinja").render(values)
    html = _templates("html").get_template("mail.html.jinja").render(values)
    alternatives = MIMEMultipart("alternative", None, [_text(text, "plain"), _text(html, "html")])
    calendar = calendars.attachment(dossier, sender.address, url, words.language)
    if calendar is None:
        return alternatives
    entry = MIMEText(calendar.decode(), "calendar", "utf-8")
    entry.set_param("method", calendars.method_for(dossier) or "REQUEST")
    alternatives.attach(entry)
    file = MIMEApplication(calendar, "ics")
    # For mail programs that only show what is attached.
    name = "termin.ics" if words.language == "de" else "date.ics"
    file.add_header("Content-Disposition", "attachment", filename=name)
    return MIMEMultipart("mixed", None, [alternatives, file])


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
        "footer": getattr(frame, notice.audience),
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
