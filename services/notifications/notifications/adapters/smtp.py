"""One connection to the mail server, used for many mails, and what its answers mean."""

import contextlib
from time import monotonic

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from chassis import faults

from notifications.adapters.letters import Letter
from notifications.domain.retry import Answer, judge
from notifications.settings import Settings

SENT = Answer("sent")


class MailServer:
    """A connection that opens when it is needed and is opened anew when it broke."""

    IDLE_SECONDS = 20.0
    """A connection that rested longer is not trusted: servers hang up on those."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: SMTP | None = None
        self._used_at = 0.0

    async def hand_over(self, letter: Letter) -> Answer:
        """Give one mail to the server and say how that ended. Never raises for its answers.

        A connection that breaks after the mail was sent, before the answer: nobody knows whether
        it was taken. It is tried again, with the same Message-ID.
        """
        try:
            client = await self._open()
        except (SMTPException, OSError, TimeoutError) as error:
            await self.close()
            return Answer("outage", _reason(error))
        try:
            await client.sendmail(self._settings.mail_from, [letter.recipient], letter.content)
        except SMTPRecipientsRefused as refused:
            answer = judge(refused.recipients[0].code)
        except SMTPResponseException as error:
            answer = judge(error.code)
        except (SMTPException, OSError, TimeoutError) as error:
            answer = Answer("later", _reason(error))
        else:
            faults.point("mail.after_answer")
            answer = SENT
        self._used_at = monotonic()
        if answer.verdict == "outage" or answer.reason.startswith("connection"):
            await self.close()
        return answer

    async def _open(self) -> SMTP:
        if self._client is not None and (
            not self._client.is_connected or monotonic() - self._used_at > self.IDLE_SECONDS
        ):
            await self.close()
        if self._client is None:
            settings = self._settings
            host, _, port = settings.smtp.rpartition(":")
            client = SMTP(
                hostname=host.strip("[]"),
                port=int(port),
                timeout=settings.smtp_timeout_seconds,
                use_tls=settings.smtp_tls == "on",
                start_tls=settings.smtp_tls == "starttls",
                username=settings.smtp_user or None,
                password=settings.smtp_password or None,
                local_hostname="localhost",
            )
            await client.connect()
            self._client = client
        return self._client

    async def close(self) -> None:
        """Hang up. What the server says to that does not matter."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                if client.is_connected:
                    await client.quit(timeout=1)
            client.close()


def _reason(error: BaseException) -> str:
    """A code for a broken conversation. The text of an error may hold an address."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"smtp-{error.code}"
    if isinstance(error, TimeoutError):
        return "connection-timeout"
    return "connection-lost"
