"""What clients may ask the catalogue to do."""

from catalog.domain.imports import ImportFeed

__all__ = ["ImportFeed"]
