"""What every service hears: read from the very subscriptions that it runs with.

A service need not mark in its inbox what none of its handlers takes: a subscription may name its
record types (`types`). One that names none takes every type that belongs on its topic.
"""

from __future__ import annotations

from importlib import import_module

from chassis.delivery import Subscription, Subscriptions
from contracts.base import EVENTS

from deploy.local.ports import SERVICES
from tests.failure.facts.model import Hears


def subscriptions() -> tuple[Hears, ...]:
    """Of all services."""
    return tuple(
        Hears(service, one.topic.name, one.raw, _types(one))
        for service in SERVICES
        for one in _of(service)
    )


def _of(service: str) -> list[Subscription]:
    listed = Subscriptions()
    import_module(f"{service}.subscribers").subscribe(listed)
    return listed.all


def _types(subscription: Subscription) -> frozenset[str]:
    """The record types that a subscription takes."""
    named = getattr(subscription, "types", None)
    if named:
        return frozenset(getattr(kind, "type", kind) for kind in named)
    return frozenset(
        name for name, kind in EVENTS.items() if kind.topic.name == subscription.topic.name
    )
