"""Everything that is known after a run, as plain data. See `model`; `collect` gathers it."""
