"""The list of all invariants: which are checked, and which are not yet, with the reason.

The numbers are those of the standard; `docs/reliability.md` shows this list.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.failure.invariants import events, liveness, money, notices, privacy, requests, seats
from tests.failure.invariants.violation import Invariant

CHECKED: Mapping[str, Invariant] = {
    function.__name__.upper(): function
    for function in (
        seats.i01,
        seats.i02,
        seats.i03,
        seats.i04,
        seats.i05,
        seats.i06,
        seats.i07,
        seats.i08,
        seats.i09,
        requests.i10,
        requests.i11,
        requests.i12,
        requests.i13,
        events.i14,
        events.i15,
        events.i16,
        events.i17,
        events.i18,
        events.i19,
        events.i20,
        events.i21,
        events.i22,
        events.i23,
        notices.i24,
        notices.i25,
        notices.i26,
        money.i27,
        money.i28,
        money.i29,
        privacy.i34,
        privacy.i35,
        liveness.i39,
        liveness.i40,
    )
}

PARTLY: Mapping[str, str] = {
    "I07": "no priority classes are built: one class",
    "I09": "a lowered capacity drops nobody, so there is nobody to be told; runs that are "
    "withdrawn or cancelled are checked",
    "I14": "the outbox forgets what it sent, so the rows' versions stand for its ids; "
    "quotes, verdicts and notices, which have no version, are counted by I17 and I24",
    "I15": "the number of repeats is reported by the soak, not bounded: how many rows a killed "
    "relay had sent is not known",
    "I20": "there is one version of every event; old against new schemas is held by "
    "`contracts.compatibility` and its tests",
    "I23": "unchanged bytes are checked after any run; the time until a record is set aside and "
    "the next one handled only by libs/chassis/tests/test_poison.py",
    "I24": "nobody can be erased yet, so nothing is `suppressed`",
    "I26": "the alert is tested by deploy/prometheus/tests, not after a run",
    "I29": "no watermark: enrolment never prices, membership prices in one transaction with "
    "the terms it reads",
    "I34": "the provider's own rows have no tenant",
    "I39": "documented codes as a list, not per route; what the gateway says in its own plain "
    "words (no route yet, its pages down) is let pass, word for word",
    "I40": "a soak's minute begins when every part is ready again after the last fault; until then "
    "it may take two more",
}

NOT_YET: Mapping[str, str] = {
    "I30": "invoices are not built",
    "I31": "invoices are not built",
    "I32": "the double-entry ledger is not built; shares are append-only by trigger",
    "I33": "dividends are not built",
    "I36": "erasure is not built",
    "I37": "signatures of providers are not built",
    "I38": "the audit chain is not built",
    "I41": "tests/failure/test_outage.py shows it for one component at a time",
    "I42": "not measured; `make overload` compares memory at the load with that before it",
    "I43": "tests/failure/test_clock.py shows it for the line, holds, offers, keys, marks and the "
    "day of a price; the other invariants are not checked after the jumps",
    "I44": "rebuilding is tested per service",
    "I45": "replay is tested in tests/flows and by the chassis",
    "I46": "restoring is not built",
    "I47": "there is no simulation with a trace",
    "I48": "tests/failure/test_places.py hits every named place once in every service that has "
    "it, in each run; not twenty times",
}
