"""Whatever is asked of the registry, in whatever order: what must hold, holds."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from contracts.base import Cause, Event
from contracts.membership import (
    MemberAdmitted,
    MembershipEnded,
    SharesPaid,
    SharesSubscribed,
)
from contracts.refusal import Refusal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from membership.commands import (
    Admit,
    ApplyForMembership,
    BookPayment,
    By,
    CountEmployees,
    Declaration,
    GiveNotice,
    Profile,
    RegisterOrganisation,
    Reject,
    ShareKind,
    Signatory,
    SubscribeShares,
)
from membership.domain.calendar import berlin_day
from membership.domain.organisation import Dossier
from membership.domain.pricing import Term, why
from membership.domain.registry import Registry
from membership.settings import RULES

BY = By(uuid4(), Cause("correlation"))
ORGANISATIONS = [uuid4() for _ in range(3)]
SHARE = 100_000
some_organisation = st.sampled_from(ORGANISATIONS)


class Cooperative(RuleBasedStateMachine):
    """Three organisations, a clock, and everything that can be asked for them."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry(RULES)
        self.now = datetime(2026, 1, 1, 11, tzinfo=UTC)
        self.filed: list[UUID] = []

    def ask(self, answer: Dossier | Refusal, before: dict[UUID, Dossier], events: int) -> None:
        """A refusal changes nothing and tells nothing."""
        if isinstance(answer, Refusal):
            assert dict(self.registry.dossiers) == before
            assert len(self.registry.events) == events

    def before(self) -> tuple[dict[UUID, Dossier], int]:
        """What a refusal must leave as it is (an end that was due is written down either way)."""
        self.registry.end_due(self.now)
        return dict(self.registry.dossiers), len(self.registry.events)

    @rule(days=st.integers(0, 200))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(id_=some_organisation, employees=st.sampled_from([10, 500, 501, 1001]))
    def register(self, id_: UUID, employees: int) -> None:
        profile = Profile(f"stadt-{id_}", "Stadt", employees)
        seen = self.before()
        self.ask(self.registry.register(RegisterOrganisation(id_, profile, BY), self.now), *seen)

    @rule(id_=some_organisation, employees=st.integers(1, 2000))
    def count(self, id_: UUID, employees: int) -> None:
        seen = self.before()
        command = CountEmployees(id_, employees, BY)
        self.ask(self.registry.count_employees(command, self.now), *seen)

    @rule(id_=some_organisation, ok=st.booleans())
    def apply(self, id_: UUID, ok: bool) -> None:
        shown = self.now - timedelta(days=1) if ok else None
        signed = Signatory("N", "n@rathaus.example", "F")
        declared = Declaration(self.now, shown, True, False, signed)
        command = ApplyForMembership(uuid4(), id_, True, declared, "de", BY)
        seen = self.before()
        answer = self.registry.apply(command, self.now)
        self.ask(answer, *seen)
        if not isinstance(answer, Refusal):
            self.filed.append(command.application_id)

    @precondition(lambda self: self.filed)
    @rule(data=st.data(), back=st.integers(-2, 60))
    def admit(self, data: st.DataObject, back: int) -> None:
        id_ = data.draw(st.sampled_from(self.filed))
        day = berlin_day(self.now) - timedelta(days=back)
        seen = self.before()
        self.ask(self.registry.admit(Admit(id_, day, BY), self.now), *seen)

    @precondition(lambda self: self.filed)
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(self.filed))
        seen = self.before()
        self.ask(self.registry.reject(Reject(id_, None, BY), self.now), *seen)

    @rule(
        id_=some_organisation,
        shares=st.integers(1, 3),
        kind=st.sampled_from(["mandatory", "voluntary"]),
    )
    def subscribe(self, id_: UUID, shares: int, kind: ShareKind) -> None:
        command = SubscribeShares(uuid4(), id_, shares, kind, self.now, BY)
        seen = self.before()
        self.ask(self.registry.subscribe(command, self.now), *seen)

    @rule(id_=some_organisation, cents=st.sampled_from([1, 99_999, 100_000, 300_000]))
    def pay(self, id_: UUID, cents: int) -> None:
        seen = self.before()
        command = BookPayment(uuid4(), id_, cents, berlin_day(self.now), None, BY)
        self.ask(self.registry.pay(command, self.now), *seen)

    @rule(id_=some_organisation, back=st.integers(0, 100))
    def give_notice(self, id_: UUID, back: int) -> None:
        seen = self.before()
        command = GiveNotice(id_, self.now - timedelta(days=back), BY)
        self.ask(self.registry.give_notice(command, self.now), *seen)

    def told(self, id_: UUID) -> list[Event]:
        """What was told about an organisation."""
        return [event for event in self.registry.events if event.key == str(id_)]

    @invariant()
    def nobody_paid_more_than_subscribed(self) -> None:
        for dossier in self.registry.dossiers.values():
            assert 0 <= dossier.holding.paid_cents <= dossier.holding.shares * SHARE

    @invariant()
    def member_numbers_have_no_gap(self) -> None:
        admitted = [e for e in self.registry.events if isinstance(e, MemberAdmitted)]
        assert [e.member_number for e in admitted] == list(range(1, len(admitted) + 1))

    @invariant()
    def versions_rise_and_the_last_is_the_organisations(self) -> None:
        for id_, dossier in self.registry.dossiers.items():
            versions = [event.version or 0 for event in self.told(id_)]
            assert versions == sorted(set(versions))
            assert versions[-1] <= dossier.version

    @invariant()
    def the_events_alone_give_the_same_shares_and_balance(self) -> None:
        for id_, dossier in self.registry.dossiers.items():
            shares = paid = 0
            for event in self.told(id_):
                match event:
                    case MemberAdmitted():
                        shares = paid = 0
                    case SharesSubscribed(shares=more, total_shares=total):
                        shares += more
                        assert shares == total
                    case SharesPaid(amount_cents=amount, balance_cents=balance):
                        paid += amount
                        assert paid == balance
            assert (shares, paid) == (dossier.holding.shares, dossier.holding.paid_cents)

    @invariant()
    def memberships_of_one_organisation_do_not_overlap(self) -> None:
        for id_ in self.registry.dossiers:
            begun: date | None = None
            free_from = date.min
            for event in self.told(id_):
                match event:
                    case MemberAdmitted(member_since_on=day):
                        assert begun is None
                        assert day >= free_from
                        begun = day
                    case MembershipEnded(ended_on=day):
                        assert begun is not None
                        assert day >= begun
                        begun, free_from = None, day + timedelta(days=1)

    @invariant()
    def the_price_rule_and_the_registry_agree_on_who_is_a_member_today(self) -> None:
        today = berlin_day(self.now)
        for dossier in self.registry.dossiers.values():
            latest = dossier.membership
            terms = [Term(latest.member_since_on, latest.ends_on, latest.tier)] if latest else []
            is_member = why(today, terms).code == "member-on-day"
            assert is_member is (dossier.member_on(today) is not None)


TestCooperative = Cooperative.TestCase
TestCooperative.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
