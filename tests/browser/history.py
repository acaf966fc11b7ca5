"""Figures of a week of a platform that is used: what each of them was at a time.

Plausible and always the same, so that pictures of a page can be compared. Names and labels are
those that `deploy/prometheus` records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import pi, sin

HOUR, DAY = 3600.0, 86400.0
SERVICES = ("catalog", "enrolment", "membership", "notifications")
TOPICS = {
    "catalog": ("provider.offers", "enrolment.seats"),
    "enrolment": ("catalog.runs", "membership.quotes"),
    "membership": ("enrolment.enrolments",),
    "notifications": ("enrolment.seats", "enrolment.enrolments", "catalog.verdicts"),
}
STEPS = {
    "sign-in": 0.21, "offer": 0.34, "tidy": 0.02, "booking": 0.05, "confirmation": 0.16,
    "notice": 0.42, "cancellation": 0.06,
}  # fmt: skip
PROVIDERS = {"hochschule-rhein-neckar": (31, 2), "vhs-bergstrasse": (17, 0), "others": (4, 1)}

Value = Callable[[float], float]
"""A figure by the time, in seconds since 1970."""


@dataclass(frozen=True)
class Story:
    """One series."""

    name: str
    value: Value
    labels: Mapping[str, str]

    def line(self, at: float) -> str:
        """The sample as Prometheus reads it, without its time."""
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels.items())
        return f"{self.name}{{{labels}}} {self.value(at):.12g}"


def busy(at: float) -> float:
    """How much is going on: nothing much at night, most at noon; from 0 to 1."""
    moment = datetime.fromtimestamp(at, UTC)
    share = (moment.hour + moment.minute / 60 - 6) / 12
    weekend = 0.2 if moment.weekday() >= 5 else 1.0
    return 0.06 + weekend * max(0.0, sin(pi * share)) if 0 < share < 1 else 0.06


def rough(at: float, seed: float) -> float:
    """A value that goes up and down a little around 1."""
    return 1 + 0.18 * sin(at / 190 + seed * 7) + 0.11 * sin(at / 71 + seed * 3)


def about(size: float, seed: float = 0.0) -> Value:
    """More by day than at night."""
    return lambda at: size * (0.3 + 0.7 * busy(at)) * rough(at, seed)


def steady(size: float, seed: float = 0.0) -> Value:
    """The same at all times, nearly."""
    return lambda at: size * rough(at, seed)


def always(size: float) -> Value:
    """The same at all times."""
    return lambda _at: size


def slow(value: Value) -> Value:
    """The same, but it takes hours, not minutes."""
    return lambda at: value(at / 300)


def counted(value: Value) -> Value:
    """In whole numbers."""
    return lambda at: round(value(at))


def growing(per_day: float) -> Value:
    """A counter; it grows faster by day."""
    return lambda at: per_day * (at / DAY + 0.12 * sin(2 * pi * (at / DAY - 0.5)))


def week(since: float) -> list[Story]:
    """All series, as they were before and are from `since` on."""
    found = [*_bookings(since), *_messages(since), *_requests(), *_processes(), *_business()]
    return [Story(name, value, labels) for name, value, labels in found]


Told = tuple[str, Value, Mapping[str, str]]


def _bookings(since: float) -> Iterator[Told]:
    def failures(at: float) -> float:
        return 0.02 if since - 2600 < at < since - 2300 else 0.0

    writes = about(0.36)
    yield "kc:booking_writes:rate2m", writes, {}
    yield "kc:booking_failures:rate2m", failures, {}
    yield "kc:booking_success:ratio_rate2m", lambda at: 1 - failures(at) / writes(at), {}
    yield "kc:request_to_confirmed_seconds:p50_5m", about(0.062, 1), {}
    yield "kc:request_to_confirmed_seconds:p95_5m", about(0.19, 2), {}
    yield "kc:bookings_stuck:count", always(0), {}
    yield "kc:synthetic_success_age:seconds", lambda at: at % 60 + 3, {}
    for seed, (step, seconds) in enumerate(STEPS.items()):
        yield "kc_synthetic_step_seconds", steady(seconds, seed), {"step": step}


def _messages(since: float) -> Iterator[Told]:
    def late(at: float) -> float:
        return max(0.6, min(420.0, at - since + 420)) * rough(at, 4)

    for seed, service in enumerate(SERVICES):
        yield "kc:outbox_age_seconds:max", about(0.3, seed), {"service": service}
        yield "kc:outbox_depth:max", counted(about(4, seed)), {"service": service}
        yield "kc_consumer_stalled", always(0), {"service": service}
        yield "kc_consumer_paused", always(0), {"service": service}
        for outcome, rate in (("handled", 6.0), ("passed-by", 1.4), ("repeated", 0.05)):
            labels = {"service": service, "outcome": outcome}
            yield "kc:records:rate5m", about(rate / (seed + 1), seed), labels
        for topic in TOPICS[service]:
            where = {"service": service, "topic": topic}
            behind = (service, topic) == ("notifications", "enrolment.seats")
            yield "kc:consumer_lag_seconds:max", late if behind else about(0.2, seed), where
            yield "kc:consumer_lag_records:sum", counted(late if behind else about(3, seed)), where
            dead = 1.0 if (service, topic) == ("enrolment", "catalog.runs") else 0.0
            yield "kc:dead_letters:max", always(dead), where
    yield "kc_pending_quotes", lambda at: 2.0 if at > since - 5 * HOUR else 0.0, {}
    yield "kc_notices_overdue", always(0), {}
    yield "kc_mails_total", always(3), {"state": "dead"}


def _requests() -> Iterator[Told]:
    for seed, service in enumerate((*SERVICES, "portal")):
        where = {"service": service}
        yield "kc:http_requests:rate5m", about(9.0 / (seed + 1), seed), where
        yield "kc:http_errors:ratio_rate5m", always(0.002 if service == "portal" else 0), where
        yield "kc:http_request_seconds:p95_5m", about(0.03 * (seed + 1), seed), where
        yield "kc_requests_in_flight", counted(about(5.0 / (seed + 1), seed)), where
        yield "kc_requests_in_flight_limit", always(64), where
        yield "kc:requests_shed:ratio_rate5m", always(0), where
        yield "kc:pool_wait_seconds:p99_5m", about(0.004, seed), where


def _processes() -> Iterator[Told]:
    for number, job in enumerate((*SERVICES, "portal", "gateway", "synthetic")):
        where = {"job": job, "instance": f"{job}:81{number:02d}"}
        yield "up", always(1), where
        yield "process_start_time_seconds", always(1.79e9 + 1000 * number), where
        yield "process_resident_memory_bytes", steady(1.1e8 + 9e6 * number, number / 50), where
        yield "process_cpu_seconds_total", growing(DAY * 0.04 * (number + 1)), where


def _business() -> Iterator[Told]:
    steps = ("requested", 610), ("confirmed", 540), ("waitlisted", 44), ("offered", 31)
    for step, count in (*steps, ("rejected", 12), ("cancelled", 38), ("expired", 9)):
        yield "kc:bookings:increase1d", about(count), {"step": step}
        yield "kc_bookings_total", growing(count), {"step": step}
    for kind, count, cents in (("member", 471, 353e2), ("standard", 69, 441e2)):
        yield "kc:bookings_confirmed:increase1d", about(count), {"price_kind": kind}
        yield "kc_confirmed_cents_total", growing(count * cents), {"price_kind": kind}
    yield "kc_saved_cents_total", growing(471 * 88e2), {}
    for late, count in (("no", 34), ("yes", 3)):
        yield "kc:approvals_waiting:max", counted(slow(steady(count, 0.4))), {"late": late}
    yield "kc:approvals_late:ratio", steady(0.08), {}
    yield "kc:seats_filled:ratio", steady(0.71), {}
    yield "kc:seats:max", always(9240), {"kind": "capacity"}
    for kind, count in (("taken", 6120), ("held", 310), ("waiting", 402)):
        yield "kc:seats:max", counted(slow(steady(count, 0.2))), {"kind": kind}
    yield "kc_runs_with_line", always(37), {}
    yield "kc_runs", always(586), {}
    yield "kc_offers", lambda at: 210 + at // DAY % 7, {}
    for provider, counts in PROVIDERS.items():
        for verdict, count in zip(("accepted", "rejected"), counts, strict=True):
            labels = {"provider": provider, "verdict": verdict}
            yield "kc:verdicts_day:max", counted(about(count, count)), labels
