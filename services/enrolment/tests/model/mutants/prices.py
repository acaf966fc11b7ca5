"""Bugs in prices and fees: which day counts, what is frozen."""

from dataclasses import replace
from typing import Any

import pytest
from enrolment.domain.book import Book
from enrolment.domain.desk import Desk
from enrolment.domain.enrolment import Enrolment, State

from services.enrolment.tests.model.mutants.planting import mutant


@mutant("days", "I29")
def price_of_any_day(patch: pytest.MonkeyPatch) -> None:
    """An accepted seat takes the price of the day of the request."""
    real = Desk.priced

    def priced(self: Desk, quote: Any, now: Any) -> None:
        day = quote.priced_for_on
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Enrolment, "binding_on", property(lambda self: day))
            real(self, quote, now)

    patch.setattr(Desk, "priced", priced)


@mutant("days", "I27")
def price_overwritten(patch: pytest.MonkeyPatch) -> None:
    """A late price changes what a certain seat costs."""
    real = Desk.priced

    def priced(self: Desk, quote: Any, now: Any) -> None:
        real(self, quote, now)
        known = self.book.enrolments[quote.enrolment_id]
        if known.state is State.CONFIRMED:
            self.book.keep(replace(known, price_cents=quote.price_cents))

    patch.setattr(Desk, "priced", priced)


@mutant("dearer", "I28")
def offer_at_the_old_price(patch: pytest.MonkeyPatch) -> None:
    """An offered seat costs what it cost when the person joined the line."""
    real = Book._move

    def move(self: Book, one: Enrolment, state: State, at: Any, **changes: Any) -> Enrolment:
        for name in ("standard_cents", "member_cents", "policy"):
            changes.pop(name, None)
        return real(self, one, state, at, **changes)

    patch.setattr(Book, "_move", move)


@mutant("dearer", "I28")
def price_of_another_offer(patch: pytest.MonkeyPatch) -> None:
    """Only the day of a price is looked at, not which prices it was chosen from."""
    patch.setattr(
        Enrolment, "is_priced_by", lambda self, quote: quote.priced_for_on == self.binding_on
    )


@mutant("start", "I30")
def no_fee_after_the_free_days(patch: pytest.MonkeyPatch) -> None:
    """Calling off is free for ever."""
    patch.setattr(Enrolment, "fee_now", lambda self, run, now: 0)


@mutant("start", "I30")
def last_free_day_costs(patch: pytest.MonkeyPatch) -> None:
    """The steps of the policy are read in the wrong order."""
    patch.setattr("enrolment.domain.cancellation._steps", lambda booked: list(booked.policy)[::-1])
