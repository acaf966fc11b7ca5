"""Which parts there are. A part that is not there yet is not missed."""

from __future__ import annotations

import importlib
import importlib.util

from deploy.local.parts import Part
from deploy.local.settings import Settings

MODULES = (
    "postgres",
    "kafka",
    "identity",
    "mailsink",
    "gateway",
    "services",
    "portal",
    "prometheus",
    "synthetic",
)


def all_parts(settings: Settings) -> list[Part]:
    """Every part of a copy, as its modules describe it."""
    found: list[Part] = []
    for name in MODULES:
        module = f"deploy.local.{name}"
        if importlib.util.find_spec(module) is not None:
            described = importlib.import_module(module)
            if hasattr(described, "parts"):
                found += described.parts(settings)
            else:
                found.append(described.part(settings))
    return found
