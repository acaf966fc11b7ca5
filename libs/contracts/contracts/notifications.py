"""What notifications tells: that somebody was told. Never to which address, never the words."""

from typing import Literal
from uuid import UUID

from contracts.base import Code, Event, Instant
from contracts.topics import NOTICES

Channel = Literal["mail", "portal"]


class NoticeSent(Event, type="notifications.notice-sent.v1", topic=NOTICES, key="notice_id"):
    """One recipient was told about one event.

    `cause_id` is the `ce_id` of the event it answers, `about_id` the enrolment (or bulk booking).
    `mail` was accepted by the mail server; `portal` stands in the inbox only.
    """

    notice_id: UUID
    cause_id: UUID
    about_id: UUID
    kind: Code
    recipient_ref: UUID
    channel: Channel
    sent_at: Instant


class NoticeFailed(Event, type="notifications.notice-failed.v1", topic=NOTICES, key="notice_id"):
    """A notice could not be delivered by mail and will not be tried again; it is in the inbox."""

    notice_id: UUID
    cause_id: UUID
    about_id: UUID
    kind: Code
    recipient_ref: UUID
    channel: Channel
    reason: Code
    failed_at: Instant
