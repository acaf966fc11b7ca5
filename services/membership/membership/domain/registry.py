"""The registry of the cooperative: decides one command after another on what was loaded.

It remembers which dossiers changed, what is told and what is written into the books. A refusal
changes nothing. Every event carries the organisation's version after it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.base import Event
from contracts.refusal import NOT_FOUND, STALE, Refusal

from membership.commands import (
    Admit,
    ApplyForMembership,
    BookPayment,
    By,
    CountEmployees,
    GiveNotice,
    RegisterOrganisation,
    Reject,
    RequestDocument,
    SubscribeShares,
)
from membership.domain import capital, joining, leaving, refusals
from membership.domain.organisation import Booked, Decision, Dossier
from membership.domain.rulebook import Rulebook

NOBODY = By(None, None)


@dataclass(frozen=True, slots=True)
class Act:
    """A line of the audit trail: who did what, for which organisation."""

    what: str
    organisation_id: UUID
    who: UUID | None
    correlation_id: str | None


class Registry:
    """The organisations that were loaded and the last member number that was given."""

    def __init__(
        self, rules: Rulebook, dossiers: Iterable[Dossier] = (), last_number: int = 0
    ) -> None:
        self.rules = rules
        self.last_number = last_number
        self.changed: dict[UUID, Dossier] = {}
        self.events: list[Event] = []
        self.booked: list[tuple[Booked, By]] = []
        self.acts: list[Act] = []
        self._dossiers: dict[UUID, Dossier] = {d.organisation_id: d for d in dossiers}

    @property
    def dossiers(self) -> Mapping[UUID, Dossier]:
        """Everything as it is now."""
        return self._dossiers

    def register(self, command: RegisterOrganisation, now: datetime) -> Dossier | Refusal:
        """Enter an organisation; the same again is harmless."""
        known = self._dossiers.get(command.organisation_id)
        if known is not None:
            if known.profile != command.profile:
                return refusals.REGISTERED_DIFFERENTLY.refuse()
            return known
        code = command.profile.code
        if any(dossier.profile.code == code for dossier in self._dossiers.values()):
            return refusals.CODE_TAKEN.refuse("/code")
        new = Dossier(command.organisation_id, command.profile, registered_at=now)
        return self._take("registration", joining.registered(new), command.by)

    def count_employees(self, command: CountEmployees, now: datetime) -> Dossier | Refusal:
        """Write the number of employees down."""
        return self._decide(
            "employees",
            command.organisation_id,
            command.by,
            lambda dossier: joining.count_employees(dossier, command, self.rules, now),
        )

    def apply(self, command: ApplyForMembership, now: datetime) -> Dossier | Refusal:
        """Take a declaration of accession."""
        if command.own and command.organisation_id not in self._dossiers:
            return refusals.NOT_REGISTERED.refuse()
        self._end_if_over(command.organisation_id, now)  # before a new membership can begin
        return self._decide(
            "application",
            command.organisation_id,
            command.by,
            lambda dossier: joining.apply(dossier, command, self.rules, now),
        )

    def admit(self, command: Admit, now: datetime) -> Dossier | Refusal:
        """Admit a member under the next number; a refusal uses none up."""
        number = self.last_number + 1
        answer = self._decide(
            "admission",
            self._applicant(command.application_id),
            command.by,
            lambda dossier: joining.admit(dossier, command, self.rules, now, number),
        )
        if not isinstance(answer, Refusal):
            self.last_number = number
        return answer

    def reject(self, command: Reject, now: datetime) -> Dossier | Refusal:
        """Refuse an application."""
        return self._decide(
            "rejection",
            self._applicant(command.application_id),
            command.by,
            lambda dossier: joining.reject(dossier, command, now),
        )

    def request_document(self, command: RequestDocument, now: datetime) -> Dossier | Refusal:
        """Ask for a document."""
        return self._decide(
            "document-request",
            self._applicant(command.application_id),
            command.by,
            lambda dossier: joining.request_document(dossier, command, now),
        )

    def subscribe(self, command: SubscribeShares, now: datetime) -> Dossier | Refusal:
        """Take more shares."""
        return self._decide(
            "shares",
            command.organisation_id,
            command.by,
            lambda dossier: capital.subscribe(dossier, command, self.rules, now),
        )

    def pay(self, command: BookPayment, now: datetime) -> Dossier | Refusal:
        """Book a payment."""
        return self._decide(
            "payment",
            command.organisation_id,
            command.by,
            lambda dossier: capital.pay(dossier, command, self.rules, now),
        )

    def give_notice(self, command: GiveNotice, now: datetime) -> Dossier | Refusal:
        """Take a notice."""
        return self._decide(
            "notice",
            command.organisation_id,
            command.by,
            lambda dossier: leaving.give_notice(dossier, command, self.rules, now),
        )

    def end_due(self, now: datetime) -> int:
        """End every membership whose last day is over; how many."""
        return sum(self._end_if_over(id_, now) for id_ in list(self._dossiers))

    def _end_if_over(self, organisation_id: UUID, now: datetime) -> bool:
        dossier = self._dossiers.get(organisation_id)
        decision = leaving.end(dossier, now) if dossier is not None else None
        if decision is not None:
            self._take("end", decision, NOBODY)
        return decision is not None

    def _applicant(self, application_id: UUID) -> UUID | None:
        return next(
            (id_ for id_, d in self._dossiers.items() if d.application(application_id)), None
        )

    def _decide(
        self,
        what: str,
        organisation_id: UUID | None,
        by: By,
        rule: Callable[[Dossier], Decision | Refusal],
    ) -> Dossier | Refusal:
        dossier = self._dossiers.get(organisation_id) if organisation_id else None
        if dossier is None:
            return NOT_FOUND.refuse()
        if by.seen_version is not None and by.seen_version != dossier.version:
            return STALE.refuse()
        decision = rule(dossier)
        return decision if isinstance(decision, Refusal) else self._take(what, decision, by)

    def _take(self, what: str, decision: Decision, by: By) -> Dossier:
        """One version for each event, or one for a change that nobody is told about."""
        version = decision.dossier.version
        for number, event in enumerate(decision.told, start=version + 1):
            self.events.append(event.because(by.cause, version=number))
        dossier = replace(decision.dossier, version=version + max(1, len(decision.told)))
        self._dossiers[dossier.organisation_id] = dossier
        self.changed[dossier.organisation_id] = dossier
        self.booked += [(row, by) for row in decision.booked]
        correlation = by.cause.correlation_id if by.cause else None
        self.acts.append(Act(what, dossier.organisation_id, by.person_ref, correlation))
        return dossier
