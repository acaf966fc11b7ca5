"""A real mail server (aiosmtpd) that can be told to answer badly."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from threading import Lock
from typing import Any

from aiosmtpd.controller import Controller

DROP = "drop"
"""Take the mail and hang up without an answer."""


@dataclass(frozen=True)
class Delivered:
    """A mail that the server took."""

    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """Its plain text."""
        found = next(p for p in self.message.walk() if p.get_content_type() == "text/plain")
        return str(found.get_content()).replace("\r\n", "\n")

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.message["Subject"])

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return str(self.message["Message-ID"])


@dataclass
class Postbox:
    """Keeps what it took. `at_rcpt` and `at_data` hold the next bad answers by recipient."""

    taken: list[Delivered] = field(default_factory=list)
    at_rcpt: dict[str, list[str]] = field(default_factory=dict)
    at_data: dict[str, list[str]] = field(default_factory=dict)
    connections: int = 0
    tries: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    async def handle_EHLO(  # noqa: N802 - names and shape of aiosmtpd
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Somebody came."""
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(  # noqa: N802 - names and shape of aiosmtpd
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take a recipient, or answer as told."""
        self.tries[address] += 1
        if self.at_rcpt.get(address):
            return self.at_rcpt[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - a name of aiosmtpd
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take a mail, or answer as told."""
        address = envelope.rcpt_tos[0]
        answer = self.at_data[address].pop(0) if self.at_data.get(address) else "250 OK"
        if answer in ("250 OK", DROP):
            message = BytesParser(policy=policy.default).parsebytes(envelope.content)
            with self.lock:
                self.taken.append(Delivered(tuple(envelope.rcpt_tos), message))
        if answer == DROP:
            server.transport.abort()
        return answer

    def to(self, address: str) -> list[Delivered]:
        """What was delivered to an address, in order."""
        with self.lock:
            return [mail for mail in self.taken if address in mail.recipients]

    def where(self, wanted: Callable[[Delivered], bool]) -> list[Delivered]:
        """What was delivered and fits."""
        with self.lock:
            return [mail for mail in self.taken if wanted(mail)]


def serve(postbox: Postbox, port: int) -> Controller:
    """Start the server. The caller stops it."""
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    return controller
