"""What every service hears: read from the very subscriptions that it runs with.

A service does not mark in its inbox what its handler has no use for: a subscription may name the
types of records that it takes (`only`). One that names none takes all that belong on its topic.
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
    if subscription.only is not None:
        return frozenset(kind.type for kind in subscription.only)
    return frozenset(
        name for name, kind in EVENTS.items() if kind.topic.name == subscription.topic.name
    )
