"""The platform of a soak: a durable copy of its own, with a light identity provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.seed import seed
from deploy.local.settings import Settings
from deploy.local.stack import Stack
from tests.failure.soak import identity
from tests.platform import Platform


@contextmanager
def a_copy(name: str = "soak") -> Iterator[Platform]:
    """Everything is up and seeded; forgotten at the end."""
    stack = Stack(Settings.for_tests(name, KC_DURABLE="1", KC_MAILS_KEPT="1000000"))
    stack.parts["keycloak"] = identity.part(stack.settings)
    try:
        stack.up()
        seed(stack.settings)
        yield Platform(stack)
    finally:
        stack.clean()
