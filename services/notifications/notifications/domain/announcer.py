"""Who is told about a step, on which channel, and when.

One notice per step and recipient, ever: its id is made of both. The person is always told. The
coordinator who booked is told too, but a bulk call tells him or her once, with the list: single
steps up to its settlement are covered by the list, later ones are told singly.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

from contracts.base import Cause
from contracts.notifications import NoticeFailed, NoticeSent

from notifications.domain.person import Channel, Person
from notifications.domain.steps import BULK, REMINDED, URGENT, Step

Audience = Literal["person", "coordinator", "approver"]
State = Literal["waiting", "queued", "sending", "sent", "dead"]

TEXTS = "2"
"""Version of the texts. It is part of the Message-ID, and kept with each notice."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a notice waits for what it should name or be covered by."""

    run: timedelta = timedelta(minutes=2)
    bulk: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Notice:
    """That one recipient has to be told about one step. References, amounts and codes only."""

    notice_id: UUID
    cause_id: UUID
    kind: str
    about_id: UUID
    run_id: UUID
    organisation_id: UUID
    recipient_ref: UUID
    audience: Audience
    step_at: datetime
    created_at: datetime
    due_at: datetime
    state: State
    channel: Channel = "portal"
    person_ref: UUID | None = None
    bulk_id: UUID | None = None
    sequence: int = 0
    texts: str = TEXTS
    facts: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str = ""
    traceparent: str | None = None
    sent_at: datetime | None = None
    read_at: datetime | None = None
    number: int = 0

    @property
    def cause(self) -> Cause:
        """What its events pass on."""
        return Cause(self.correlation_id, str(self.cause_id), self.traceparent)

    @property
    def message_key(self) -> UUID:
        """The unique part of the Message-ID: the same for every copy of the same mail."""
        return uuid5(self.cause_id, f"{self.recipient_ref}/{self.texts}")

    def told(self, channel: Channel, at: datetime) -> NoticeSent:
        """The event that the recipient was told."""
        return NoticeSent(
            notice_id=self.notice_id,
            cause_id=self.cause_id,
            about_id=self.about_id,
            kind=self.kind,
            recipient_ref=self.recipient_ref,
            channel=channel,
            sent_at=at,
        ).because(self.cause)

    def failed(self, reason: str, at: datetime) -> NoticeFailed:
        """The event that no mail will come."""
        return NoticeFailed(
            notice_id=self.notice_id,
            cause_id=self.cause_id,
            about_id=self.about_id,
            kind=self.kind,
            recipient_ref=self.recipient_ref,
            channel="mail",
            reason=reason,
            failed_at=at,
        ).because(self.cause)


def recipients(step: Step, approvers: Iterable[UUID] = ()) -> Iterator[tuple[UUID, Audience]]:
    """Whom a step concerns: the person, and the one who booked where that is somebody else.

    A reminder concerns those who decide; nobody decides on an own request.
    """
    if step.kind == REMINDED:
        yield from ((ref, "approver") for ref in approvers if ref != step.person_ref)
        return
    if step.person_ref is not None:
        yield step.person_ref, "person"
    if step.booked_by_ref is not None and step.booked_by_ref != step.person_ref:
        yield step.booked_by_ref, "coordinator"


@dataclass
class Announcer:
    """Decides about the steps of a batch with what was loaded for them.

    `people`, `runs` (known here), `bulks` (when each was settled) and `approvers` (of the
    organisations that are reminded) are what the batch needs; `patience` says how long a notice
    waits for a run or a bulk that is not known yet.
    """

    people: Mapping[UUID, Person]
    runs: Container[UUID]
    bulks: Mapping[UUID, datetime]
    patience: Patience = field(default_factory=Patience)
    approvers: Mapping[UUID, Sequence[UUID]] = field(default_factory=dict)

    def tell(self, step: Step, now: datetime) -> list[Notice]:
        """The notices of a step."""
        concerned = recipients(step, self.approvers.get(step.organisation_id, ()))
        notices = (self._notice(step, who, audience, now) for who, audience in concerned)
        return [ready for notice in notices if (ready := self.settle(notice, now)) is not None]

    def settle(self, notice: Notice, now: datetime) -> Notice | None:
        """A waiting notice as it goes on; None when the list of its bulk covers it.

        It stays waiting while its run, or the end of its bulk call, is unknown and its time is
        not over. A wait that is over tells what is known.
        """
        if notice.bulk_id is not None:
            settled_at = self.bulks.get(notice.bulk_id)
            if settled_at is None and now < notice.step_at + self.patience.bulk:
                return notice
            if settled_at is not None and notice.step_at <= settled_at:
                return None
        if notice.run_id not in self.runs and now < notice.created_at + self.patience.run:
            return notice
        return self._send(notice, now)

    def _send(self, notice: Notice, now: datetime) -> Notice:
        person = self.people.get(notice.recipient_ref)
        due_at = None
        if person is not None and person.belongs_to(notice.organisation_id):
            due_at = person.mail_from(now, notice.kind in URGENT)
        if due_at is None:
            return replace(notice, state="sent", channel="portal", sent_at=now, due_at=now)
        return replace(notice, state="queued", channel="mail", due_at=due_at)

    @staticmethod
    def _notice(step: Step, recipient: UUID, audience: Audience, now: datetime) -> Notice:
        covered = audience == "coordinator" and step.kind != BULK
        return Notice(
            notice_id=uuid5(step.cause_id, str(recipient)),
            cause_id=step.cause_id,
            kind=step.kind,
            about_id=step.about_id,
            run_id=step.run_id,
            organisation_id=step.organisation_id,
            recipient_ref=recipient,
            audience=audience,
            step_at=step.at,
            created_at=now,
            due_at=now,
            state="waiting",
            person_ref=step.person_ref,
            bulk_id=step.bulk_id if covered else None,
            sequence=step.sequence,
            facts=step.facts,
            correlation_id=step.correlation_id,
            traceparent=step.traceparent,
        )
