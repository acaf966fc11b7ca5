"""What people ask this service to do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.http import View

from notifications.domain.hours import QuietHours
from notifications.domain.person import Channel, Language


@dataclass(frozen=True, slots=True)
class PutContact:
    """Write name and address of a person. `own`: the person asks, else a coordinator does."""

    person_ref: UUID
    organisation_id: UUID | None
    own: bool
    given_name: str | None
    family_name: str
    mail: str
    department: str | None = None
    language: Language | None = None
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class PutPreferences:
    """Write how a person wants to be told."""

    person_ref: UUID
    organisation_id: UUID | None
    language: Language
    channel: Channel
    quiet: QuietHours | None
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class MarkRead:
    """The reader, as a member of an organisation, has seen the notice."""

    notice_id: UUID
    reader_ref: UUID
    organisation_id: UUID | None


@dataclass(frozen=True, slots=True)
class NoteApprover:
    """The token of a person says whether he or she decides on requests of the organisation."""

    person_ref: UUID
    approves: bool


@dataclass(frozen=True, slots=True)
class RenewFeed:
    """Give the calendar feed of a person a new secret (the old one ends), or none."""

    person_ref: UUID
    organisation_id: UUID | None
    secret: str | None


class Saved(View):
    """What is kept as the answer of a write: references only, no name and no address."""

    person_ref: UUID
    version: int
    created: bool = False


class Read(View):
    """When a notice was read first."""

    notice_id: UUID
    read_at: datetime


class Noted(View):
    """It is kept whether the person decides."""

    person_ref: UUID


class Renewed(View):
    """The feed has another secret (or none) now. The secret itself is read from its row."""

    person_ref: UUID
