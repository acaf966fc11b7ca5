"""All SQL of this service but its projections: one statement per table and batch."""
