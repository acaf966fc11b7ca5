"""What an answer of the mail server means, and how long to wait before the next try."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from contracts.base import Code

Verdict = Literal["sent", "later", "never", "outage"]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how late a mail is tried again."""

    first_seconds: float = 5.0
    factor: float = 3.0
    longest_seconds: float = 3600.0
    attempts: int = 12

    def due_at(self, now: datetime, attempt: int, jitter: float) -> datetime:
        """The time of the next try after `attempt` tries. `jitter` in 0..1 spreads it by half."""
        delay = min(self.first_seconds * self.factor ** (attempt - 1), self.longest_seconds)
        return now + timedelta(seconds=delay * (0.75 + jitter / 2))


@dataclass(frozen=True, slots=True)
class Answer:
    """How one try to hand over a mail ended.

    `outage`: the server could not be spoken to, so this says nothing about the mail and does not
    count as one of its tries. `reason` is a code; what the server wrote may hold an address.
    """

    verdict: Verdict
    reason: Code = ""


def judge(code: int) -> Answer:
    """The meaning of a reply code (RFC 5321 section 4.2.1) for one mail.

    421 closes the connection, so it speaks about the server. 552 of old servers means a full
    mailbox, which may be emptied; the text cannot be trusted, so it stays what it says: permanent.
    """
    if code == 421:
        return Answer("outage", "smtp-421")
    if 400 <= code < 500:
        return Answer("later", f"smtp-{code}")
    return Answer("never", f"smtp-{code}")
