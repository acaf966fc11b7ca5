"""Input that nobody meant: mutated requests and records against real services."""
