"""The rules of the catalogue. No I/O, no clock, no random numbers."""
