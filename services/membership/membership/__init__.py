"""Organisations on their way through the cooperative, their shares, and the price rule."""
