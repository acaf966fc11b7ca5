"""The mail sink: takes every mail, delivers none, shows them on a page and as JSON.

`python -m deploy.local.mailsink --smtp-port 1025 --web-port 8025 --file mails.jsonl`

For failure tests it refuses on command: `POST /faults {"mode": "450", "count": 3}`, also only
mails `"to"` somebody.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.mailbox import KEPT, Mailbox
from deploy.local.parts import Part, answers, listens
from deploy.local.settings import LOOPBACK, Settings

MAX_BYTES = 10 * 1024 * 1024
HANG_SECONDS = 3600.0
REPLIES = {
    "450": "450 4.2.0 Try again later",
    "550": "550 5.1.1 No such mailbox",
    "421": "421 4.3.2 Going down",
}
# what the sink can do wrong: answer with one of REPLIES, never answer, close without an answer,
# or keep the mail and close without an answer (the sender cannot know, a second copy may come)
MODES = (*REPLIES, "hang", "drop", "lost-answer")


def part(settings: Settings) -> Part:
    """The sink of a copy; ready when both its doors are open."""
    web = settings.url("mail")
    return Part(
        name="mailsink",
        command=[
            sys.executable,
            "-m",
            "deploy.local.mailsink",
            f"--smtp-port={settings.ports['smtp']}",
            f"--web-port={settings.ports['mail']}",
            f"--file={settings.run / 'mail' / 'mails.jsonl'}",
            f"--limit={settings.extra.get('KC_MAILS_KEPT', KEPT)}",
        ],
        env={"PYTHONPATH": str(settings.root)},
        ready=lambda: answers(f"{web}/faults") and listens(settings.address("smtp")),
        stop_seconds=5,
        addresses={"mails": web},
    )


@dataclass
class Faults:
    """What goes wrong with the next mails, and with how many of them."""

    mode: str = ""
    count: int = 0
    to: str = ""
    """Only mails to an address that holds this."""

    def set(self, mode: str, count: int, to: str = "") -> None:
        """Order `count` faults (0: none). ValueError for a mode or count that does not exist."""
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}")
        if not 0 <= count <= 1_000_000:
            raise ValueError("count is a number from 0 to 1000000")
        self.mode, self.count, self.to = (mode, count, to) if count else ("", 0, "")

    def take(self, recipients: Sequence[str]) -> str:
        """The fault for this mail, or nothing."""
        if not self.count or not any(self.to in recipient for recipient in recipients):
            return ""
        mode = self.mode
        self.count -= 1
        if not self.count:
            self.mode = self.to = ""
        return mode


class Receiver:
    """Takes what arrives over SMTP. A mail is answered 250 only after it is written."""

    def __init__(self, mailbox: Mailbox, faults: Faults) -> None:
        self._mailbox = mailbox
        self._faults = faults

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail, or do the wrong thing that was ordered."""
        fault = self._faults.take(envelope.rcpt_tos)
        if fault == "hang":
            await asyncio.sleep(HANG_SECONDS)
        if fault in REPLIES:
            if fault == "421":
                asyncio.get_running_loop().call_later(0.05, _hang_up, server)
            return REPLIES[fault]
        if fault == "drop":
            return _gone(server)
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        try:
            mail_id = self._mailbox.add(
                raw, envelope.mail_from or "", envelope.rcpt_tos, datetime.now(UTC)
            )
        except OSError:
            logging.getLogger("mailsink").exception("a mail could not be written")
            return "452 4.3.1 Insufficient storage"
        return _gone(server) if fault == "lost-answer" else f"250 2.0.0 Kept as {mail_id}"


def _hang_up(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _gone(server: SMTP) -> str:
    _hang_up(server)
    return "421 4.3.0 Gone"  # nobody is left to read it


def smtp(receiver: Receiver) -> SMTP:
    """The protocol of one connection."""
    return SMTP(
        receiver,
        data_size_limit=MAX_BYTES,
        enable_SMTPUTF8=True,
        hostname="mailsink.local",
        ident="mail sink",
        loop=asyncio.get_running_loop(),
    )


async def serve(mailbox: Mailbox, host: str, smtp_port: int, web_port: int) -> None:
    """Both doors, until a signal ends the web server."""
    from deploy.local.mailpages import application

    faults = Faults()
    receiver = Receiver(mailbox, faults)
    door = await asyncio.get_running_loop().create_server(
        lambda: smtp(receiver), host, smtp_port, reuse_address=True
    )
    config = uvicorn.Config(
        application(mailbox, faults),
        host=host,
        port=web_port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        door.close()
        mailbox.close()


def main(arguments: Sequence[str]) -> None:
    """Read the arguments and serve."""
    options = argparse.ArgumentParser(description="A mail sink for development.")
    options.add_argument("--host", default=LOOPBACK)
    options.add_argument("--smtp-port", type=int, default=1025)
    options.add_argument("--web-port", type=int, default=8025)
    options.add_argument("--file", type=Path, required=True)
    options.add_argument("--limit", type=int, default=KEPT, help="how many mails are kept")
    chosen = options.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    mailbox = Mailbox(chosen.file, chosen.limit)
    asyncio.run(serve(mailbox, chosen.host, chosen.smtp_port, chosen.web_port))


if __name__ == "__main__":
    main(sys.argv[1:])
