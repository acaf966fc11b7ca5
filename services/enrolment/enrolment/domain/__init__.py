"""The rules of booking. Pure: no I/O, no clock, no randomness."""
