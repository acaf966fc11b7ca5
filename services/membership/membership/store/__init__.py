"""The only place with SQL that writes: one statement per table and batch."""
