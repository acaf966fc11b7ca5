"""Soak: load all the time, overlapping faults drawn by a seed, and every invariant at the end."""
